import { beforeEach, describe, expect, it } from 'vitest';
import { ForeignStacks, type StackPart } from '../../src/master/foreign-stacks.ts';
import type { GridHead } from '../../src/master/revision.ts';
import { StackRefs } from '../../src/master/stack-refs.ts';
import type { SourceFile, SourceTree } from '../../src/model/source.ts';

const never = new AbortController().signal;

let gridFile: string;
let asked: string[];
let woken: number;
let refreshed: string[];
let branch: string;
/** The folder of the stack by commit. */
let folders: Map<string, string>;
let isTorn: boolean;
let isFull: boolean;

beforeEach(() => {
  gridFile = 'stacks: {web: {repository: shop, path: deploy/kontena.yml}}\n';
  asked = [];
  woken = 0;
  refreshed = [];
  branch = 's1';
  folders = new Map([['s1', 'tree-1']]);
  isTorn = false;
  isFull = false;
});

function text(path: string, content: string): SourceFile {
  return { kind: 'text', path, blob: content, text: content };
}

function aPart(name: string, over: Partial<StackPart> = {}): StackPart {
  const source = {
    get head() {
      return branch;
    },
    commit: async () => await Promise.resolve(),
    fetchRef: async (ref: string) => await Promise.resolve(ref === 'refs/tags/v2' ? 's2' : null),
    forgetRef: async (ref: string) => void (await Promise.resolve(asked.push(`forget ${ref}`))),
  };
  return {
    name,
    holdsStacks: true,
    options: { usedBy: null },
    loop: { wake: () => (woken += 1) },
    refs: new StackRefs({ source, branch: 'main' }),
    repository: {
      url: `https://forge.example.com/acme/${name}`,
      file: async (sha, path) => {
        asked.push(`file ${sha} ${path}`);
        return await Promise.resolve(text(path, gridFile));
      },
      folderId: async (sha) => {
        asked.push(`folder ${sha}`);
        if (isTorn) throw new Error('damaged');
        return await Promise.resolve(folders.get(sha) ?? null);
      },
      folder: async () =>
        await Promise.resolve(new Map([['deploy/kontena.yml', text('deploy/kontena.yml', '')]])),
    },
    ...over,
  };
}

function stacksOf(...parts: StackPart[]): ForeignStacks {
  const refresh = async (grids: readonly string[]) => {
    if (isFull) throw new Error('the disk is full');
    await Promise.resolve(refreshed.push(...grids));
  };
  return new ForeignStacks({ parts, refresh });
}

const grids = (): StackPart => aPart('grids', { holdsStacks: false, refs: null });
const head = (inputs = 'i1'): GridHead => ({ repository: 'grids', sha: 'g1', inputs });

async function looked(foreign: ForeignStacks, shop: StackPart): Promise<GridHead | null> {
  await foreign.complete('prod', head());
  await foreign.looked(shop, never);
  return await foreign.complete('prod', head());
}

