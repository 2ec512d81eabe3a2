import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutboxWant } from '../../src/store/outbox.ts';
import { openStore } from '../../src/store/store.ts';

const key = {
  kind: 'status',
  repository: 'acme/infra',
  subject: 'abc',
  topic: 'gridops/prod',
} as const;

/** Progress, unless told otherwise. */
function status(description: string, over: Partial<OutboxWant> = {}): OutboxWant {
  const content = { state: 'pending', description, targetUrl: 'https://ops/deploys/1' };
  return { ...key, content, isProgress: true, ...over };
}

const ended = { isProgress: false } as const;

async function emptyOutbox() {
  return (await openStore({ path: ':memory:' })).outbox;
}

describe('wanting a status', () => {
  test('twice is one want', async () => {
    const outbox = await emptyOutbox();

    expect(await outbox.want(status('1/5'), { at: 1 })).toBe(true);
    expect(await outbox.want(status('1/5'), { at: 2 })).toBe(false);
    await outbox.sent(key, 1, { at: 3, remote: null });
    expect(await outbox.want(status('1/5'), { at: 4 })).toBe(false);

    expect(await outbox.due(100, 10)).toEqual([]);
  });

  test('replaces an older one that was not sent yet', async () => {
    const outbox = await emptyOutbox();

    await outbox.want(status('1/5'), { at: 1 });
    await outbox.want(status('done', ended), { at: 2 });

    const due = await outbox.due(2, 10);
    expect(due).toMatchObject([
      { content: { description: 'done' }, isProgress: false, version: 2 },
    ]);
  });

  test('takes differences in case, text and address seriously', async () => {
    const outbox = await emptyOutbox();
    await outbox.want(status('1/5'), { at: 1 });

    expect(await outbox.want(status('1/5 '), { at: 1 })).toBe(true);
    expect(await outbox.want(status('2/5', { content: {} }), { at: 1 })).toBe(true);
    expect(await outbox.want(status('2/5', { content: {}, kind: 'comment' }), { at: 1 })).toBe(
      true,
    );
    expect(await outbox.unsent()).toHaveLength(2);
  });
});

describe('what is due', () => {
  test('comes in the order of waiting, and no more than asked for', async () => {
    const outbox = await emptyOutbox();
    for (const [at, context] of [
      [3, 'c'],
      [1, 'a'],
      [2, 'b'],
    ] as const)
      await outbox.want(status('x', { topic: context }), { at });

    expect((await outbox.due(2, 10)).map((row) => row.topic)).toEqual(['a', 'b']);
    expect((await outbox.due(9, 1)).map((row) => row.topic)).toEqual(['a']);
    expect(await outbox.nextDueAt(1)).toBe(2);
    expect(await outbox.nextDueAt(3)).toBeNull();
  });

  test('waits after a failure, also when something newer is wanted', async () => {
    const outbox = await emptyOutbox();
    await outbox.want(status('1/5'), { at: 1 });
    await outbox.failed(key, 1, { error: 'status 502', nextAttemptAt: 50 });

    await outbox.want(status('done', ended), { at: 2 });

    expect(await outbox.due(49, 10)).toEqual([]);
    expect(await outbox.nextDueAt(2)).toBe(50);
    const due = await outbox.due(50, 10);
    expect(due).toMatchObject([{ version: 2, attempts: 1, lastError: 'status 502' }]);
  });

  test('does not wait for a time that a clock has noted which was set back since', async () => {
    const outbox = await emptyOutbox();
    const day = 86_400_000;
    await outbox.want(status('1/5'), { at: day });
    await outbox.failed(key, 1, { error: 'status 502', nextAttemptAt: day + 1_000 });

    expect(await outbox.due(5, 10)).toMatchObject([{ content: { description: '1/5' } }]);
    expect(await outbox.due(day, 10)).toEqual([]);
  });

  test('ends when it was sent, and starts anew with the next want', async () => {
    const outbox = await emptyOutbox();
    await outbox.want(status('1/5'), { at: 1 });
    await outbox.failed(key, 1, { error: 'status 502', nextAttemptAt: 50 });
    await outbox.sent(key, 1, { at: 60, remote: null });
    expect(await outbox.due(1_000, 10)).toEqual([]);

    await outbox.want(status('done', ended), { at: 70 });

    expect(await outbox.due(70, 10)).toMatchObject([{ attempts: 0, lastError: null, version: 2 }]);
  });

  test('keeps a newer want when an older version was sent meanwhile', async () => {
    const outbox = await emptyOutbox();
    await outbox.want(status('1/5'), { at: 1 });
    await outbox.want(status('2/5'), { at: 2 });

    await outbox.sent(key, 1, { at: 3, remote: null });

    expect(await outbox.due(9, 10)).toMatchObject([
      { content: { description: '2/5' }, sentVersion: 1 },
    ]);
  });
});

