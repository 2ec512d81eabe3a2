import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Update } from '../protocol/update-api.ts';

const KEPT = 500;
const MAX_CLIENTS = 500;
const MAX_PENDING_BYTES = 256 * 1024;
const HEARTBEAT_MS = 15_000;

interface Entry {
  readonly number: number;
  readonly update: Update;
}

interface Client {
  readonly response: ServerResponse;
  readonly wants: (update: Update) => boolean;
  readonly print: (update: Update) => string;
}

export interface ClientOptions {
  /** Only what concerns this grid; `null`: everything. */
  readonly grid: string | null;
  /** The `Last-Event-ID` header: where the client was cut off. */
  readonly lastEventId: string | undefined;
  /** The lines of one message without its id. */
  readonly print: (update: Update) => string;
}

/**
 * Server-sent events for any number of readers. Invariants:
 * - A message has an id `<boot>-<number>`. Who comes back with one gets what it missed, or `event: reset` ("ask for everything
 *   again") when that is no longer known: after a restart, or too long away.
 * - A reader that takes its messages too slowly is cut off, never waited for and never buffered for beyond a bound.
 * - A comment every 15 seconds keeps proxies from closing quiet streams and finds out who is gone.
 */
export class UpdateStream {
  readonly #boot = randomBytes(6).toString('hex');
  readonly #kept: Entry[] = [];
  readonly #clients = new Set<Client>();
  readonly #unsubscribe: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #number = 0;

  constructor(subscribe: (listener: (update: Update) => void) => () => void) {
    this.#unsubscribe = subscribe((update) => this.#publish(update));
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS).unref();
  }

  get isFull(): boolean {
    return this.#clients.size >= MAX_CLIENTS;
  }

  /** Takes over a response whose head is not yet written; ends when the reader goes. */
  attach(response: ServerResponse, options: ClientOptions): void {
    const client: Client = {
      response,
      print: options.print,
      wants: (update) => options.grid === null || gridOf(update) === options.grid,
    };
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    });
    response.on('error', () => response.destroy());
    response.on('close', () => this.#clients.delete(client));
    this.#clients.add(client);
    send(client, `retry: 2000\n: open\n\n${this.#missed(client, options.lastEventId)}`);
  }

  close(): void {
    this.#unsubscribe();
    clearInterval(this.#heartbeat);
    for (const client of this.#clients) client.response.end();
  }

  #publish(update: Update): void {
    this.#number += 1;
    const entry = { number: this.#number, update };
    this.#kept.push(entry);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const client of this.#clients)
      if (client.wants(update)) send(client, this.#message(client, entry));
  }

  #missed(client: Client, lastEventId: string | undefined): string {
    if (lastEventId === undefined) return '';
    const [boot, number] = lastEventId.split('-', 2);
    const last = Number(number);
    const oldest = this.#number - this.#kept.length;
    if (boot !== this.#boot || !(last >= oldest && last <= this.#number))
      return `id: ${this.#boot}-${this.#number}\nevent: reset\ndata: {}\n\n`;
    return this.#kept
      .filter((entry) => entry.number > last && client.wants(entry.update))
      .map((entry) => this.#message(client, entry))
      .join('');
  }

  #message(client: Client, entry: Entry): string {
    return `id: ${this.#boot}-${entry.number}\n${client.print(entry.update)}\n\n`;
  }

  #beat(): void {
    for (const client of this.#clients) send(client, ': still here\n\n');
  }
}

/** JSON has no raw line breaks, so one `data:` line always holds a whole update. */
export function printUpdate(update: Update): string {
  return `event: ${update.kind}\ndata: ${JSON.stringify(update)}`;
}

function send(client: Client, text: string): void {
  client.response.write(text);
  if (client.response.writableLength > MAX_PENDING_BYTES) client.response.destroy();
}

function gridOf(update: Update): string {
  switch (update.kind) {
    case 'deploy':
      return update.deploy.grid;
    case 'event':
      return update.event.grid;
    case 'grid':
      return update.grid;
  }
}
