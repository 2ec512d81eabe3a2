import type { Assignment } from '../model/assignment.ts';
import { errorMessage } from '../model/error.ts';
import { Alarm } from '../runtime/alarm.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import type { AgentEvent } from './agent-event.ts';
import type { Images } from './docker-images.ts';
import type { ImageRecord, PulledImages } from './image-record.ts';
import { judgeImages } from './janitor.ts';

export interface HousekeepingOptions {
  readonly images: Images;
  readonly record: ImageRecord;
  /** Takes the grid's own network away unless a container of the grid is on this engine; `null`: it is to stay. */
  readonly removeNetwork: ((grid: string) => Promise<void>) | null;
  /** `null`: nobody has said yet what is wanted here, so nothing is known to be unneeded. */
  readonly assignment: () => Assignment | null;
  /** Milliseconds. */
  readonly keep: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEvent: (event: Omit<AgentEvent, 'path'>) => void;
}

const INTERVAL = 3_600_000;
/** After a start everything else comes first. */
const FIRST = 300_000;
/** One that has no room for an image is not asked again all the time. */
const PRESSED_AGAIN = 60_000;
const MOST_NAMED = 5;

/** Takes away what this agent brought to its engine and nobody needs any more, from time to time, or at once where room is short. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #rounds: SingleFlight;
  readonly #alarm: Alarm;
  #isPressed = false;
  #pressedAt: number | null = null;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#rounds = new SingleFlight(
      async () => await this.#round(),
      (error) => log.warn({ error: errorMessage(error) }, 'cannot tidy up; it is tried again'),
    );
    this.#alarm = new Alarm(clock, () => this.#rounds.wake());
  }

  start(): void {
    this.#alarm.set(this.#options.clock.now() + FIRST);
  }

  /** The engine's disk is full, or almost: what is not needed now goes now. */
  press(): void {
    const now = this.#options.clock.now();
    if (this.#pressedAt !== null && Math.abs(now - this.#pressedAt) < PRESSED_AGAIN) return;
    this.#pressedAt = now;
    this.#isPressed = true;
    this.#rounds.wake();
  }

  async stop(): Promise<void> {
    this.#alarm.clear();
    await this.#rounds.stop();
    this.#alarm.clear();
  }

  async #round(): Promise<void> {
    const { assignment, clock, keep } = this.#options;
    this.#alarm.set(clock.now() + INTERVAL);
    const current = assignment();
    if (current === null) return;
    const isPressed = this.#isPressed;
    this.#isPressed = false;
    await this.#tidyImages(current, isPressed ? 0 : keep);
    await this.#tidyNetwork(current);
  }

  async #tidyImages({ instances }: Assignment, keep: number): Promise<void> {
    const { images, record, clock } = this.#options;
    if (Object.keys(record.images).length === 0) return;
    const used = await images.used();
    const wanted = new Set(instances.map(({ spec }) => spec.image));
    const pulled = record.images;
    const { kept, unneeded } = judgeImages({ pulled, used, wanted, keep, now: clock.now() });
    const left = await this.#remove(unneeded);
    // What was fetched meanwhile is in neither.
    const added = Object.entries(record.images).filter(([name, one]) => pulled[name] !== one);
    await record.put({ ...kept, ...left, ...Object.fromEntries(added) });
  }

  /** Returns those that are still there. */
  async #remove(unneeded: PulledImages): Promise<PulledImages> {
    const { images, log } = this.#options;
    const left: PulledImages = {};
    const removed: string[] = [];
    for (const [reference, image] of Object.entries(unneeded)) {
      try {
        if (await images.remove(reference, image.id)) removed.push(reference);
        else Object.assign(left, { [reference]: image });
      } catch (error) {
        Object.assign(left, { [reference]: image });
        log.warn({ reference, error: errorMessage(error) }, 'cannot remove an image');
      }
    }
    this.#tell(removed.toSorted());
    return left;
  }

  #tell(removed: readonly string[]): void {
    if (removed.length === 0) return;
    const named = removed.slice(0, MOST_NAMED).join(', ');
    const more = removed.length > MOST_NAMED ? ` and ${removed.length - MOST_NAMED} more` : '';
    this.#options.onEvent({
      severity: 'info',
      kind: 'images-removed',
      message: `removed images that nothing here needs any more: ${named}${more}`,
    });
  }

  async #tidyNetwork({ grid, instances, kept }: Assignment): Promise<void> {
    const { removeNetwork } = this.#options;
    if (instances.length === 0 && kept.length === 0) await removeNetwork?.(grid);
  }
}
