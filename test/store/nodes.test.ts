import { describe, expect, test } from 'vitest';
import type { NodeFacts } from '../../src/model/observed.ts';
import type { HeardNode } from '../../src/store/nodes.ts';
import { openStore } from '../../src/store/store.ts';

const facts: NodeFacts = {
  labels: ['az=a'],
  cpus: 2,
  memory: 1024,
  engineVersion: '29.0.0',
  agentVersion: '0.1.0',
  operatingSystem: 'Debian',
  architecture: 'x86_64',
  volumeDrivers: ['local'],
  publishAddress: '0.0.0.0',
};

function node(over: Partial<HeardNode> = {}): HeardNode {
  return {
    grid: 'prod',
    name: 'web-1',
    publicKey: 'key',
    facts: null,
    lastSeenAt: 10,
    ...over,
  };
}

async function emptyNodes() {
  return (await openStore({ path: ':memory:' })).nodes;
}

describe('nodes', () => {
  test('come back as they were put', async () => {
    const nodes = await emptyNodes();

    await nodes.put(node({ facts }));

    expect(await nodes.get('prod', 'web-1')).toEqual({
      ...node({ facts }),
      joinedAt: 10,
      drained: null,
    });
    expect(await nodes.get('prod', 'web-2')).toBeNull();
  });

  test('keep the time they joined when they are heard of again', async () => {
    const nodes = await emptyNodes();
    await nodes.put(node());

    await nodes.put(node({ publicKey: 'other', facts, lastSeenAt: 20 }));

    expect(await nodes.list()).toEqual([
      { ...node({ publicKey: 'other', facts, lastSeenAt: 20 }), joinedAt: 10, drained: null },
    ]);
  });

  test('are listed by grid and name', async () => {
    const nodes = await emptyNodes();
    for (const [grid, name] of [
      ['test', 'z'],
      ['prod', 'z'],
      ['prod', 'a'],
    ] as const)
      await nodes.put(node({ grid, name }));

    const all = (await nodes.list()).map((each) => `${each.grid}/${each.name}`);

    expect(all).toEqual(['prod/a', 'prod/z', 'test/z']);
    expect((await nodes.list('test')).map((each) => each.name)).toEqual(['z']);
  });

  test('are found by their key, in whatever grid they are', async () => {
    const nodes = await emptyNodes();
    await nodes.put(node({ grid: 'test', publicKey: 'one' }));

    expect(await nodes.byKey('one')).toMatchObject({ grid: 'test', name: 'web-1' });
    expect(await nodes.byKey('two')).toBeNull();
  });

  test('are never seen earlier than before', async () => {
    const nodes = await emptyNodes();
    await nodes.put(node({ lastSeenAt: 50 }));

    await nodes.touch([{ grid: 'prod', name: 'web-1', lastSeenAt: 40 }]);
    expect((await nodes.get('prod', 'web-1'))?.lastSeenAt).toBe(50);

    await nodes.touch([{ grid: 'prod', name: 'web-1', lastSeenAt: 60 }]);
    expect((await nodes.get('prod', 'web-1'))?.lastSeenAt).toBe(60);
  });
});

describe('a drained node', () => {
  test('stays drained when it is heard of again, until somebody activates or forgets it', async () => {
    const nodes = await emptyNodes();
    await nodes.put(node());
    const drained = { by: 'alice', at: 5 };

    expect(await nodes.drain('prod', 'web-1', drained)).toBe(true);
    expect(await nodes.drain('prod', 'web-9', drained)).toBe(false);
    await nodes.put(node({ lastSeenAt: 20 }));
    expect(await nodes.get('prod', 'web-1')).toMatchObject({ drained });

    await nodes.remove('prod', 'web-1');
    await nodes.put(node({ lastSeenAt: 30 }));
    expect(await nodes.get('prod', 'web-1')).toMatchObject({ drained: null });
  });
});

describe('a revoked key', () => {
  test('stays revoked after its node is gone', async () => {
    const nodes = await emptyNodes();
    await nodes.put(node());

    await nodes.revoke('key', 30);
    await nodes.revoke('key', 40);
    await nodes.remove('prod', 'web-1');

    expect(await nodes.isRevoked('key')).toBe(true);
    expect(await nodes.isRevoked('other')).toBe(false);
  });
});
