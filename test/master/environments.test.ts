import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Environments } from '../../src/master/environments.ts';
import type { PreviewEnvironment } from '../../src/model/preview-environment.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { aService, aStack } from '../support/builders.ts';

let store: Store;
let changes: string[];

beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
  changes = [];
});

afterEach(async () => {
  await store.close();
});

async function opened(): Promise<Environments> {
  const environments = new Environments({
    records: store.previewEnvironments,
    onChange: (grid) => changes.push(grid),
  });
  await environments.load();
  return environments;
}

const key = { grid: 'demo', repository: 'grids', request: 7 };

function stack(name = 'shop-pr-7', image = 'shop:1') {
  const service = aService({ stack: name });
  return aStack({ name, services: [{ ...service, spec: { ...service.spec, image } }] });
}

function wanted(of: Partial<PreviewEnvironment> = {}) {
  return { ...key, head: 'a1', stacks: [stack()], url: null, ...of };
}

describe('what runs for a pull request', () => {
  it('is remembered, and is the same to the planner as long as it says the same', async () => {
    const environments = await opened();
    await environments.put(wanted());
    const [before] = environments.of('demo');
    expect(await environments.put(wanted())).toBe(false);
    expect(await environments.put(wanted({ head: 'a2' }))).toBe(true);
    const [after] = environments.of('demo');
    expect(after).toMatchObject({ head: 'a2', outcome: null });
    expect(after?.stacks).toBe(before?.stacks);
    expect((await opened()).of('demo')).toEqual(environments.of('demo'));
  });

  it('is in the scope of its grid until nothing of it is left', async () => {
    const environments = await opened();
    await environments.put(wanted({ stacks: [stack(), stack('shop-pr-7-redis')] }));
    await environments.put(wanted({ head: 'a2' }));
    expect([...environments.scope('demo').visitors.keys()]).toEqual([
      'shop-pr-7',
      'shop-pr-7-redis',
    ]);

    await environments.settle('demo', () => false);
    expect([...environments.scope('demo').visitors.keys()]).toEqual(['shop-pr-7']);

    await environments.close(key);
    await environments.settle('demo', () => true);
    expect([...environments.scope('demo').visitors.keys()]).toEqual(['shop-pr-7']);
    expect(environments.open).toEqual([]);

    await environments.settle('demo', () => false);
    expect(environments.of('demo')).toEqual([]);
    expect(await store.previewEnvironments.list()).toEqual([]);
  });

  it('ends once', async () => {
    const environments = await opened();
    expect(await environments.close(key)).toBe(false);
    await environments.put(wanted());
    expect(await environments.close(key)).toBe(true);
    expect(await environments.close(key)).toBe(false);
    expect(changes).toEqual(['demo', 'demo']);
  });

  it('has what was told of its commit, and not of an older one', async () => {
    const environments = await opened();
    await environments.put(wanted());
    const [first] = environments.of('demo');
    if (first === undefined) throw new Error('nothing runs');
    await environments.put(wanted({ head: 'a2' }));
    await environments.told(first, 'succeeded');
    expect(environments.find(key)?.outcome).toBeNull();
  });

  it('of one repository is not that of another one', async () => {
    const environments = await opened();
    await environments.put(wanted());
    await environments.put(wanted({ repository: 'others', stacks: [stack('blog-pr-7')] }));
    expect(environments.openOf('others').map(({ stacks }) => stacks[0]?.name)).toEqual([
      'blog-pr-7',
    ]);
  });
});
