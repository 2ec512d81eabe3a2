import { describe, expect, it } from 'vitest';
import type { CompiledGrid } from '../../src/master/prepare.ts';
import { createWireCheck } from '../../src/master/wire-check.ts';
import type { Stack } from '../../src/model/grid.ts';
import { aGrid, aService, aSpec, aStack } from '../support/builders.ts';

function compiled(...stacks: readonly Stack[]): CompiledGrid {
  return { grid: aGrid(), stacks, failed: [], problems: [] };
}

const good = aStack();

describe('a stack that says more than agents take', () => {
  const spec = aSpec({ env: { LONG: 'x'.repeat(131_073) } });
  const position = { file: 'stacks/blog/kontena.yml', line: 7, column: 3 };
  const bad = aStack({
    name: 'blog',
    services: [aService({ stack: 'blog', spec, position })],
  });

  it('is held back by itself, with a problem where its service is', () => {
    const checked = createWireCheck()(compiled(bad, good));

    expect(checked).toMatchObject({ stacks: [good], failed: ['blog'] });
    expect(checked.problems).toEqual([
      expect.objectContaining({
        severity: 'error',
        stack: 'blog',
        position,
        message: expect.stringContaining('"/env/LONG"'),
      }),
    ]);
    expect(JSON.stringify(checked.problems)).not.toContain('xxx');
  });

  it('is still too large when it is compiled again', () => {
    const check = createWireCheck();

    check(compiled(bad, good));

    expect(check(compiled(bad, good)).failed).toEqual(['blog']);
  });
});

describe('a grid that agents take', () => {
  it('is the very same', () => {
    const grid = compiled(good);

    expect(createWireCheck()(grid)).toBe(grid);
  });

  it('is not looked at again where it did not change', () => {
    let looks = 0;
    const service = {
      ...aService(),
      get spec() {
        looks += 1;
        return aSpec();
      },
    };
    const stack = aStack({ services: [service] });
    const check = createWireCheck();

    check(compiled(stack));
    check(compiled(stack, good));

    expect(looks).toBe(1);
  });
});
