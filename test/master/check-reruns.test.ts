import { expect, test } from 'vitest';
import { rerunChecks } from '../../src/master/check-reruns.ts';

const sha = 'a7'.padEnd(40, '0');

function aDesk(of: { readonly isFork?: boolean; readonly answer?: 'asked' | 'unknown' } = {}) {
  const { isFork = false, answer = 'asked' } = of;
  const done: string[] = [];
  const note = async <T>(line: string, value: T): Promise<T> => {
    done.push(line);
    return await Promise.resolve(value);
  };
  const ports = {
    open: () => [{ number: 7, isFork, head: { sha, branch: 'change' } }],
    ask: async (number: number) => await note(`plan #${number}`, answer),
    mayWrite: async (user: string) => await Promise.resolve(user === 'alice'),
    repeat: async (_: string, name: string) => await note(`repeat ${name}`, undefined),
    grids: () => ['live', 'test'],
  };
  return { ports, done };
}

const rerun = { sha, name: 'gridops/files', author: 'alice' } as const;

test('the check of a pull request plans it again', async () => {
  const { ports, done } = aDesk();
  await rerunChecks(ports, { ...rerun, author: null });
  expect(done).toEqual(['plan #7']);
});

test('that of a fork plans it for whoever may write, and is said again for anybody', async () => {
  for (const author of ['alice', 'mallory', null]) {
    const { ports, done } = aDesk({ isFork: true });
    await rerunChecks(ports, { ...rerun, author });
    expect(done).toEqual([author === 'alice' ? 'plan #7' : 'repeat gridops/files']);
  }
});

test('that of a commit which no open request has any more is said again', async () => {
  const { ports, done } = aDesk();
  await rerunChecks(ports, { ...rerun, sha: 'b'.repeat(40) });
  const unknown = aDesk({ answer: 'unknown' });
  await rerunChecks(unknown.ports, rerun);
  expect(done).toEqual(['repeat gridops/files']);
  expect(unknown.done).toEqual(['plan #7', 'repeat gridops/files']);
});

test('that of a deployed commit is said again, and plans nothing', async () => {
  const { ports, done } = aDesk();
  await rerunChecks(ports, { ...rerun, name: 'gridops/files (live)' });
  expect(done).toEqual(['repeat gridops/files (live)']);
});

test('all of them are all of them', async () => {
  const { ports, done } = aDesk();
  await rerunChecks(ports, { ...rerun, name: null });
  expect(done).toEqual(['repeat gridops/files (live)', 'repeat gridops/files (test)', 'plan #7']);
});
