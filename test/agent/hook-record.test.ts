import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HookRecord } from '../../src/agent/hook-record.ts';
import { NOW } from '../support/builders.ts';

const WEB = 'shop/web-1';
const run = { id: 'c1', startedAt: NOW };
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'gridops-hooks-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function note(overrides: Partial<Parameters<HookRecord['note']>[0]> = {}) {
  return { instance: WEB, run, hook: 'post-start/warm', isDone: false, now: NOW, ...overrides };
}

describe('the record of hooks', () => {
  it('survives the agent, in a file that only its user can read', async () => {
    const record = await HookRecord.open(directory);
    await record.note(note());
    await record.note(note({ hook: 'pre-start/migrate', isDone: true }));

    const later = await HookRecord.open(directory);

    expect(later.attempted(run)).toEqual(['post-start/warm', 'pre-start/migrate']);
    expect(later.done(WEB)).toEqual(['pre-start/migrate']);
    expect((await stat(path.join(directory, 'hooks.json'))).mode & 0o777).toBe(0o600);
  });

  it('tells the runs of one container apart', async () => {
    const record = await HookRecord.open(directory);
    await record.note(note());

    const restarted = { ...run, startedAt: NOW + 1_000 };

    expect(record.attempted(restarted)).toEqual([]);
    expect(record.lastAt(restarted)).toBeNull();
  });

  it('knows what was begun for this run of a container until it has ended', async () => {
    const begin = { instance: WEB, run, hook: 'post-start/warm', exec: 'e1' };
    const before = await HookRecord.open(directory);
    await before.note(note({ hook: 'post-start/fill' }));
    await before.begin(begin);

    const record = await HookRecord.open(directory);

    expect(record.begun(run, 'post-start/warm')).toBe('e1');
    expect(record.begun(run, 'post-start/other')).toBeNull();
    expect(record.begun({ ...run, startedAt: NOW + 1 }, 'post-start/warm')).toBeNull();
    expect(record.attempted(run)).toEqual(['post-start/fill']);
    await record.note(note());
    expect(record.begun(run, 'post-start/warm')).toBeNull();
    expect(record.attempted(run)).toEqual(['post-start/fill', 'post-start/warm']);
  });

  it('has noted nothing when the disk refuses', async () => {
    const disk = { isFull: false };
    const save = async (): Promise<void> => {
      await Promise.resolve();
      if (disk.isFull) throw new Error('no space left on device');
    };
    const record = new HookRecord({ text: null, save });
    await record.note(note({ hook: 'pre-start/migrate', isDone: true }));
    disk.isFull = true;

    await expect(record.note(note({ isDone: true }))).rejects.toThrow('no space left');

    expect(record.attempted(run)).toEqual(['pre-start/migrate']);
    expect(record.done(WEB)).toEqual(['pre-start/migrate']);
    disk.isFull = false;
    await record.note(note());
    expect(record.attempted(run)).toEqual(['pre-start/migrate', 'post-start/warm']);
  });

  it('knows of no success that the disk refuses, and of the same one later', async () => {
    const disk = { isFull: true };
    const save = async (): Promise<void> => {
      await Promise.resolve();
      if (disk.isFull) throw new Error('no space left on device');
    };
    const record = new HookRecord({ text: null, save });

    await expect(record.complete(WEB, 'pre-start/migrate')).rejects.toThrow('no space left');
    expect(record.done(WEB)).toEqual([]);
    disk.isFull = false;
    await record.complete(WEB, 'pre-start/migrate');

    expect(record.done(WEB)).toEqual(['pre-start/migrate']);
  });

  it('writes once for all that came while it was writing', async () => {
    const written: string[] = [];
    const save = async (text: string): Promise<void> => {
      written.push(text);
      await new Promise(setImmediate);
    };
    const record = new HookRecord({ text: null, save });

    const first = record.note(note());
    await Promise.resolve();
    const others = [2, 3, 4].map((number) =>
      record.note(note({ instance: `shop/web-${number}`, isDone: true })),
    );
    await Promise.all([first, ...others]);

    expect(written.length).toBeLessThanOrEqual(2);
    expect(written.at(-1)).toContain('shop/web-4');
  });

  it('forgets containers that are gone, and instances of other nodes', async () => {
    const record = await HookRecord.open(directory);
    await record.note(note({ isDone: true }));
    await record.note(note({ run: { id: 'c2', startedAt: NOW } }));
    await record.note(note({ instance: 'shop/db-1', run: { id: 'c3', startedAt: NOW } }));

    record.prune(WEB, new Set(['c2']));
    record.retain(new Set(['shop/db-1']));

    expect(record.attempted(run)).toEqual([]);
    expect(record.attempted({ id: 'c2', startedAt: NOW })).not.toEqual([]);
    expect(record.attempted({ id: 'c3', startedAt: NOW })).not.toEqual([]);
    expect(record.done(WEB)).toEqual([]);
  });

  it('forgets containers that went while no agent ran, and none that is newer than the listing', async () => {
    const before = await HookRecord.open(directory);
    await before.note(note());
    const record = await HookRecord.open(directory);
    await record.note(note({ run: { id: 'new', startedAt: null } }));

    record.found(new Set());
    record.found(new Set());

    expect(record.attempted(run)).toEqual([]);
    expect(record.attempted({ id: 'new', startedAt: null })).not.toEqual([]);
  });

  it('bounds what one instance can fill it with', async () => {
    const record = await HookRecord.open(directory);

    await record.learn(
      WEB,
      Array.from({ length: 3_000 }, (_, index) => `pre-start/${index}`),
    );

    expect(record.done(WEB)).toHaveLength(1_000);
    expect(record.done(WEB)).toContain('pre-start/2999');
  });

  it('does not take a damaged file for an empty one', async () => {
    const file = path.join(directory, 'hooks.json');
    await writeFile(file, '{"done":');

    await expect(HookRecord.open(directory)).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: expect.stringContaining('hooks.json is damaged'),
    });
    expect(await readFile(file, 'utf8')).toBe('{"done":');
  });
});
