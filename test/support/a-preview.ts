import {
  type GridPreview,
  losesData,
  type Preview,
  type PreviewCounts,
  type PreviewedPlan,
  type PreviewedStep,
} from '../../src/model/preview.ts';
import type { Problem } from '../../src/model/problem.ts';
import { NOW } from './builders.ts';

export function aPreviewedStep(overrides: Partial<PreviewedStep> = {}): PreviewedStep {
  return {
    kind: 'create',
    path: 'shop/web-1',
    node: 'n1',
    wave: 1,
    reason: 'new',
    danger: null,
    downtime: null,
    isDueAnyway: false,
    ...overrides,
  };
}

export function aPreviewedPlan(overrides: Partial<PreviewedPlan> = {}): PreviewedPlan {
  return {
    hash: 'b10c'.repeat(16),
    wanted: 1,
    steps: [],
    blocked: [],
    halted: [],
    waiting: [],
    warnings: [],
    confirmation: null,
    ...overrides,
  };
}

/** Counts are of what is in it, unless they are given. */
export function aGridPreview(
  overrides: Partial<Omit<GridPreview, 'counts'>> & {
    readonly counts?: Partial<PreviewCounts>;
  } = {},
): GridPreview {
  const grid = {
    grid: 'demo',
    problems: [],
    plan: aPreviewedPlan(),
    settings: [],
    changes: [],
    secrets: [],
    pulls: [],
    closed: null,
    ...overrides,
  };
  return { ...grid, counts: { ...countsOf(grid), ...overrides.counts } };
}

export function aPreview(overrides: Partial<Preview> = {}): Preview {
  return {
    id: '01a9c0de-0000-7000-8000-000000000001',
    repository: 'company/grids',
    request: {
      number: 12,
      title: 'Update the shop',
      url: 'https://forge.example/company/grids/pull/12',
      author: 'ada',
      isDraft: false,
    },
    head: '3f2a9c1d5e6b7a8091a2b3c4d5e6f708192a3b4c',
    base: '84aaee9d5e6b7a8091a2b3c4d5e6f708192a3b4c',
    branch: 'main',
    at: NOW,
    outcome: { kind: 'planned', grids: [aGridPreview()] },
    ...overrides,
  };
}

export function aProblem(overrides: Partial<Problem> = {}): Problem {
  return {
    severity: 'error',
    code: 'unknown-key',
    message: 'there is no key "imaeg"',
    position: { file: 'grids/demo/stacks/shop/kontena.yml', line: 4, column: 5 },
    hint: 'Did you mean "image"?',
    ...overrides,
  };
}

/** Something of everything. */
export function anEventfulGridPreview(grid = 'demo'): GridPreview {
  return aGridPreview({
    grid,
    problems: [aProblem()],
    settings: [{ key: 'mtu', before: '1370', after: '1400' }],
    changes: [
      {
        path: 'shop/api',
        kind: 'added',
        values: [{ key: 'image', before: null, after: 'shop/api:1' }],
        count: 1,
      },
      { path: 'shop/db', kind: 'removed', values: [], count: 0 },
      {
        path: 'shop/web',
        kind: 'changed',
        values: [
          { key: 'environment.DB_PASSWORD', before: '(hidden)', after: '(hidden)' },
          { key: 'environment.LOG_LEVEL', before: 'info', after: 'debug' },
          { key: 'image', before: 'shop/web:1', after: 'shop/web:2' },
        ],
        count: 4,
      },
    ],
    secrets: [
      { name: 'db-password', kind: 'secret', change: 'changed' },
      { name: 'old', kind: 'secret', change: 'removed' },
    ],
    pulls: [
      { image: 'shop/api:1', nodes: ['n1'], bytes: null },
      { image: 'shop/web:2', nodes: ['n1', 'n2'], bytes: 123_000_000 },
    ],
    closed: 'closed until 2027-01-15 08:00 UTC: outside of the deploy windows',
    plan: aPreviewedPlan({
      wanted: 6,
      confirmation: 'removes stateful shop/db-1',
      steps: [
        aPreviewedStep({
          kind: 'remove',
          path: 'shop/db-1',
          wave: null,
          danger: 'removed; volume shop.db.data-1 stays on n1, used by nothing',
        }),
        aPreviewedStep({ kind: 'remove', path: 'shop/web-3', node: 'n3', danger: 'removed' }),
        aPreviewedStep({
          kind: 'replace',
          downtime: 'it stops before the new one starts: both need port 80/tcp of the node',
        }),
        aPreviewedStep({ path: 'shop/api-1' }),
        aPreviewedStep({ path: 'blog/web-1', node: 'n2', isDueAnyway: true }),
      ],
      blocked: [
        {
          paths: ['shop/api-2', 'shop/api-3'],
          instances: 2,
          reason: 'no node fits',
          isDueAnyway: false,
          excluded: [
            { filter: 'affinity', reason: 'has no label ssd', nodes: ['n2', 'n3'], count: 2 },
          ],
        },
      ],
      halted: [{ path: 'blog/job-1', node: 'n1', why: 'exited with code 1' }],
      waiting: [{ path: 'shop/web-2', why: 'shop/db has not converged' }],
      warnings: ['volume data of shop/web is local to each node'],
    }),
  });
}

function countsOf(grid: Omit<GridPreview, 'counts'>): PreviewCounts {
  const steps = grid.plan?.steps ?? [];
  const kind = (wanted: PreviewedStep['kind']) => steps.filter((one) => one.kind === wanted).length;
  const blocked = (grid.plan?.blocked ?? []).filter((one) => !one.isDueAnyway);
  const anyway = (grid.plan?.blocked ?? []).filter((one) => one.isDueAnyway);
  const instances = (of: readonly { readonly instances: number }[]) => {
    let count = 0;
    for (const one of of) count += one.instances;
    return count;
  };
  return {
    errors: grid.problems.filter(({ severity }) => severity === 'error').length,
    warnings: grid.problems.filter(({ severity }) => severity === 'warning').length,
    create: kind('create'),
    replace: kind('replace'),
    remove: kind('remove'),
    destructive: steps.filter(({ danger }) => danger !== null).length,
    losingData: steps.filter(losesData).length,
    downtime: steps.filter(({ downtime }) => downtime !== null).length,
    blocked: instances(blocked),
    blockedAnyway: instances(anyway),
    halted: grid.plan?.halted.length ?? 0,
    waiting: grid.plan?.waiting.length ?? 0,
    changes: grid.changes.length,
    pulls: grid.pulls.length,
  };
}
