import { describe, expect, it } from 'vitest';
import { type EnvironmentNews, environmentStatus } from '../../src/forge/environment-status.ts';

const limits = { context: 255, description: 140 };

function told(news: EnvironmentNews, grid = 'demo') {
  return environmentStatus({ grid, news, targetUrl: 'https://x.example', limits });
}

const problem = (message: string) =>
  ({
    severity: 'error',
    code: 'bad-preview',
    message,
    position: { file: 'grids/demo/stacks/shop/kontena.yml', line: 3, column: 5 },
  }) as const;

describe('the status of what a pull request runs', () => {
  it.each<[EnvironmentNews, string, string]>([
    [{ kind: 'running', message: '' }, 'pending', 'being deployed'],
    [{ kind: 'running', message: 'shop/web-1' }, 'pending', 'being deployed: shop/web-1'],
    [
      { kind: 'waiting', limit: 2, requests: [3, 5] },
      'pending',
      'waits until one of #3, #5 is closed: 2 at a time',
    ],
    [{ kind: 'succeeded', stacks: ['shop-pr-7'] }, 'success', 'runs: shop-pr-7'],
    [{ kind: 'failed', message: 'exited with 1' }, 'failure', 'exited with 1'],
    [{ kind: 'ended' }, 'success', 'runs nothing: it changes none of these stacks any more'],
    [
      { kind: 'invalid', problems: [problem('is wrong'), problem('is wrong, too')] },
      'failure',
      'grids/demo/stacks/shop/kontena.yml:3:5 is wrong (+1 more)',
    ],
  ])('of %o is %s', (news, state, description) => {
    expect(told(news)).toEqual({
      state,
      context: 'gridops/environment (demo)',
      description,
      targetUrl: 'https://x.example',
    });
  });

  it('fits, whatever the grid is called and however long the reason is', () => {
    const { context, description } = told(
      { kind: 'failed', message: 'x'.repeat(1_000) },
      'g'.repeat(300),
    );
    expect(context.length).toBeLessThanOrEqual(limits.context);
    expect(description.length).toBeLessThanOrEqual(limits.description);
    expect(context).not.toBe(told({ kind: 'failed', message: '' }, `${'g'.repeat(299)}h`).context);
  });
});
