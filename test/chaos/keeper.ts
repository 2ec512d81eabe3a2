import { setTimeout as delay } from 'node:timers/promises';

export interface Kept {
  /** As this machine counts. */
  readonly pid: number;
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<unknown>;
  kill(signal: NodeJS.Signals): void;
}

/** What systemd waits before it starts a service again. */
const RESTART_MS = 500;

/** Keeps a process running, as a service manager does, but for the times in which it is to be down. */
export class Keeper {
  readonly #launch: () => Promise<Kept>;
  #kept: Kept | null = null;
  #life: Promise<void> = Promise.resolve();
  #isWanted = false;
  /** Times that it ended without being told to. */
  failures = 0;

  constructor(launch: () => Promise<Kept>) {
    this.#launch = launch;
  }

  get pid(): number | null {
    return this.#kept?.pid ?? null;
  }

  /** Resolves when it has been started; whether it is ready, it says itself. */
  async up(): Promise<void> {
    this.#isWanted = true;
    this.#kept = await this.#launch();
    this.#life = this.#watch(this.#kept);
  }

  /** Resolves when it has ended, and stays so until `up`. */
  async down(signal: NodeJS.Signals): Promise<void> {
    this.#isWanted = false;
    this.#kept?.kill(signal);
    await this.#life;
  }

  async #watch(first: Kept): Promise<void> {
    for (let kept = first; ; kept = await this.#launch()) {
      this.#kept = kept;
      // It was to be down while it was being started.
      if (!this.#isWanted) kept.kill('SIGKILL');
      await kept.ended;
      this.#kept = null;
      if (!this.#isWanted) return;
      this.failures += 1;
      await delay(RESTART_MS);
      if (!this.#isWanted) return;
    }
  }
}