describe('progress', () => {
  test('waits for its turn after progress that was sent', async () => {
    const outbox = await emptyOutbox();
    const progressInterval = 3_000;
    await outbox.want(status('1/5'), { at: 0, progressInterval });
    await outbox.sent(key, 1, { at: 100, remote: null });

    await outbox.want(status('2/5'), { at: 200, progressInterval });
    await outbox.want(status('3/5'), { at: 3_000, progressInterval });

    expect(await outbox.due(3_099, 10)).toEqual([]);
    expect(await outbox.due(3_100, 10)).toMatchObject([{ content: { description: '3/5' } }]);
  });

  test('does not hold up the end', async () => {
    const outbox = await emptyOutbox();
    const progressInterval = 3_000;
    await outbox.want(status('1/5'), { at: 0, progressInterval });
    await outbox.sent(key, 1, { at: 100, remote: null });
    await outbox.want(status('2/5'), { at: 200, progressInterval });

    await outbox.want(status('done', ended), { at: 300, progressInterval });

    expect(await outbox.due(300, 10)).toMatchObject([{ content: { description: 'done' } }]);
  });
});

describe('of progress', () => {
  test('there is only so much, so that the end can still be told', async () => {
    const outbox = await emptyOutbox();
    const when = { at: 1, maxProgress: 2 };
    for (const [at, text] of ['1/5', '2/5'].entries()) {
      await outbox.want(status(text), when);
      await outbox.sent(key, at + 1, { at: 1, remote: null });
    }

    expect(await outbox.want(status('3/5'), when)).toBe(false);
    expect(await outbox.want(status('done', ended), when)).toBe(true);

    expect(await outbox.due(1, 10)).toMatchObject([{ content: { description: 'done' } }]);
  });
});

test('what the forge calls a thing is kept with it', async () => {
  const outbox = await emptyOutbox();
  const comment = { ...key, kind: 'comment' } as const;
  await outbox.want(status('one', { kind: 'comment' }), { at: 1 });
  await outbox.sent(comment, 1, { at: 2, remote: '17' });
  await outbox.want(status('two', { kind: 'comment' }), { at: 3 });

  expect(await outbox.due(3, 10)).toMatchObject([{ remote: '17', version: 2 }]);
  expect(await outbox.ofTopic(comment)).toMatchObject([{ remote: '17' }]);
  expect(await outbox.ofTopic(key)).toEqual([]);
});

describe('giving up', () => {
  test('is for one version: the next want is tried again', async () => {
    const outbox = await emptyOutbox();
    await outbox.want(status('1/5'), { at: 1 });
    await outbox.gaveUp(key, 1, 'status 404');
    expect(await outbox.unsent()).toEqual([]);

    await outbox.want(status('done', ended), { at: 2 });

    expect(await outbox.due(2, 10)).toMatchObject([{ version: 2 }]);
  });

  test('can be taken back for what is recent', async () => {
    const outbox = await emptyOutbox();
    await outbox.want(status('old', { subject: 'old' }), { at: 1 });
    await outbox.want(status('new'), { at: 100 });
    await outbox.want(status('sent', { subject: 'sent' }), { at: 100 });
    await outbox.gaveUp({ ...key, subject: 'old' }, 1, 'status 401');
    await outbox.gaveUp(key, 1, 'status 401');
    await outbox.sent({ ...key, subject: 'sent' }, 1, { at: 100, remote: null });

    await outbox.revive(50);

    expect(
      (await outbox.due(100, 10)).map(
        (row) => (row.content as { description: string }).description,
      ),
    ).toEqual(['new']);
  });
});

test('prunes what nobody waits for any more', async () => {
  const outbox = await emptyOutbox();
  await outbox.want(status('old', { subject: 'old' }), { at: 1 });
  await outbox.want(status('new'), { at: 100 });

  await outbox.prune(50);

  expect(
    (await outbox.unsent()).map((row) => (row.content as { description: string }).description),
  ).toEqual(['new']);
});

test('keeps a deployment that was successful until another has taken its place', async () => {
  const outbox = await emptyOutbox();
  const of = { kind: 'deployment', topic: 'production', ...ended } as const;
  for (const [subject, state] of [
    ['1', 'failure'],
    ['2', 'success'],
    ['3', 'inactive'],
  ] as const)
    await outbox.want(status('', { ...of, subject, content: { state } }), { at: 1 });

  await outbox.prune(50);

  const left = await outbox.ofTopic({ ...key, ...of });
  expect(left.map(({ subject }) => subject)).toEqual(['2']);
});

test('versions only go up, and what is due is always the newest want', async () => {
  const move = fc.oneof(
    fc.record({ kind: fc.constant('want' as const), text: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ kind: fc.constantFrom('sent' as const, 'failed' as const, 'gaveUp' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 30 }), async (moves) => {
      const outbox = await emptyOutbox();
      let wanted: string | null = null;
      let version = 0;
      let at = 0;
      for (const each of moves) {
        at += 1;
        if (each.kind === 'want') {
          const isNews = await outbox.want(status(each.text), { at });
          expect(isNews).toBe(each.text !== wanted);
          wanted = each.text;
        } else if (each.kind === 'sent') await outbox.sent(key, version, { at: at, remote: null });
        else if (each.kind === 'gaveUp') await outbox.gaveUp(key, version, 'no');
        else await outbox.failed(key, version, { error: 'no', nextAttemptAt: at });
        const [row] = await outbox.due(at, 10);
        if (row === undefined) continue;
        expect(row.content).toMatchObject({ description: wanted });
        expect(row.version).toBeGreaterThanOrEqual(version);
        expect(row.version).toBeGreaterThan(row.sentVersion);
        version = row.version;
      }
    }),
    { numRuns: 100 },
  );
});
