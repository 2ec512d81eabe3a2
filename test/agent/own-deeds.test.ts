import { describe, expect, it } from 'vitest';
import { OwnDeeds } from '../../src/agent/own-deeds.ts';
import type { ContainerStep } from '../../src/model/container.ts';

const stop: ContainerStep = { kind: 'stop-container', container: 'a', grace: 10, reason: '' };
const start: ContainerStep = { kind: 'start-container', container: 'a', reason: '' };
const remove: ContainerStep = { kind: 'remove-container', container: 'a', reason: '' };

function done(...steps: readonly ContainerStep[]): OwnDeeds {
  const deeds = new OwnDeeds();
  for (const step of steps) {
    deeds.begin(step);
    deeds.end(step);
  }
  return deeds;
}

describe('what an agent has stopped', () => {
  it('is so until it starts it again', () => {
    expect(done(stop).isStopped('a')).toBe(true);
    expect(done(stop, start).isStopped('a')).toBe(false);
  });

  it('is nobody else’s to have started while it has its time to stop', () => {
    const deeds = new OwnDeeds();
    deeds.begin(stop);
    expect(deeds.halted).toEqual([]);
    deeds.end(stop);
    expect(deeds.halted).toEqual(['a']);
  });

  it('is not its doing any more once somebody else has started it', () => {
    const deeds = done(stop);
    deeds.disown('a');
    expect(deeds.isStopped('a')).toBe(false);
  });

  it('is forgotten with the container', () => {
    const deeds = done(stop, remove);
    deeds.prune(new Set());
    expect([deeds.isStopped('a'), deeds.isRemoved('a')]).toEqual([false, false]);
  });
});
