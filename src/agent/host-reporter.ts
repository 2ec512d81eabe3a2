import { errorMessage } from '../model/error.ts';
import type { HostReport } from '../model/host-report.ts';
import type { AgentMessage } from '../protocol/agent.ts';
import { HOST_BOUNDS } from '../protocol/host-shape.ts';
import { Alarm } from '../runtime/alarm.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';

export interface HostReporterOptions {
  readonly look: () => Promise<HostReport>;
  readonly clock: Clock;
  readonly log: Log;
}

type Send = (message: AgentMessage) => void;

/** What others do on a host is seldom news; two listings cost the engine a few milliseconds. */
const INTERVAL = 30_000;
/** How long the first observation of a session waits for the report, by which instances are placed from then on. */
const FIRST_LOOK = 2_000;

/** Tells a master that takes it what else is on the host: when its session opens, and when that has changed. */
export class HostReporter {
  readonly #options: HostReporterOptions;
  readonly #flight: SingleFlight;
  readonly #alarm: Alarm;
  #send: Send | null = null;
  /** The last report of this session; `null`: there was none. */
  #told: string | null = null;
  #onFirstLook: (() => void) | null = null;

  constructor(options: HostReporterOptions) {
    this.#options = options;
    const { clock, log } = options;
    this.#flight = new SingleFlight(
      async () => await this.#report(),
      (error) => log.warn({ error: errorMessage(error) }, 'the host could not be looked at'),
    );
    this.#alarm = new Alarm(clock, () => this.#flight.wake());
  }

  /** Resolves when the report was sent, or could not be made in time. */
  async open(send: Send): Promise<void> {
    this.#send = send;
    this.#told = null;
    const looked = new Promise<void>((resolve) => {
      this.#onFirstLook = resolve;
    });
    this.#flight.wake();
    const answered = new AbortController();
    const limit = this.#options.clock.sleep(FIRST_LOOK, answered.signal).catch(() => undefined);
    await Promise.race([looked, limit]);
    answered.abort(new Error('answered'));
  }

  /** Something is known to have changed. */
  wake(): void {
    this.#flight.wake();
  }

  close(): void {
    this.#send = null;
    this.#alarm.clear();
    this.#onFirstLook?.();
  }

  async stop(): Promise<void> {
    this.close();
    await this.#flight.stop();
  }

  async #report(): Promise<void> {
    const send = this.#send;
    if (send === null) return;
    // Also when looking fails: it is tried again.
    this.#alarm.set(this.#options.clock.now() + INTERVAL);
    try {
      const report = bounded(await this.#options.look());
      const told = JSON.stringify(report);
      // Whoever opened a session meanwhile has woken this once more.
      if (this.#send !== send || told === this.#told) return;
      this.#told = told;
      send({ type: 'host', report });
    } finally {
      if (this.#send === send) this.#onFirstLook?.();
    }
  }
}

type WireReport = Extract<AgentMessage, { type: 'host' }>['report'];

/** What the master would refuse is cut off. */
function bounded({ ports, volumes, images }: HostReport): WireReport {
  return {
    ports: ports.slice(0, HOST_BOUNDS.ports).map((taken) => ({
      ...taken,
      container: taken.container?.slice(0, HOST_BOUNDS.text) ?? null,
    })),
    volumes: volumes
      .filter((name) => name.length <= HOST_BOUNDS.text)
      .slice(0, HOST_BOUNDS.volumes),
    ...(images === undefined
      ? {}
      : {
          images: images
            .filter(({ name }) => name.length <= HOST_BOUNDS.text)
            .slice(0, HOST_BOUNDS.images)
            .map((image) => ({ ...image })),
        }),
  };
}
