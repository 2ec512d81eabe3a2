import { describe, expect, it } from 'vitest';
import { statusFaults } from './statuses.ts';

const pending = { state: 'pending', description: 'queued' } as const;
const success = { state: 'success', description: '2 instances running' } as const;
const failure = { state: 'failure', description: 'exited with 1' } as const;
const superseded = { state: 'failure', description: 'superseded by abc' } as const;

describe('what a commit was told', () => {
  it.each([
    ['a verdict', [pending, success]],
    ['the same verdict twice', [pending, success, success]],
    ['a failure that recovered', [pending, failure, success]],
  ] as const)('is in order with %s', (_, told) => {
    expect(statusFaults(told, 'a')).toEqual([]);
  });

  it.each([
    ['nothing', []],
    ['no verdict', [pending]],
    ['progress after its verdict', [superseded, pending]],
    ['a failure after its success', [success, failure]],
    ['two failures', [failure, superseded]],
  ] as const)('is a fault with %s', (_, told) => {
    expect(statusFaults(told, 'a')).toHaveLength(1);
  });
});
