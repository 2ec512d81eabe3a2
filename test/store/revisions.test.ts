import { expect, test } from 'vitest';
import type { Grid } from '../../src/model/grid.ts';
import type { GoodRevision } from '../../src/store/revisions.ts';
import { openStore } from '../../src/store/store.ts';
import { aService } from '../support/builders.ts';

const gridDefinition: Grid = {
  name: 'prod',
  subnet: '10.81.0.0/16',
  trustedSubnets: [],
  mtu: 1370,
  defaultAffinity: [{ key: 'label', negated: true, soft: false, value: 'reserved' }],
  nodes: { 'web-1': { labels: ['ssd'], availability: 'active' } },
  pruneBudget: 0.3,
  deployTimeout: 600,
};

function good(over: Partial<GoodRevision> = {}): GoodRevision {
  const stacks = [{ name: 'shop', services: [] }];
  const base = { grid: 'prod', sha: 'abc', inputs: 'i1', at: 5, held: ['blog'] };
  return { ...base, gridDefinition, stacks, ...over };
}

test('remembers the last good definition of each grid', async () => {
  const { revisions } = await openStore({ path: ':memory:' });
  expect(await revisions.lastGood('prod')).toBeNull();

  await revisions.putGood(good());
  await revisions.putGood(good({ grid: 'test', stacks: [] }));
  await revisions.putGood(good({ sha: 'def', inputs: 'i2', at: 6 }));

  expect(await revisions.lastGood('prod')).toEqual(good({ sha: 'def', inputs: 'i2', at: 6 }));
  expect(await revisions.grids()).toEqual(['prod', 'test']);
});

test('keeps delivered files as they are, those that are no text as well', async () => {
  const { revisions } = await openStore({ path: ':memory:' });
  const files = {
    bundles: {},
    contents: {
      a: { kind: 'text', path: 'a', blob: '1', text: 'hello' },
      b: { kind: 'binary', path: 'b', blob: '2', bytes: Buffer.from([0, 1, 255]) },
    },
  } as const;
  const stacks = [{ name: 'shop', services: [aService({ files }), aService({ name: 'api' })] }];

  await revisions.putGood(good({ stacks }));

  expect((await revisions.lastGood('prod'))?.stacks).toEqual(stacks);
});

test('takes the default of what an older gridops did not write', async () => {
  const { revisions } = await openStore({ path: ':memory:' });
  const { mtu: _unknown, ...older } = gridDefinition;

  await revisions.putGood(good({ gridDefinition: older as Grid }));

  expect(await revisions.lastGood('prod')).toEqual(good());
});

test('remembers where a repository was last seen', async () => {
  const { revisions } = await openStore({ path: ':memory:' });
  expect(await revisions.head('acme/infra')).toBeNull();

  await revisions.putHead('acme/infra', 'abc', 1);
  await revisions.putHead('acme/infra', 'def', 2);

  expect(await revisions.head('acme/infra')).toEqual({
    repository: 'acme/infra',
    sha: 'def',
    at: 2,
  });
});
