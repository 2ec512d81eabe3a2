import { describe, expect, it } from 'vitest';
import { lastOutput, listedHealth, verdictOf } from '../../src/agent/docker-health.ts';

describe('the words of Docker about health', () => {
  it.each([
    ['Up 5 seconds (healthy)', 'healthy'],
    ['Up 2 hours (unhealthy)', 'unhealthy'],
    ['Up Less than a second (health: starting)', 'starting'],
    ['Up 5 seconds', null],
    ['Up 5 seconds (Paused)', null],
    ['Exited (0) 5 seconds ago', null],
  ])('in a listing are understood: %s', (status, health) => {
    expect(listedHealth(status)).toBe(health);
  });

  it('are no verdict where there is no check', () => {
    expect(verdictOf('none')).toBeNull();
    expect(verdictOf(undefined)).toBeNull();
  });

  it('are told by the beginning of what the last check printed', () => {
    expect(lastOutput([{ Output: 'first' }, { Output: ` last${'!'.repeat(1_000)}\n` }])).toBe(
      `last${'!'.repeat(496)}`,
    );
    expect(lastOutput([])).toBe('');
    expect(lastOutput(undefined)).toBe('');
  });
});
