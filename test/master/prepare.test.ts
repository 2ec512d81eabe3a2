import { describe, expect, it } from 'vitest';
import { type CompiledGrid, fromLastGood, prepare } from '../../src/master/prepare.ts';
import { aGrid, aService, aStack } from '../support/builders.ts';

const shop = aStack({ name: 'shop' });
const blog = aStack({ name: 'blog', services: [aService({ stack: 'blog', name: 'cms' })] });

function compiled(overrides: Partial<CompiledGrid> = {}): CompiledGrid {
  return { grid: aGrid(), stacks: [], failed: [], problems: [], ...overrides };
}

describe('what is wanted after compiling a commit', () => {
  it('is what the commit says, its services by path', () => {
    const prepared = prepare(compiled({ stacks: [shop, blog] }), null, 'sha-1');

    expect(prepared?.desired.stacks.map((stack) => stack.name)).toEqual(['blog', 'shop']);
    expect([...(prepared?.services.keys() ?? [])]).toEqual(['blog/cms', 'shop/web']);
    expect(prepared?.desired.revision).toBe('sha-1');
  });

  it('is the last good state as a whole when the grid itself cannot be read: never nothing', () => {
    const good = { sha: 'sha-1', grid: aGrid(), stacks: [shop], held: [] };

    const prepared = prepare(compiled({ grid: null }), good, 'sha-2');

    expect(prepared?.desired).toMatchObject({ revision: 'sha-1', stacks: [shop] });
    expect(prepare(compiled({ grid: null }), null, 'sha-2')).toBeNull();
  });

  it('takes a stack with problems from the last good revision, and the other stacks from the commit', () => {
    const good = { sha: 'sha-1', grid: aGrid(), stacks: [shop], held: [] };

    const prepared = prepare(compiled({ stacks: [blog], failed: ['shop'] }), good, 'sha-2');

    expect(prepared?.desired.stacks).toEqual([blog, shop]);
    expect(prepared?.desired.held).toEqual([]);
  });

  it('takes what a stack with problems brings along from the last good revision, too', () => {
    const child = aStack({ name: 'shop-redis', services: [] });
    const gone = aStack({ name: 'shopping', services: [] });
    const good = { sha: 'sha-1', grid: aGrid(), stacks: [shop, child, gone], held: [] };

    const prepared = prepare(compiled({ stacks: [blog], failed: ['shop'] }), good, 'sha-2');

    expect(prepared?.desired.stacks.map(({ name }) => name)).toEqual([
      'blog',
      'shop',
      'shop-redis',
    ]);
  });

  it('holds a stack that never was good, and lets one go that is not in the commit any more', () => {
    const good = { sha: 'sha-1', grid: aGrid(), stacks: [blog], held: [] };

    const prepared = prepare(compiled({ stacks: [], failed: ['shop'] }), good, 'sha-2');

    expect(prepared?.desired).toMatchObject({ stacks: [], held: ['shop'] });
  });

  it('keeps holding what never was good when then the stack fails that brings it along', () => {
    const good = { sha: 'sha-1', grid: aGrid(), stacks: [shop], held: ['shop-redis', 'gone'] };

    const prepared = prepare(compiled({ failed: ['shop'] }), good, 'sha-2');

    expect(prepared?.desired).toMatchObject({ stacks: [shop], held: ['shop-redis'] });
  });

  it('keeps holding what never was good when then the grid cannot be read either', () => {
    const good = { sha: 'sha-1', grid: aGrid(), stacks: [blog], held: ['shop'] };

    expect(prepare(compiled({ grid: null }), good, 'sha-2')?.desired.held).toEqual(['shop']);
    expect(fromLastGood(good).desired.held).toEqual(['shop']);
  });
});
