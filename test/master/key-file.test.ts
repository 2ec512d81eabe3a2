import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { masterSeed, sealingKeys } from '../../src/master/key-file.ts';

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

describe('the sealing key', () => {
  test('is made once, as an age identity for the owner only', async () => {
    const made = await sealingKeys(folder);
    expect(made.recipient).toMatch(/^age1/);
    expect(await sealingKeys(folder)).toEqual(made);
    expect((await stat(join(folder, 'sealing.key'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, 'sealing.key'), 'utf8')).toMatch(/^AGE-SECRET-KEY-1.*\n$/);
  });

  test('may have older ones below it, and comments', async () => {
    const file = join(folder, 'sealing.key');
    const [older, newer] = [await sealingKeys(folder), await sealingKeys(join(folder, 'other'))];
    await writeFile(file, `# newer\n${newer.identities.join()}\n\n${older.identities.join()}\n`);
    const keys = await sealingKeys(folder);
    expect(keys.recipient).toBe(newer.recipient);
    expect(keys.identities).toEqual([...newer.identities, ...older.identities]);
  });

  test.each(['', '# nothing\n', 'AGE-SECRET-KEY-1NONE\n'])(
    'is never made anew over a damaged one: %j',
    async (text) => {
      const file = join(folder, 'sealing.key');
      await writeFile(file, text);
      await expect(sealingKeys(folder)).rejects.toMatchObject({ code: 'invalid-configuration' });
      expect(await readFile(file, 'utf8')).toBe(text);
    },
  );
});
