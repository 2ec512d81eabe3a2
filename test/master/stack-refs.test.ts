import { beforeEach, describe, expect, it } from 'vitest';
import { type RefSource, StackRefs } from '../../src/master/stack-refs.ts';
import { GridError } from '../../src/model/error.ts';

const never = new AbortController().signal;
const pinned = 'c'.repeat(40);

let refs: Map<string, string>;
let asked: string[];
let forgotten: string[];
let isDown: boolean;
let head: string | null;

beforeEach(() => {
  refs = new Map([
    ['refs/heads/dev', 'd1'],
    ['refs/tags/v1', 't1'],
  ]);
  asked = [];
  forgotten = [];
  isDown = false;
  head = 'm1';
});

function down(): GridError {
  return new GridError({ code: 'repository-unreachable', message: 'no route', retry: 'later' });
}

const source: RefSource = {
  get head() {
    return head;
  },
  commit: async (sha) => {
    if (sha === pinned) return await Promise.resolve(sha);
    throw new GridError({ code: 'not-found', message: 'no such commit' });
  },
  fetchRef: async (ref) => {
    asked.push(ref);
    if (isDown) throw down();
    if (ref.includes('..')) throw new GridError({ code: 'invalid-request', message: 'no name' });
    return await Promise.resolve(refs.get(ref) ?? null);
  },
  forgetRef: async (ref) => void (await Promise.resolve(forgotten.push(ref))),
};

async function looked(...wanted: string[]): Promise<StackRefs> {
  const all = new StackRefs({ source, branch: 'main' });
  await all.want(new Set(wanted));
  await all.look(never);
  return all;
}

describe('a ref', () => {
  it.each([
    ['', 'm1'],
    ['main', 'm1'],
    ['refs/heads/main', 'm1'],
    ['dev', 'd1'],
    ['v1', 't1'],
    ['refs/tags/v1', 't1'],
    [pinned, pinned],
  ])('"%s" is found', async (ref, sha) => {
    expect((await looked(ref)).resolve(ref)).toEqual({ kind: 'commit', sha });
  });

  it.each(['v9', 'refs/pull/7/head', 'a..b', 'f'.repeat(40)])('"%s" is missing', async (ref) => {
    expect((await looked(ref)).resolve(ref)).toEqual({ kind: 'missing' });
  });

  it('that is the branch costs no question, and a tag one once it is known', async () => {
    const all = await looked('', 'main', 'v1');
    asked = [];
    await all.look(never);
    expect(asked).toEqual(['refs/tags/v1']);
  });

  it('that nobody has looked up is not known', async () => {
    const all = new StackRefs({ source, branch: 'main' });
    expect(await all.want(new Set(['v1']))).toBe(true);
    expect(all.resolve('v1')).toEqual({ kind: 'unknown' });
    await all.look(never);
    expect(await all.want(new Set(['v1']))).toBe(false);
  });

  it('that nobody uses any more is let go', async () => {
    const all = await looked('v1', 'dev');
    await all.want(new Set(['dev']));
    expect(forgotten).toEqual(['refs/tags/v1']);
    expect(all.resolve('v1').kind).toBe('unknown');
  });

  it('that moved or is gone is told, and one that has not is not', async () => {
    const all = await looked('v1', 'dev');
    refs.set('refs/tags/v1', 't2');
    expect(await all.look(never)).toEqual({ changed: ['v1'], error: null });
    refs.delete('refs/heads/dev');
    expect((await all.look(never)).changed).toEqual(['dev']);
    expect(all.resolve('dev')).toEqual({ kind: 'missing' });
  });
});

describe('while the repository cannot be read', () => {
  it('what was found stays, and why is told', async () => {
    const all = await looked('v1');
    isDown = true;
    const { changed, error } = await all.look(never);
    expect([changed, error]).toEqual([[], expect.objectContaining({ message: 'no route' })]);
    expect(all.failed(down())).toEqual([]);
    expect(all.resolve('v1')).toEqual({ kind: 'commit', sha: 't1' });
  });

  it('what was never found is said to be unreachable, once', async () => {
    const all = new StackRefs({ source, branch: 'main' });
    await all.want(new Set(['v1']));
    expect(all.failed(down())).toEqual(['v1']);
    expect(all.failed(down())).toEqual([]);
    expect(all.resolve('v1')).toMatchObject({ kind: 'unreachable', message: 'no route' });
    expect((await all.look(never)).changed).toEqual(['v1']);
  });

  it('the branch is where an earlier process saw it, if one did', async () => {
    const all = new StackRefs({ source, branch: 'main' });
    await all.want(new Set(['']));
    expect(all.failed(down())).toEqual(['']);
    expect(all.resolve('')).toEqual({ kind: 'commit', sha: 'm1' });
    head = null;
    const other = new StackRefs({ source, branch: 'main' });
    await other.want(new Set(['']));
    other.failed(down());
    expect(other.resolve('').kind).toBe('unreachable');
  });
});
