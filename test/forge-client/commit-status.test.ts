import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commitStatus, type DeployView } from '../../src/forge/commit-status.ts';
import type { DeployPhase } from '../../src/model/deploy.ts';
import type { Problem } from '../../src/model/problem.ts';

function deploy(over: Partial<DeployView>): DeployView {
  return { phase: 'running', done: 3, total: 5, message: null, problems: [], ...over };
}

function problem(over: Partial<Problem> = {}): Problem {
  return {
    severity: 'error',
    code: 'unknown-key',
    message: "unknown key 'imge'",
    position: { file: 'grids/prod/stacks/shop/kontena.yml', line: 12, column: 3 },
    ...over,
  };
}

function statusOf(over: Partial<DeployView>, grid = 'prod') {
  return commitStatus({ grid, deploy: deploy(over), targetUrl: 'https://ops/deploys/1' });
}

describe('a commit status', () => {
  test.each<[string, string, Partial<DeployView>]>([
    ['pending', 'queued', { phase: 'queued' }],
    ['pending', 'waits for its window', { phase: 'queued', message: 'waits for its window' }],
    ['pending', 'planning', { phase: 'planning' }],
    ['pending', '3/5 instances updated', {}],
    ['pending', '0/1 instance updated', { done: 0, total: 1 }],
    [
      'pending',
      'held: removes 4 of 5 instances; confirm with gridops approve',
      { phase: 'held', message: 'removes 4 of 5 instances' },
    ],
    ['pending', 'held; confirm with gridops approve', { phase: 'held' }],
    ['success', '5 instances running', { phase: 'succeeded', done: 5 }],
    ['success', '1 instance running', { phase: 'succeeded', done: 1, total: 1 }],
    ['success', 'nothing to run', { phase: 'succeeded', done: 0, total: 0 }],
    ['success', 'no changes for this grid', { phase: 'succeeded', unchanged: true }],
    [
      'failure',
      'shop/web-1: exited with 1: no such host db',
      { phase: 'failed', message: 'shop/web-1: exited with 1: no such host db' },
    ],
    ['failure', 'failed', { phase: 'failed' }],
    ['error', 'internal error', { phase: 'failed', fault: 'ours' }],
    [
      'error',
      'the store is full',
      { phase: 'failed', fault: 'ours', message: 'the store is full' },
    ],
    [
      'failure',
      'superseded by 0123456 after 3/5 instances',
      { phase: 'superseded', supersededBy: '0123456789abcdef' },
    ],
    ['failure', 'superseded by a newer commit after 3/5 instances', { phase: 'superseded' }],
  ])('is %s "%s"', (state, description, over) => {
    expect(statusOf(over)).toEqual({
      state,
      description,
      context: 'gridops/prod',
      targetUrl: 'https://ops/deploys/1',
    });
  });

  test('names the first problem, where it is, and how many more there are', () => {
    const at = "grids/prod/stacks/shop/kontena.yml:12:3 unknown key 'imge'";
    const warning = problem({ severity: 'warning', message: 'deprecated' });

    expect(statusOf({ phase: 'failed', problems: [warning, problem()] })).toMatchObject({
      state: 'failure',
      description: at,
    });
    const three = [problem(), problem(), problem()];
    expect(statusOf({ phase: 'failed', problems: three }).description).toBe(`${at} (+2 more)`);
  });

  test('says what to write instead where all of it fits', () => {
    const described = (more: Partial<Problem>, others: readonly Problem[] = []): string => {
      const problems = [problem({ hint: "Did you mean 'image'?", ...more }), ...others];
      return statusOf({ phase: 'failed', problems }).description;
    };
    const at = 'grids/prod/stacks/shop/kontena.yml:12:3';

    expect(described({})).toBe(`${at} unknown key 'imge'. Did you mean 'image'?`);
    expect(described({}, [problem()])).toBe(
      `${at} unknown key 'imge'. Did you mean 'image'? (+1 more)`,
    );
    expect(described({ hint: 'x'.repeat(140) })).toBe(`${at} unknown key 'imge'`);
  });

  test('of a deploy that succeeded around a problem is a failure', () => {
    const status = statusOf({ phase: 'succeeded', problems: [problem({ stack: 'shop' })] });

    expect(status.state).toBe('failure');
  });

  test('of a deploy that succeeded with warnings is a success', () => {
    const problems = [problem({ severity: 'warning' })];

    expect(statusOf({ phase: 'succeeded', problems }).state).toBe('success');
  });
});

describe('a description', () => {
  test('that is too long keeps its beginning and its end', () => {
    const problems = [problem({ message: 'so many words '.repeat(20) }), problem()];

    const { description } = statusOf({ phase: 'failed', problems });

    expect(description).toHaveLength(140);
    expect(description).toMatch(
      /^grids\/prod\/stacks\/shop\/kontena.yml:12:3 so many.*… \(\+1 more\)$/,
    );
  });

  test('keeps the message in sight when the path is long', () => {
    const position = { file: `grids/prod/${'deep/'.repeat(40)}kontena.yml`, line: 12, column: 3 };

    const { description } = statusOf({ phase: 'failed', problems: [problem({ position })] });

    expect(description).toMatch(/^….*kontena\.yml:12:3 unknown key 'imge'$/);
  });

  test('shows on one line what is hidden in a text', () => {
    const message = 'a\r\n\tb \u001b[31mred\u0000 \u202etxt.exe \u200bx';

    const { description } = statusOf({ phase: 'failed', message });

    expect(description).toBe('a b \\u001b[31mred\\u0000 \\u202etxt.exe \\u200bx');
  });

  test('has no characters that GitHub refuses', () => {
    const { description } = statusOf({ phase: 'failed', message: 'a 🐛 in \ud800 grün' });

    expect(description).toBe('a \ufffd in \ufffd grün');
  });
});

describe('a context', () => {
  test('that is too long keeps long names apart', () => {
    const [one, two] = ['a', 'b'].map((end) => statusOf({}, 'g'.repeat(300) + end).context);

    expect([one?.length, two?.length]).toEqual([255, 255]);
    expect(one).not.toBe(two);
    expect(statusOf({}, 'g'.repeat(247)).context).toBe(`gridops/${'g'.repeat(247)}`);
  });
});

test('whatever a deploy says, the status is one that GitHub takes', () => {
  const phase = fc.constantFrom<DeployPhase>(
    'queued',
    'planning',
    'running',
    'held',
    'succeeded',
    'failed',
    'superseded',
  );
  const text = fc.string({ unit: 'binary', maxLength: 300 });
  const anyProblem = fc
    .record({ file: text, message: text })
    .map(({ file, message }) => problem({ message, position: { file, line: 1, column: 1 } }));
  const view = fc.record({
    phase,
    done: fc.nat(),
    total: fc.nat(),
    message: fc.option(text),
    problems: fc.array(anyProblem, { maxLength: 3 }),
    supersededBy: text,
  });

  fc.assert(
    fc.property(view, text, (some, grid) => {
      const status = commitStatus({ grid, deploy: some, targetUrl: null });
      expect(status.description.length).toBeLessThanOrEqual(140);
      expect(status.description).not.toMatch(
        /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u{10000}-\u{10ffff}]/u,
      );
      expect(status.context.length).toBeLessThanOrEqual(255);
    }),
    { numRuns: 500 },
  );
});