describe('a grid with a stack from elsewhere', () => {
  it('waits for the first look at its repository, which it asks for', async () => {
    const shop = aPart('shop');
    const foreign = stacksOf(grids(), shop);
    expect(await foreign.complete('prod', head())).toBeNull();
    expect(woken).toBe(1);

    await foreign.looked(shop, never);

    expect(refreshed).toEqual(['prod']);
    expect(await foreign.complete('prod', head())).toMatchObject({
      sources: [{ repository: 'shop', sha: 's1' }],
      foreign: [{ stack: 'web', repository: 'shop', sha: 's1', path: 'deploy/kontena.yml' }],
    });
  });

  it('does not wait for a repository that cannot be read', async () => {
    const shop = aPart('shop', { refs: new StackRefs({ source: deaf, branch: 'main' }) });
    const foreign = stacksOf(grids(), shop);
    await foreign.complete('prod', head());
    await foreign.failed(shop, new Error('no route'));
    expect(refreshed).toEqual(['prod']);
    expect(await foreign.complete('prod', head())).toMatchObject({
      sources: [],
      foreign: [{ fault: { key: 'repository', code: 'stack-source-unreachable' } }],
    });
  });

  it('has other inputs when the folder has changed, and the same when only the commit has', async () => {
    const shop = aPart('shop');
    const foreign = stacksOf(grids(), shop);
    const first = await looked(foreign, shop);
    [branch, folders] = ['s2', new Map([['s2', 'tree-1']])];
    const second = await looked(foreign, shop);
    [branch, folders] = ['s3', new Map([['s3', 'tree-2']])];
    const third = await looked(foreign, shop);

    expect(second?.inputs).toBe(first?.inputs);
    expect(second?.sources).toEqual([{ repository: 'shop', sha: 's2' }]);
    expect(third?.inputs).not.toBe(first?.inputs);
  });

  it('is not read again while its own inputs are the same', async () => {
    const shop = aPart('shop');
    const foreign = stacksOf(grids(), shop);
    await looked(foreign, shop);
    asked = [];
    await foreign.looked(shop, never);
    expect(asked).toEqual([]);
    await foreign.complete('prod', { ...head(), sha: 'g2' });
    expect(asked).toEqual(['folder s1']);
  });

  it('is told of a ref that has moved, also when that fails at first', async () => {
    const shop = aPart('shop');
    const foreign = stacksOf(grids(), shop);
    await foreign.complete('prod', head());
    isFull = true;
    await expect(foreign.looked(shop, never)).rejects.toThrow('full');

    isFull = false;
    await foreign.looked(shop, never);
    await foreign.looked(shop, never);

    expect(refreshed).toEqual(['prod']);
  });

  it('is looked at again when the clone that was damaged is whole', async () => {
    const shop = aPart('shop');
    const foreign = stacksOf(grids(), shop);
    isTorn = true;
    expect((await looked(foreign, shop))?.foreign?.[0]?.fault?.code).toBe(
      'stack-source-unreachable',
    );
    [isTorn, refreshed] = [false, []];
    await foreign.looked(shop, never);
    expect(refreshed).toEqual(['prod']);
    expect((await foreign.complete('prod', head()))?.foreign?.[0]?.fault).toBeUndefined();
    refreshed = [];
    await foreign.looked(shop, never);
    expect(refreshed).toEqual([]);
  });

  it('of which the branch has no grid any more is handed on as it is', async () => {
    const gone = { ...head(), inputs: null };
    expect(await stacksOf(grids(), aPart('shop')).complete('prod', gone)).toBe(gone);
  });
});

const deaf = {
  head: null,
  commit: async () => await Promise.reject(new Error('no route')),
  fetchRef: async () => await Promise.reject(new Error('no route')),
  forgetRef: async () => await Promise.resolve(),
};

describe('which repository is meant', () => {
  it.each([
    ['shop', true],
    ['https://forge.example.com/acme/shop', true],
    ['https://forge.example.com/acme/shop.git/', true],
    ['https://elsewhere.example.com/acme/shop', false],
    ['grids', false],
    ['blog', false],
    ['file:///etc', false],
  ])('by %s', async (written, isFound) => {
    gridFile = `stacks: {web: {repository: "${written}", path: deploy/kontena.yml}}\n`;
    const shop = aPart('shop');
    const blog = aPart('blog', { options: { usedBy: ['others'] } });
    const foreign = stacksOf(grids(), shop, blog);
    await foreign.complete('prod', head());
    await foreign.looked(shop, never);
    const completed = await foreign.complete('prod', head());
    const fault = completed?.foreign?.[0]?.fault;
    expect(fault?.code).toBe(isFound ? undefined : 'unknown-repository');
    // What may not be used is not named either.
    expect(fault?.hint ?? 'There are: shop.').toContain('There are: shop.');
  });
});

describe('a commit that is no head', () => {
  it('is read with refs that no grid follows, and nothing is kept of them', async () => {
    const shop = aPart('shop');
    const foreign = stacksOf(grids(), shop);
    await looked(foreign, shop);
    folders.set('s2', 'tree-2');
    gridFile = 'stacks: {web: {repository: shop, ref: v2, path: deploy/kontena.yml}}\n';

    const preview = await foreign.preview('prod', { ...head('i2'), sha: 'p1' }, never);

    expect(preview.sources).toEqual([{ repository: 'shop', sha: 's2' }]);
    expect(asked).toContain('forget refs/tags/v2');
    expect((await foreign.complete('prod', head()))?.sources).toEqual([
      { repository: 'shop', sha: 's1' },
    ]);
  });
});

it('the files of a stack are beside those of the grid, under names of their own', async () => {
  const shop = aPart('shop');
  const foreign = stacksOf(grids(), shop);
  const completed = await looked(foreign, shop);
  const own: SourceTree = { sha: 'g1', inputs: 'i1', files: new Map() };
  expect((await foreign.read(completed ?? head(), own)).foreign?.get('web')).toMatchObject({
    kind: 'files',
    origin: { repository: 'shop', sha: 's1' },
    file: '@shop/deploy/kontena.yml',
    files: new Map([['@shop/deploy/kontena.yml', expect.objectContaining({ kind: 'text' })]]),
  });
});
