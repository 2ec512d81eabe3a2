import { expect, test } from 'vitest';
import { defaultPolicy, plan as makePlan } from '../../src/planner/plan.ts';
import { comparisonText, sameAsPreview } from '../../src/planner/preview-comparison.ts';
import { aNode, aNodeRunning, aService, desiring, NOW } from '../support/builders.ts';
import { previewOf } from './previewing.ts';

const web = aService();
const nodes = [aNodeRunning('n1', [[web, 1]]), aNode({ name: 'n2' })];
const after = [web, aService({ name: 'api' })];

function planned(services = after, of = nodes) {
  const desired = desiring(services, { revision: 'the merge commit' });
  return makePlan({ desired, observed: { nodes: of }, now: NOW + 60_000, policy: defaultPolicy });
}

test('a plan is the one that was shown, whatever commit and time it is of', () => {
  const { plan } = previewOf({ before: [web], after, nodes });
  expect(sameAsPreview(plan, planned())).toEqual({ same: true });
});

test('what was not shown is told, what destroys first', () => {
  const { plan } = previewOf({ before: [web], after, nodes });
  const other = sameAsPreview(
    plan,
    planned([aService({ name: 'job' }), aService({ name: 'api' })]),
  );
  expect(other).toEqual({
    same: false,
    unseen: ['remove shop/web-1', 'create shop/job-1 on n1'],
    missing: [],
  });
  if (!other.same)
    expect(comparisonText(other)).toBe('other than reviewed: also remove shop/web-1 (+1 more)');
});

test('what was shown and is not done is told as well', () => {
  const { plan } = previewOf({ before: [web], after, nodes });
  const other = sameAsPreview(plan, planned([web]));
  if (other.same) throw new Error('it is another one');
  expect(comparisonText(other)).toBe('other than reviewed: not create shop/api-1 on n2');
});

test('without a preview everything is unseen', () => {
  expect(sameAsPreview(null, planned())).toMatchObject({ same: false, missing: [] });
});
