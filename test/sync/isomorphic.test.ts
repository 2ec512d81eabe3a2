import { randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { engineContract } from './engine-contract.ts';
import { httpContract } from './http-contract.ts';
import { pathContract } from './path-contract.ts';
import { readingContract } from './reading-contract.ts';
import { createWorld, faultOf, files, never, type World, type WorldOptions } from './world.ts';

engineContract('isomorphic', 'http');
engineContract('isomorphic', 'path');
readingContract('isomorphic', 'http');
httpContract('isomorphic');
pathContract('isomorphic');

describe('isomorphic, which works in memory and knows less', () => {
  let world: World;

  async function given(options: Omit<WorldOptions, 'engine'>): Promise<void> {
    world = await createWorld({ engine: 'isomorphic', ...options });
  }
  afterEach(() => world.dispose());

  it.each(['http', 'path'] as const)('refuses too large a pack over %s', async (transport) => {
    await given({ transport });
    await world.push({ ...files, large: randomBytes(60_000) });
    const repository = await world.open({ limits: { packBytes: 50_000 } });

    const fault = await faultOf(repository.sync(never));

    expect(fault.code).toBe('repository-too-large');
    expect(fault.hint).toContain('Install git');
  });

  it.each(['http', 'path'] as const)(
    'refuses a small pack of a huge file over %s',
    async (transport) => {
      await given({ transport });
      await world.push({ ...files, bomb: Buffer.alloc(3_000_000) });
      const repository = await world.open({ limits: { packBytes: 1_000_000 } });

      expect((await faultOf(repository.sync(never))).code).toBe('repository-too-large');
    },
  );

  it.each(['http', 'path'] as const)(
    'refuses sha256 over %s, with the remedy',
    async (transport) => {
      await given({ transport, objectFormat: 'sha256' });
      await world.push(files);
      const repository = await world.open();

      const fault = await faultOf(repository.sync(never));

      expect(fault.code).toBe('unsupported-repository');
      expect(fault.hint).toContain('Install git');
    },
  );

  it('clones again rather than keeping more than fifty packs', async () => {
    await given({ transport: 'http' });
    await world.push(files);
    const repository = await world.open();
    await repository.sync(never);
    const mirror = (await readdir(world.directory)).find((name) => name.endsWith('.isomorphic'));
    const packs = join(world.directory, mirror ?? '', 'objects/pack');
    for (let number = 0; number < 51; number += 1) {
      await writeFile(join(packs, `pack-${number}.pack`), '');
    }
    const sha = await world.push({ a: 'b' });

    expect((await repository.sync(never)).head).toBe(sha);

    expect((await readdir(packs)).filter((name) => name.endsWith('.pack'))).toHaveLength(1);
    expect((await repository.source(sha, 'prod')).files.size).toBe(3);
  });
});
