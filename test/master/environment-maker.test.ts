import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EnvironmentNews } from '../../src/forge/environment-status.ts';
import type { PreviewStacks } from '../../src/manifest/preview-stacks.ts';
import { EnvironmentMaker } from '../../src/master/environment-maker.ts';
import { Environments } from '../../src/master/environments.ts';
import type { PreviewPolicy } from '../../src/model/grid.ts';
import type { Problem } from '../../src/model/problem.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { aService, aStack } from '../support/builders.ts';

let store: Store;
let environments: Environments;
let told: string[];
/** What reading gives, by the commit that is merged; the branch's own is `base`. */
let made: Map<string, PreviewStacks | Error | null>;
let policy: PreviewPolicy;
let objection: Problem | null;
let owned: boolean;

beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
  environments = new Environments({
    records: store.previewEnvironments,
    onChange: () => undefined,
  });
  told = [];
  made = new Map();
  policy = { limit: 2, secrets: [], stacks: { shop: { when: 'changed' } } };
  objection = null;
  owned = true;
});

afterEach(async () => {
  await store.close();
});

function stacksOf(number: number, image = 'shop:1'): PreviewStacks {
  const name = `shop-pr-${number}`;
  const service = aService({ stack: name });
  const stack = aStack({ name, services: [{ ...service, spec: { ...service.spec, image } }] });
  return { policy, stacks: [stack], failed: [], problems: [], url: null };
}

function aMaker(): EnvironmentMaker {
  return new EnvironmentMaker({
    repository: 'grids',
    environments,
    log: silentLog,
    ports: {
      grids: async () => await Promise.resolve(['demo']),
      owns: () => owned,
      inputs: async (sha) => await Promise.resolve(sha),
      objection: async () => await Promise.resolve(objection),
      stacks: async ({ merged, request }) => {
        const found = made.has(merged) ? made.get(merged) : stacksOf(request.number);
        if (found instanceof Error) throw found;
        return await Promise.resolve(found ?? null);
      },
      tell: async ({ sha, news }) => {
        await Promise.resolve(told.push(`${sha}: ${brief(news)}`));
      },
    },
  });
}

function brief(news: EnvironmentNews): string {
  switch (news.kind) {
    case 'waiting':
      return `waits for ${news.requests.join()}`;
    case 'invalid':
      return `invalid ${news.problems.map(({ code }) => code).join()}`;
    case 'running':
    case 'succeeded':
    case 'failed':
    case 'ended':
      return news.kind;
  }
}

function look(number: number, of: { merged?: string | null; isFork?: boolean } = {}) {
  const { merged = `m${number}`, isFork = false } = of;
  const request = { number, head: { sha: `h${number}`, branch: 'b' }, isFork };
  return { request, base: 'base', merged };
}

const running = () => environments.open.map(({ request }) => request);

const aProblem = (over: Partial<Problem> = {}): Problem => ({
  severity: 'error',
  code: 'bad-preview',
  message: 'no',
  position: { file: 'f', line: 1, column: 1 },
  stack: 'shop-pr-7',
  ...over,
});

describe('a pull request', () => {
  it('runs what it changes, and is told before it does', async () => {
    made.set('m7', stacksOf(7, 'shop:2'));
    await aMaker().look(look(7));
    expect(running()).toEqual([7]);
    expect(told).toEqual(['h7: running']);
  });

  it('that makes of a stack what it was runs nothing', async () => {
    await aMaker().look(look(7));
    expect(running()).toEqual([]);
    expect(told).toEqual([]);
  });

  it('runs what is for all', async () => {
    policy = { ...policy, stacks: { shop: { when: 'always' } } };
    await aMaker().look(look(7));
    expect(running()).toEqual([7]);
  });

  it('stops running what it changes no more', async () => {
    const maker = aMaker();
    made.set('m7', stacksOf(7, 'shop:2'));
    await maker.look(look(7));
    made.delete('m7');
    await maker.look(look(7));
    expect(running()).toEqual([]);
    expect(told.at(-1)).toBe('h7: ended');
  });

  it('with an error keeps what it ran', async () => {
    const maker = aMaker();
    made.set('m7', stacksOf(7, 'shop:2'));
    await maker.look(look(7));
    made.set('m7', {
      ...stacksOf(7),
      stacks: [],
      failed: ['shop-pr-7'],
      problems: [aProblem()],
    });
    await maker.look(look(7));
    expect(running()).toEqual([7]);
    expect(told.at(-1)).toBe('h7: invalid bad-preview');
  });

  it.each([
    ['conflicts', { merged: null }],
    ['cannot be read for a moment', {}],
  ])('that %s keeps what it ran', async (_, of) => {
    const maker = aMaker();
    made.set('m7', stacksOf(7, 'shop:2'));
    await maker.look(look(7));
    made.set('m7', null);
    await maker.look(look(7, of));
    expect(running()).toEqual([7]);
  });

  it('from a fork runs nothing, and nothing of it is read', async () => {
    made.set('m7', new Error('it was read'));
    await aMaker().look(look(7, { isFork: true }));
    expect(running()).toEqual([]);
    expect(told).toEqual([]);
  });

  it('that is not signed as it must be is not read', async () => {
    made.set('m7', new Error('it was read'));
    objection = aProblem({ code: 'unverified' });
    await aMaker().look(look(7));
    expect(running()).toEqual([]);
    expect(told).toEqual(['h7: invalid unverified']);
  });

  it('of a grid that went over to another repository ends', async () => {
    const maker = aMaker();
    made.set('m7', stacksOf(7, 'shop:2'));
    await maker.look(look(7));
    owned = false;
    await maker.look(look(7));
    expect(running()).toEqual([]);
  });

  it('that could not be read is looked at again', async () => {
    const maker = aMaker();
    made.set('m7', new Error('git is busy'));
    await maker.look(look(7));
    expect(await maker.isDue(7, 'base')).toBe(true);
    made.set('m7', stacksOf(7, 'shop:2'));
    await maker.look(look(7));
    expect(await maker.isDue(7, 'base')).toBe(false);
    expect(running()).toEqual([7]);
  });
});

describe('more pull requests than may run something', () => {
  it('wait, and are looked at when one has ended', async () => {
    const maker = aMaker();
    for (const number of [7, 8, 9]) {
      made.set(`m${number}`, stacksOf(number, 'shop:2'));
      await maker.look(look(number));
    }
    expect(running()).toEqual([7, 8]);
    expect(told.at(-1)).toBe('h9: waits for 7,8');
    expect(await maker.isDue(9, 'base')).toBe(false);

    await maker.keepOnly(new Set([8, 9]));
    expect(running()).toEqual([8]);
    expect(await maker.isDue(9, 'base')).toBe(true);
    await maker.look(look(9));
    expect(running()).toEqual([8, 9]);
  });
});
