import { describe, expect, it } from 'vitest';
import { GridImages } from '../../src/agent/grid-images.ts';
import type { GridRegistry } from '../../src/agent/grid-registry.ts';

const options = { onProgress: () => undefined, signal: new AbortController().signal };

function around(grid: string | null = 'demo', keep?: () => Promise<void>) {
  const done: unknown[] = [];
  const world = { names: [] as string[], failures: [] as string[] };
  const images = new GridImages({
    engine: {
      ping: () => Promise.resolve(),
      disk: () => Promise.resolve(null),
      facts: () => Promise.reject(new Error('not asked')),
      host: () => Promise.reject(new Error('not asked')),
      pull: (image) => {
        done.push(image);
        return Promise.resolve(null);
      },
    },
    doors: {
      keep: async (registries: readonly GridRegistry[]) => {
        done.push(registries.map(({ host, port }) => `${host}:${port}`));
        await keep?.();
      },
      close: () => {
        done.push('closed');
        return Promise.resolve();
      },
    },
    grid: () => grid,
    lookup: (host) => (world.names.includes(host) ? ['10.81.128.1'] : []),
    onFailure: (message) => world.failures.push(message),
  });
  return { images, done, world };
}

describe('images', () => {
  it('of a registry in the grid have a door before they are pulled, and keep those of others', async () => {
    const { images, done } = around();
    await images.pull('registry.demo.kontena.local:5000/web:1', options);
    await images.pull('other.demo.kontena.local:5001/web:1', options);
    expect(done).toEqual([
      ['registry.demo.kontena.local:5000'],
      'registry.demo.kontena.local:5000/web:1',
      ['registry.demo.kontena.local:5000', 'other.demo.kontena.local:5001'],
      'other.demo.kontena.local:5001/web:1',
    ]);
  });

  it('of anywhere else are only pulled', async () => {
    const { images, done } = around();
    await images.pull('registry.other.kontena.local:5000/web:1', options);
    await images.pull('nginx:1.27', options);
    expect(done).toEqual(['registry.other.kontena.local:5000/web:1', 'nginx:1.27']);
    const outside = around(null);
    await outside.images.pull('registry.demo.kontena.local:5000/web:1', options);
    expect(outside.done).toHaveLength(1);
  });

  it('that no door can be made to say what is in the way, and are not asked for in vain', async () => {
    const { images, done } = around('demo', () =>
      Promise.reject(new Error('read-only file system')),
    );
    await expect(images.pull('registry.demo.kontena.local:5000/web:1', options)).rejects.toThrow(
      'the engine cannot be shown the way to the registry registry.demo.kontena.local:5000: read-only file system',
    );
    expect(done).toHaveLength(1);
  });

  it('have a door to the registry of the grid from when there is one, whoever pulls', async () => {
    const { images, done, world } = around();
    await images.namesChanged();
    expect(done).toEqual([]);
    world.names.push('registry.demo.kontena.local');
    await Promise.all([images.namesChanged(), images.namesChanged()]);
    await images.namesChanged();
    expect(done).toEqual([['registry.demo.kontena.local:5000']]);
  });

  it('tell once of a door to the registry of the grid that cannot be made', async () => {
    const { images, world } = around('demo', () => Promise.reject(new Error('read-only')));
    world.names.push('registry.demo.kontena.local');
    await images.namesChanged();
    await images.namesChanged();
    expect(world.failures).toEqual([expect.stringContaining('read-only')]);
  });

  it('have no door any more when the agent stops, and get none', async () => {
    const { images, done, world } = around();
    world.names.push('registry.demo.kontena.local');
    await images.stop();
    await images.namesChanged();
    await images.pull('registry.demo.kontena.local:5000/web:1', options);
    expect(done).toEqual(['closed', 'registry.demo.kontena.local:5000/web:1']);
  });
});
