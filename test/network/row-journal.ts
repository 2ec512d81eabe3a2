import type { Host } from './rig/host.ts';
import { until } from './rig/until.ts';

/** A line that `write-rows.mjs` has written. */
interface Entry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `<service>-<n>` */
  readonly instance: string;
  readonly kind: 'started' | 'acknowledged' | 'unanswered' | 'ended';
  readonly id?: string;
  /** Why there was no answer. */
  readonly why?: string;
}

/** What the writers of a host say of their rows, in a volume of the host, not in the database. */
export class RowJournal {
  readonly #host: Host;
  readonly #volume: string;

  constructor(host: Host, volume: string) {
    this.#host = host;
    this.#volume = volume;
  }

  /** What is of a kind, by time, from a moment on. */
  async read(kind: Entry['kind'], since = 0): Promise<readonly Entry[]> {
    const all = `cat /var/lib/docker/volumes/${this.#volume}/_data/* 2>/dev/null`;
    const { stdout } = await this.#host.attempt(['sh', '-c', `${all} | grep '"${kind}"'`]);
    // A line that is being written has no end yet.
    const lines = stdout.split('\n').slice(0, -1);
    const entries = lines.map((line) => JSON.parse(line) as Entry);
    return entries.filter(({ at }) => at >= since).toSorted((a, b) => a.at - b.at);
  }

  /** Waits until each of the instances has had `count` rows of a kind since a moment. */
  async each(
    instances: readonly string[],
    want: { readonly kind: Entry['kind']; readonly since: number; readonly count?: number },
  ): Promise<void> {
    const { kind, since, count = 1 } = want;
    await until(
      async () => {
        const entries = await this.read(kind, since);
        return instances.every(
          (name) => entries.filter(({ instance }) => instance === name).length >= count,
        );
      },
      `${count} rows ${kind} of each of ${instances.join(', ')}`,
      60_000,
    );
  }

  /** The longest time in which no row at all was acknowledged. */
  async longestGap(from: number, to: number): Promise<number> {
    const entries = await this.read('acknowledged', from);
    const times = entries.map(({ at }) => at).filter((at) => at <= to);
    const gaps = [...times, to].map((at, index) => at - (times[index - 1] ?? from));
    return Math.max(...gaps);
  }
}
