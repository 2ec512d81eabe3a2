import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { masterSeed } from '../../src/master/key-file.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gridops-seed-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("the master's seed", () => {
  test('is made once, of chance, for the owner only', async () => {
    const data = join(folder, 'data');
    const seed = await masterSeed(data);
    expect(seed).toHaveLength(32);
    expect(await masterSeed(data)).toEqual(seed);
    expect(await masterSeed(join(folder, 'other'))).not.toEqual(seed);
    expect((await stat(join(data, 'seed'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(data, 'seed'), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/);
  });

  test.each(['', '00', 'x'.repeat(64)])(
    'is never made anew over a damaged one: %j',
    async (text) => {
      const file = join(folder, 'seed');
      await writeFile(file, text);
      await expect(masterSeed(folder)).rejects.toMatchObject({ code: 'invalid-configuration' });
      expect(await readFile(file, 'utf8')).toBe(text);
    },
  );
});
