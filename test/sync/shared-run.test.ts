import { describe, expect, it } from 'vitest';
import { SharedRun } from '../../src/sync/shared-run.ts';
import { never } from './world.ts';

/** Work that ends when told to. */
function controlled() {
  const runs: { readonly signal: AbortSignal; finish: (value: number) => void }[] = [];
  const shared = new SharedRun<number>(
    (signal) =>
      new Promise((resolve, reject) => {
        runs.push({ signal, finish: resolve });
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
  );
  return { runs, shared };
}

describe('work that is shared', () => {
  it('runs once for who came before it and once for all who came during it', async () => {
    const { runs, shared } = controlled();
    const first = shared.join(never);
    await expect.poll(() => runs.length).toBe(1);
    const during = [shared.join(never), shared.join(never), shared.join(never)];

    runs[0]?.finish(1);
    expect(await first).toBe(1);
    await expect.poll(() => runs.length).toBe(2);
    runs[1]?.finish(2);

    expect(await Promise.all(during)).toEqual([2, 2, 2]);
    expect(runs).toHaveLength(2);
  });

  it('goes on while anybody waits for it, and is aborted after the last has left', async () => {
    const { runs, shared } = controlled();
    const [one, two] = [new AbortController(), new AbortController()];
    const first = shared.join(never);
    await expect.poll(() => runs.length).toBe(1);
    const waiting = [shared.join(one.signal), shared.join(two.signal)];
    runs[0]?.finish(1);
    await first;
    await expect.poll(() => runs.length).toBe(2);

    one.abort(new Error('one'));
    await expect(waiting[0]).rejects.toThrow('one');
    expect(runs[1]?.signal.aborted).toBe(false);
    two.abort(new Error('two'));
    await expect(waiting[1]).rejects.toThrow('two');

    expect(runs[1]?.signal.aborted).toBe(true);
  });

  it('is run again after it has failed', async () => {
    let count = 0;
    const shared = new SharedRun<number>(() => {
      count += 1;
      return count === 1 ? Promise.reject(new Error('bad luck')) : Promise.resolve(count);
    });

    await expect(shared.join(never)).rejects.toThrow('bad luck');

    expect(await shared.join(never)).toBe(2);
  });

  it('ends for everybody when it is stopped', async () => {
    const { runs, shared } = controlled();
    const first = shared.join(never);
    await expect.poll(() => runs.length).toBe(1);
    const second = shared.join(never);
    const ends = Promise.allSettled([first, second]);

    await shared.stop(new Error('closed'));

    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(runs).toHaveLength(1);
  });
});
