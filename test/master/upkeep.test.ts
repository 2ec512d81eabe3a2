import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet } from '../../src/master/fleet.ts';
import { keepTidy } from '../../src/master/upkeep.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { Teardown } from '../../src/runtime/teardown.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { HandClock } from '../agent/hand-clock.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

let store: Store;
let clock: HandClock;
let tidied: number[];
let undo: Teardown;

beforeEach(async () => {
  clock = new HandClock();
  tidied = [];
  undo = new Teardown(silentLog);
  store = await openStore({ path: ':memory:' });
});

afterEach(async () => {
  await undo.all();
  await store.close();
});

function tend(prune = async (now: number) => await store.prune(now)): void {
  const watched = {
    ...store,
    prune: async (now: number) => {
      tidied.push(now - begin);
      await prune(now);
    },
  };
  const begin = clock.now();
  const fleet = new Fleet();
  const uptime = () => clock.now();
  keepTidy({ store: watched, fleet, clock, uptime, log: silentLog, undo, visiting: () => [] });
}

describe('the upkeep of a master', () => {
  it('tidies soon after the start, and every hour from then on', async () => {
    const createdAt = clock.now() - 60 * DAY;
    await store.tokens.create({ hash: 'old', grid: 'demo', createdAt, expiresAt: createdAt + DAY });
    tend();
    await clock.turn(10_000);
    expect(tidied).toEqual([]);

    await clock.turn(MINUTE);
    await expect.poll(() => tidied).toEqual([MINUTE]);
    const late = { hash: 'old', node: 'a', publicKey: 'k', now: createdAt };
    await expect
      .poll(async () => await store.tokens.take(late))
      .toMatchObject({ reason: 'unknown' });

    await clock.turn(120 * MINUTE);
    await expect.poll(() => tidied).toEqual([MINUTE, 61 * MINUTE, 121 * MINUTE]);
  });

  it('goes on after a failure', async () => {
    tend(async () => await Promise.reject(new Error('disk I/O error')));
    await clock.turn(62 * MINUTE);
    await expect.poll(() => tidied).toEqual([MINUTE, 61 * MINUTE]);
  });

  it('is over with the master', async () => {
    tend();
    await undo.all();
    await clock.turn(120 * MINUTE);
    expect(tidied).toEqual([]);
  });
});
