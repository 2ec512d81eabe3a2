import { beforeEach, describe, expect, it } from 'vitest';
import { StepBack } from '../../src/master/step-back.ts';
import { HandClock } from '../agent/hand-clock.ts';

/** Older ones have lower numbers; `x` is of another history. */
const isAncestor = async (older: string, newer: string): Promise<boolean> =>
  older !== 'x' && newer !== 'x' && Number(older) <= Number(newer);

let clock: HandClock;
let stepBack: StepBack;

beforeEach(() => {
  clock = new HandClock();
  stepBack = new StepBack({ clock, isAncestor });
});

describe('a branch that is seen', () => {
  it('for the first time, unmoved, further on, or in another history is followed at once', async () => {
    expect(await stepBack.isReal('2', null)).toBe(true);
    expect(await stepBack.isReal('2', '2')).toBe(true);
    expect(await stepBack.isReal('3', '2')).toBe(true);
    expect(await stepBack.isReal('x', '3')).toBe(true);
    expect(await stepBack.isReal('3', 'x')).toBe(true);
  });

  it('at an older commit of its own is not followed while that may be a copy that lags', async () => {
    expect(await stepBack.isReal('1', '2')).toBe(false);
    await clock.turn(14_000);
    expect(await stepBack.isReal('1', '2')).toBe(false);
  });

  it('at an older commit for long has been set back, and is followed', async () => {
    expect(await stepBack.isReal('1', '2')).toBe(false);
    await clock.turn(15_000);
    expect(await stepBack.isReal('1', '2')).toBe(true);
  });

  it('now at an older commit and now at the newest is not followed back, however long that goes on', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      expect(await stepBack.isReal('1', '2')).toBe(false);
      expect(await stepBack.isReal('2', '2')).toBe(true);
      await clock.turn(5_000);
    }
  });
});
