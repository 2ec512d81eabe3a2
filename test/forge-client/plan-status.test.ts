import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gridContext, planningStatuses, planStatuses } from '../../src/forge/plan-status.ts';
import type { GridPreview, PreviewOutcome } from '../../src/model/preview.ts';
import {
  aGridPreview,
  anEventfulGridPreview,
  aPreview,
  aPreviewedPlan,
  aPreviewedStep,
  aProblem,
} from '../support/a-preview.ts';
import { hostileText, withTexts } from './hostile.ts';

const limits = { context: 255, description: 140 };

function statuses(outcome: PreviewOutcome, also: readonly string[] = []) {
  const made = planStatuses({ preview: aPreview({ outcome }), also, targetUrl: null, limits });
  return made.map(({ context, state, description }) => `${context} ${state}: ${description}`);
}

function planned(...grids: readonly GridPreview[]) {
  return statuses({ kind: 'planned', grids });
}

const creating = aGridPreview({ plan: aPreviewedPlan({ steps: [aPreviewedStep()] }) });

describe('statuses of a plan', () => {
  test('say what would be done, of each grid and of all', () => {
    expect(planned(creating, { ...creating, grid: 'staging' })).toEqual([
      'gridops/plan (demo) success: 1 to create',
      'gridops/plan (staging) success: 1 to create',
      'gridops/plan success: 2 grids: 2 to create',
    ]);
  });

  test('are final where nothing is changed, also of grids that had one before', () => {
    expect(statuses({ kind: 'planned', grids: [] }, ['demo'])).toEqual([
      'gridops/plan (demo) success: no changes to deploy',
      'gridops/plan success: no changes to deploy',
    ]);
  });

  test('are failures with the place of the first error', () => {
    expect(planned(aGridPreview({ problems: [aProblem(), aProblem()] }))[0]).toBe(
      'gridops/plan (demo) failure: grids/demo/stacks/shop/kontena.yml:4:5 there is no key "imaeg" (+1 more)',
    );
    expect(planned(aGridPreview({ plan: null, problems: [aProblem()] })).at(-1)).toContain(
      'gridops/plan failure: grids/demo/stacks/shop/kontena.yml:4:5',
    );
  });

  test('are failures where instances of what is changed fit on no node, not where others do not', () => {
    expect(planned(aGridPreview({ counts: { blocked: 2 } }))[0]).toContain(
      'failure: no node for 2 instances',
    );
    expect(planned(aGridPreview({ counts: { blockedAnyway: 2 } }))[0]).toContain('success');
  });

  test('are failures in a conflict, errors where we failed, and final for a fork', () => {
    expect(statuses({ kind: 'conflict', files: ['a.yml', 'b.yml'] }, ['demo'])).toEqual([
      'gridops/plan (demo) failure: conflicts with main: a.yml (+1 file)',
      'gridops/plan failure: conflicts with main: a.yml (+1 file)',
    ]);
    expect(statuses({ kind: 'failed', message: 'took too long', hint: null })).toEqual([
      'gridops/plan error: took too long',
    ]);
    expect(statuses({ kind: 'fork' })[0]).toMatch(
      /^gridops\/plan success: from a fork, not planned/,
    );
  });

  test('say that a grid is closed, and that something is destroyed', () => {
    expect(planned({ ...creating, closed: 'frozen' })[0]).toContain(
      '1 to create; closed at the moment',
    );
    const removing = aPreviewedStep({ kind: 'remove', danger: 'removed' });
    expect(planned(aGridPreview({ plan: aPreviewedPlan({ steps: [removing] }) }))[0]).toContain(
      'success: 1 to remove (1 destructive)',
    );
  });

  test('are pending only while it is planned', () => {
    const given = { also: ['demo'], targetUrl: null, limits };
    expect(planningStatuses(null, { ...given, also: [] })).toMatchObject([
      { state: 'pending', context: 'gridops/plan', description: 'planning' },
    ]);
    expect(planningStatuses('the base moved', given)).toMatchObject([
      { context: 'gridops/plan (demo)', description: 'the base moved, planning again' },
      { context: 'gridops/plan' },
    ]);
  });

  test('have contexts that are short enough, and differ where grids do', () => {
    const long = 'g'.repeat(300);
    for (const context of [20, 40, 255]) {
      const [one, other] = [
        gridContext(`${long}a`, { context }),
        gridContext(`${long}b`, { context }),
      ];
      expect(one.length).toBeLessThanOrEqual(context);
      expect(one).not.toBe(other);
    }
  });

  test('are what a forge takes, final, and without anything unseen, whatever is written where', () => {
    const outcome = fc.constantFrom<PreviewOutcome>(
      { kind: 'planned', grids: [anEventfulGridPreview(), creating] },
      { kind: 'conflict', files: ['a'] },
      { kind: 'failed', message: 'a', hint: 'b' },
      { kind: 'fork' },
    );
    fc.assert(
      fc.property(outcome, hostileText, fc.constantFrom(40, 255), (one, text, context) => {
        const preview = withTexts(aPreview({ outcome: one }), () => text);
        const made = planStatuses({
          preview,
          also: [text],
          targetUrl: null,
          limits: { context, description: 140 },
        });
        for (const status of made) {
          expect(status.state).not.toBe('pending');
          expect(status.description.length).toBeLessThanOrEqual(140);
          expect(status.context.length).toBeLessThanOrEqual(context);
          expect(status.description + status.context).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
        }
        expect(made.filter((status) => status.context === 'gridops/plan')).toHaveLength(1);
        expect(new Set(made.map((status) => status.context)).size).toBe(made.length);
      }),
    );
  });
});
