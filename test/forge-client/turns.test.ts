import { expect, test } from 'vitest';
import { createTurns } from '../../src/forge/turns.ts';

test('work of one key is done in turn, also after a fault, and keeps no other waiting', async () => {
  const turns = createTurns();
  const done: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => async (): Promise<void> => {
    await new Promise<void>((resolve) => void ends.set(name, resolve));
    done.push(name);
    if (name === 'a1') throw new Error('lost');
  };
  const all = [turns('a', work('a1')), turns('a', work('a2')), turns('b', work('b1'))];
  const settled = Promise.allSettled(all);

  await expect.poll(() => [...ends.keys()]).toEqual(['a1', 'b1']);
  ends.get('b1')?.();
  ends.get('a1')?.();
  await expect.poll(() => [...ends.keys()]).toContain('a2');
  ends.get('a2')?.();

  expect((await settled).map(({ status }) => status)).toEqual([
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(done).toEqual(['b1', 'a1', 'a2']);
});
