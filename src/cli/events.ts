import { errorMessage, GridError } from '../model/error.ts';
import { decodeReply } from '../protocol/api.ts';
import { EventList, type GridEvent } from '../protocol/event-api.ts';
import { Update } from '../protocol/update-api.ts';
import { fullJitter } from '../runtime/backoff.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import type { StreamMessage } from './message-stream.ts';
import { harmless, paint, printJson, show, timestamp } from './output.ts';

export interface EventsOptions {
  readonly grid: string | null;
  readonly limit: number;
  readonly before: string | null;
  readonly json: boolean;
}

/** The newest events, oldest of them first, as a log is read. */
export async function events(io: Io, client: Client, options: EventsOptions): Promise<ExitCode> {
  const value = await client.get(EventList, listPath(options));
  show(io, {
    json: options.json,
    value,
    text: (list) =>
      list.events
        .toReversed()
        .map((event) => printEvent(io, event))
        .join('\n') || 'Nothing yet.',
  });
  return EXIT.done;
}

/**
 * Prints events until Ctrl-C, each once, in order of arrival; as JSON one a line. The list is read after the stream is open,
 * so nothing falls between them, and again after every cut that the stream cannot bridge.
 */
export async function followEvents(
  io: Io,
  client: Client,
  options: EventsOptions,
): Promise<ExitCode> {
  const follower = new Follower(io, client, options);
  for (let attempt = 0; !io.stop.aborted; attempt += 1) {
    try {
      if (await follower.follow()) attempt = 0;
    } catch (error) {
      if (io.stop.aborted) break;
      if (!mayHeal(error) || !follower.hasBegun) throw error;
      io.stderr(`${errorMessage(error)}; trying again\n`);
    }
    await pause(io, fullJitter({ base: 1_000, cap: 15_000 }, attempt, io.random()));
  }
  return EXIT.done;
}

class Follower {
  readonly #io: Io;
  readonly #client: Client;
  readonly #options: EventsOptions;
  readonly #seen = new Set<string>();
  #lastId: string | null = null;

  constructor(io: Io, client: Client, options: EventsOptions) {
    this.#io = io;
    this.#client = client;
    this.#options = options;
  }

  get hasBegun(): boolean {
    return this.#seen.size > 0 || this.#lastId !== null;
  }

  /** Until the stream ends; whether anything came. */
  async follow(): Promise<boolean> {
    const { grid } = this.#options;
    const query = grid === null ? '' : `?grid=${encodeURIComponent(grid)}`;
    const messages = await this.#client.stream(`/events/stream${query}`, this.#lastId);
    if (this.#lastId === null) await this.#list();
    let came = false;
    for await (const message of messages) {
      came = true;
      await this.#take(message);
    }
    return came;
  }

  async #take(message: StreamMessage): Promise<void> {
    if (message.id !== '') this.#lastId = message.id;
    if (message.event === 'reset') await this.#list();
    if (message.event !== 'event') return;
    const update = decodeReply(Update, JSON.parse(message.data));
    if (update.kind === 'event') this.#print(update.event);
  }

  async #list(): Promise<void> {
    const { events: newest } = await this.#client.get(EventList, listPath(this.#options));
    for (const event of newest.toReversed()) this.#print(event);
    this.#lastId ??= '';
  }

  #print(event: GridEvent): void {
    if (this.#seen.has(event.id)) return;
    this.#seen.add(event.id);
    const [oldest] = this.#seen;
    if (this.#seen.size > 5_000 && oldest !== undefined) this.#seen.delete(oldest);
    const line = this.#options.json ? printJson(event, 0) : printEvent(this.#io, harmless(event));
    this.#io.stdout(`${line}\n`);
  }
}

function listPath({ grid, limit, before }: EventsOptions): string {
  const query = new URLSearchParams({ limit: String(limit) });
  if (grid !== null) query.set('grid', grid);
  if (before !== null) query.set('before', before);
  return `/events?${query.toString()}`;
}

function printEvent(io: Io, event: GridEvent): string {
  const colours = paint(io);
  const tones = { info: String, warning: colours.yellow, error: colours.red };
  const path = event.path === '' ? event.grid : `${event.grid}/${event.path}`;
  const actor = event.actor === null ? '' : ` (${event.actor})`;
  return `${colours.dim(timestamp(event.at))} ${tones[event.severity](event.severity.padEnd(7))} ${path} ${event.message === '' ? event.kind : event.message}${actor}`;
}

/** The cut of a stream is an error of the network, which has no code of ours. */
function mayHeal(error: unknown): boolean {
  return !(error instanceof GridError) || error.retry === 'later';
}

async function pause(io: Io, milliseconds: number): Promise<void> {
  try {
    await io.clock.sleep(milliseconds, io.stop);
  } catch {
    // Stopped: the caller's loop ends.
  }
}
