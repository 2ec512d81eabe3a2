import { expect, it } from 'vitest';
import { Turns } from '../../src/sync/turns.ts';
import { withEither } from '../../src/sync/with-either.ts';
import { never } from './world.ts';

it('turns are taken one at a time, in the order of asking, whatever becomes of the others', async () => {
  const turns = new Turns();
  const said: string[] = [];
  const turn = (name: string, fails = false) =>
    turns.take(never, async () => {
      said.push(`${name} begins`);
      await Promise.resolve();
      said.push(`${name} ends`);
      if (fails) throw new Error(name);
    });

  const [, second] = [turn('a'), turn('b', true), turn('c')];
  await expect(second).rejects.toThrow('b');
  await turns.idle();

  expect(said).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

it('whoever has left gets no turn', async () => {
  const turns = new Turns();
  const gone = AbortSignal.abort(new Error('gone'));
  let began = false;

  const turn = turns.take(gone, async () => {
    began = true;
    await Promise.resolve();
  });

  await expect(turn).rejects.toThrow('gone');
  expect(began).toBe(false);
});

it('work is aborted with either signal, whichever comes first', async () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const work = withEither(one.signal, other.signal, async (signal) => {
    other.abort(new Error('closed'));
    one.abort(new Error('left'));
    await Promise.resolve();
    signal.throwIfAborted();
  });

  await expect(work).rejects.toThrow('closed');
  await expect(
    withEither(one.signal, never, async (signal) => await Promise.resolve(signal.reason)),
  ).resolves.toMatchObject({ message: 'left' });
});
