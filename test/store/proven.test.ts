import { expect, test } from 'vitest';
import type { ProvenService } from '../../src/store/proven.ts';
import { openStore } from '../../src/store/store.ts';
import { aFailure, aService } from '../support/builders.ts';

function proven(path: string, of: Partial<ProvenService> = {}): ProvenService {
  const definition = aService({ name: path.split('/')[1] ?? '' });
  return { grid: 'prod', path, definition, revision: 'abc', rejected: null, ...of };
}

test('keeps what each service last served with, and what it was rolled back from', async () => {
  const store = await openStore({ path: ':memory:' });
  const rejected = { specHash: 'bad', number: 2, node: 'n1', failure: aFailure() };
  await store.proven.put([proven('shop/web'), proven('shop/api')], 1);
  await store.proven.put([proven('shop/web', { revision: 'def', rejected })], 2);
  await store.proven.put([proven('shop/web', { grid: 'test' })], 3);

  expect(await store.proven.list('prod')).toEqual([
    proven('shop/api'),
    proven('shop/web', { revision: 'def', rejected }),
  ]);

  await store.proven.remove('prod', ['shop/web', 'shop/unknown']);
  expect((await store.proven.list('prod')).map(({ path }) => path)).toEqual(['shop/api']);
  expect(await store.proven.list('test')).toHaveLength(1);
  await store.close();
});

test('keeps delivered files as they are, those that are no text as well', async () => {
  const store = await openStore({ path: ':memory:' });
  const files = {
    bundles: {},
    contents: {
      a: { kind: 'text', path: 'a', blob: '1', text: 'hello' },
      b: { kind: 'binary', path: 'b', blob: '2', bytes: Buffer.from([0, 1, 255]) },
    },
  } as const;
  const definition = aService({ files });
  await store.proven.put([proven('shop/web', { definition })], 1);

  const [found] = await store.proven.list('prod');

  expect(found?.definition).toEqual(definition);
  await store.close();
});
