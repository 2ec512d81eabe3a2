import { describe, expect, test } from 'vitest';
import { openStore } from '../../src/store/store.ts';

const taker = { hash: 'h1', now: 50, node: 'web-1', publicKey: 'key-1' };

async function tokensWithOne() {
  const { tokens } = await openStore({ path: ':memory:' });
  await tokens.create({ hash: 'h1', grid: 'prod', createdAt: 10, expiresAt: 100 });
  return tokens;
}

describe('taking a join token', () => {
  test('uses it up and tells the grid that it is for', async () => {
    const tokens = await tokensWithOne();

    expect(await tokens.take(taker)).toEqual({ kind: 'taken', grid: 'prod' });

    const other = { ...taker, node: 'web-2', publicKey: 'key-2' };
    expect(await tokens.take(other)).toEqual({ kind: 'refused', reason: 'used' });
    expect(await tokens.list()).toMatchObject([{ usedBy: 'web-1', usedKey: 'key-1', usedAt: 50 }]);
  });

  test('works again for the node that has it, whose welcome may be lost', async () => {
    const tokens = await tokensWithOne();
    await tokens.take(taker);

    expect(await tokens.take({ ...taker, now: 60 })).toEqual({ kind: 'taken', grid: 'prod' });

    expect(await tokens.list()).toMatchObject([{ usedAt: 50 }]);
    expect(await tokens.take({ ...taker, now: 100 })).toMatchObject({ reason: 'expired' });
  });

  test.each([
    ['the same name with another key', { publicKey: 'key-2' }],
    ['the same key under another name', { node: 'web-2' }],
  ])('does not work again for %s', async (_, other) => {
    const tokens = await tokensWithOne();
    await tokens.take(taker);

    expect(await tokens.take({ ...taker, ...other })).toEqual({ kind: 'refused', reason: 'used' });
  });

  test('says why it cannot', async () => {
    const tokens = await tokensWithOne();

    expect(await tokens.take({ ...taker, hash: 'h2' })).toMatchObject({ reason: 'unknown' });
    expect(await tokens.take({ ...taker, now: 100 })).toMatchObject({ reason: 'expired' });
    await tokens.revoke('h1');
    expect(await tokens.take(taker)).toMatchObject({ reason: 'unknown' });
  });

  test('by many at once succeeds once', async () => {
    const tokens = await tokensWithOne();

    const answers = await Promise.all(
      ['a', 'b', 'c'].map(
        async (name) => await tokens.take({ ...taker, node: name, publicKey: name }),
      ),
    );

    expect(answers.map((answer) => answer.kind).toSorted()).toEqual([
      'refused',
      'refused',
      'taken',
    ]);
  });
});

test('lists tokens newest first, and forgets revoked and long expired ones', async () => {
  const tokens = await tokensWithOne();
  await tokens.create({ hash: 'h2', grid: 'test', createdAt: 20, expiresAt: 200 });

  expect((await tokens.list()).map((token) => token.hash)).toEqual(['h2', 'h1']);
  expect((await tokens.list('prod')).map((token) => token.hash)).toEqual(['h1']);

  await tokens.prune(150);
  expect((await tokens.list()).map((token) => token.hash)).toEqual(['h2']);
  expect(await tokens.revoke('h2')).toBe(true);
  expect(await tokens.revoke('h2')).toBe(false);
});
