import { describe, expect, it } from 'vitest';
import type { GridPreview, PreviewOutcome } from '../../src/model/preview.ts';
import { gridVerdict, previewVerdict } from '../../src/model/preview-verdict.ts';
import { aGridPreview, aPreview, aPreviewedPlan } from '../support/a-preview.ts';

function verdictOf(...grids: readonly GridPreview[]) {
  return previewVerdict(aPreview({ outcome: { kind: 'planned', grids } }));
}

const creating = aGridPreview({ counts: { create: 2 } });
const removing = aGridPreview({ counts: { remove: 3, destructive: 3, losingData: 1 } });
const broken = aGridPreview({ plan: null, counts: { errors: 2 } });

describe('the verdict', () => {
  it.each<[string, GridPreview, ReturnType<typeof gridVerdict>]>([
    ['a grid that cannot be read', broken, { tone: 'bad', text: 'cannot be planned: 2 errors' }],
    [
      'a stack that is held back',
      aGridPreview({ counts: { errors: 1, replace: 1 } }),
      { tone: 'bad', text: '1 error, which holds back a part; 1 to replace' },
    ],
    [
      'instances that fit nowhere',
      aGridPreview({ counts: { blocked: 2, create: 1 } }),
      { tone: 'bad', text: 'no node for 2 instances; 1 to create' },
    ],
    [
      'what is destroyed',
      removing,
      { tone: 'care', text: '3 to remove (3 destructive, 1 of data)' },
    ],
    [
      'what has to be confirmed',
      aGridPreview({
        plan: aPreviewedPlan({ confirmation: 'removes 2 of 3' }),
        counts: { remove: 2, destructive: 2 },
      }),
      { tone: 'care', text: '2 to remove (2 destructive); needs confirmation' },
    ],
    ['an ordinary change', creating, { tone: 'good', text: '2 to create' }],
    [
      'a change of what is no instance’s',
      aGridPreview({ settings: [{ key: 'deploy_timeout', before: '1', after: '2' }] }),
      { tone: 'calm', text: 'no instance is changed' },
    ],
    ['nothing', aGridPreview(), { tone: 'calm', text: 'no changes to deploy' }],
  ])('tells %s', (_, grid, verdict) => {
    expect(gridVerdict(grid)).toEqual(verdict);
  });

  it('is that of the worst grid, and sums them up', () => {
    expect(verdictOf()).toEqual({ tone: 'calm', text: 'no changes to deploy' });
    expect(verdictOf(creating)).toEqual(gridVerdict(creating));
    expect(verdictOf(creating, creating)).toEqual({ tone: 'good', text: '2 grids: 4 to create' });
    expect(verdictOf(creating, removing)).toEqual({
      tone: 'care',
      text: '2 grids: 2 to create, 3 to remove (3 destructive, 1 of data); read 1 with care',
    });
    expect(verdictOf(creating, removing, broken)).toMatchObject({
      tone: 'bad',
      text: expect.stringMatching(/; 1 cannot be deployed as it is$/),
    });
  });

  it.each<[PreviewOutcome, string]>([
    [{ kind: 'conflict', files: [] }, 'bad'],
    [{ kind: 'failed', message: 'x', hint: null }, 'bad'],
    [{ kind: 'fork' }, 'calm'],
  ])('is there without a plan, too', (outcome, tone) => {
    expect(previewVerdict(aPreview({ outcome })).tone).toBe(tone);
  });
});
