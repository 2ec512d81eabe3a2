import { describe, expect, test } from 'vitest';
import { createPlanReview, ShownPlans, unreviewed } from '../../src/master/plan-review.ts';
import type { PreviewedPlan } from '../../src/model/preview.ts';
import { aPlan } from '../support/builders.ts';

const plan = aPlan({ hash: 'h1' });
const head = { repository: '', sha: 'c'.repeat(40), inputs: 'after' };

function aReview(hash: string | null = 'h1', previewed: PreviewedPlan | null = null) {
  const shown = new ShownPlans();
  shown.note(7, [{ grid: 'live', before: 'before', after: 'after', hash }]);
  const told: object[] = [];
  const review = createPlanReview({
    grid: 'live',
    shown,
    previewed: async () => await Promise.resolve(previewed),
    tell: async (of) => {
      await Promise.resolve(told.push(of));
    },
  });
  return { shown, told, review };
}

describe('a commit that makes of a grid what a pull request would have made', () => {
  test('is reviewed when its plan is the one that was shown', async () => {
    const { review, told } = aReview();
    expect(review.objection(head, () => plan)).toBeNull();
    await review.adopted(head, () => plan);
    expect(told).toEqual([{ sha: head.sha, number: 7, isSame: true, text: 'as shown on #7' }]);
  });

  test('is not when its plan is another by now', async () => {
    const { review, told } = aReview();
    const other = aPlan({ hash: 'h2' });
    expect(review.objection(head, () => other)).toBe(
      'not the plan that #7 has shown: nothing to do',
    );
    await review.adopted(head, () => other);
    expect(told).toMatchObject([{ isSame: false }]);
  });

  test('says which steps are others, where it is still known what was shown', async () => {
    const nothing = { blocked: [], halted: [], waiting: [], warnings: [], confirmation: null };
    const { review, told } = aReview('h1', { hash: 'h1', wanted: 1, steps: [], ...nothing });
    const step = { stack: 'shop', service: 'web', number: 1, node: 'n1', reason: 'it is gone' };
    const create = { ...step, kind: 'create', specHash: 's1' } as const;
    await review.adopted(head, () => aPlan({ hash: 'h2', waves: [{ steps: [create] }] }));
    const text = '#7: other than reviewed: also create shop/web-1 on n1';
    expect(told).toMatchObject([{ isSame: false, text }]);
  });

  test('is not when its plan could not be shown', () => {
    const { review } = aReview(null);
    expect(review.objection(head, () => plan)).toBe('#7 could not show its plan: nothing to do');
  });

  test('is compared with what was shown last', () => {
    const { review, shown } = aReview();
    shown.note(9, [{ grid: 'live', before: 'x', after: 'after', hash: 'h9' }]);
    expect(review.objection(head, () => plan)).toContain('#9');
  });
});

describe('a commit that makes something else of a grid', () => {
  const other = { repository: '', sha: 'd'.repeat(40), inputs: 'else' };

  test('was not reviewed, and needs no plan to know it', async () => {
    const { review, told } = aReview();
    const never = () => {
      throw new Error('planned');
    };
    expect(review.objection(other, never)).toBe('no pull request has shown its plan');
    await review.adopted(other, never);
    expect(told).toEqual([]);
  });

  test('was not reviewed where there are no pull requests', () => {
    expect(unreviewed.objection(other, () => plan)).toBe('no pull request has shown its plan');
  });
});

test('what was shown long ago is forgotten before what was shown last', () => {
  const shown = new ShownPlans();
  for (let number = 1; number <= 2_100; number += 1)
    shown.note(number, [{ grid: 'live', before: null, after: `${number}`, hash: 'h' }]);
  expect(shown.of('live', '1')).toBeNull();
  expect(shown.of('live', '2100')).toEqual({ number: 2_100, hash: 'h' });
});
