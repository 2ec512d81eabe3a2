import { beforeEach, describe, expect, it } from 'vitest';
import { FaultNotice } from '../../src/master/fault-notice.ts';

let now: number;
let sha: string | null;
let said: string[];
let canTell: boolean;
let notice: FaultNotice;

beforeEach(() => {
  now = 0;
  sha = 'abc';
  said = [];
  canTell = true;
  notice = new FaultNotice({
    clock: { now: () => now, sleep: () => Promise.reject(new Error('nobody sleeps here')) },
    sha: () => sha,
    tell: async (fault) => {
      if (!canTell) throw new Error('the store is full');
      await Promise.resolve(said.push(`${fault.sha}: ${fault.message}`));
    },
    takeBack: async (commit) => {
      await Promise.resolve(said.push(`${commit}: taken back`));
    },
  });
});

const fail = async (): Promise<boolean> => await notice.failed(new Error('the disk is full'));

describe('a fault of ours', () => {
  it('that is over within seconds is nobody’s business', async () => {
    await fail();
    now = 4_000;
    await fail();
    await notice.recovered();
    now = 60_000;
    await fail();

    expect(said).toEqual([]);
  });

  it('that stays is told once, and taken back when it is over', async () => {
    await fail();
    for (now = 5_000; now < 20_000; now += 1_000) await fail();
    await notice.recovered();
    await notice.recovered();

    expect(said).toEqual(['abc: the disk is full; trying again', 'abc: taken back']);
  });

  it('is told of the next commit as well', async () => {
    await fail();
    now = 5_000;
    await fail();
    sha = 'def';

    expect(await fail()).toBe(true);
    expect(said.at(-1)).toMatch(/^def: /);
  });

  it('is taken back of each commit of which it was told', async () => {
    await fail();
    now = 5_000;
    await fail();
    sha = 'def';
    await fail();
    said = [];

    await notice.recovered();

    expect(said).toEqual(['abc: taken back', 'def: taken back']);
  });

  it('that cannot be told is told later', async () => {
    await fail();
    now = 5_000;
    canTell = false;
    await expect(fail()).rejects.toThrow('the store is full');
    canTell = true;

    expect(await fail()).toBe(true);
  });

  it('before any commit is known concerns no commit', async () => {
    sha = null;
    await fail();
    now = 5_000;

    expect(await fail()).toBe(false);
  });
});
