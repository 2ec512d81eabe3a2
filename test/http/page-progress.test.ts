import { describe, expect, it } from 'vitest';
import { shownWaves } from '../../src/http/page-progress.ts';
import type { Deploy } from '../../src/protocol/deploy-api.ts';
import { aDeploy, aPlan, aStep } from './fake-operations.ts';

const first = aStep({ number: 1 });
const second = aStep({ number: 2 });
const third = aStep({ number: 3 });
const plan = aPlan({ waves: [{ steps: [first] }, { steps: [second] }, { steps: [third] }] });

function states(fields: Partial<Deploy>): string[] {
  return shownWaves(aDeploy({ plan, ...fields })).map((wave) =>
    wave.map(({ step, state }) => `${step.number} ${state}`).join(', '),
  );
}

describe('shownWaves', () => {
  it('shows what the newest look no longer asks for as done, its first wave as running, the rest as waiting', () => {
    const remaining = aPlan({ waves: [{ steps: [second] }, { steps: [third] }] });
    expect(states({ remaining })).toEqual(['1 done', '2 running', '3 waiting']);
  });

  it('shows everything as waiting before the first look after the plan', () => {
    expect(states({ remaining: null })).toEqual(['1 waiting', '2 waiting', '3 waiting']);
  });

  it('shows nothing as running while a person has to confirm', () => {
    expect(states({ phase: 'held', remaining: plan })).toEqual([
      '1 waiting',
      '2 waiting',
      '3 waiting',
    ]);
  });

  it('shows everything as done when the deploy succeeded', () => {
    expect(states({ phase: 'succeeded', remaining: null })).toEqual(['1 done', '2 done', '3 done']);
  });

  it('does not claim that the steps after a failed one were taken, though the plan no longer has them', () => {
    const failure = { code: 'container-exited', message: 'm', exitCode: 1, log: [], count: 1 };
    const halted = [
      { stack: 'shop', service: 'web', number: 2, node: 'web-1', failure, remaining: 1 },
    ];
    const remaining = aPlan({ waves: [], halted });
    expect(states({ phase: 'failed', remaining })).toEqual(['1 done', '2 failed', '3 skipped']);
  });

  it('leaves a step beside the failed one open', () => {
    const failure = { code: 'container-exited', message: 'm', exitCode: 1, log: [], count: 1 };
    const halted = [
      { stack: 'shop', service: 'web', number: 2, node: 'web-1', failure, remaining: 1 },
    ];
    const beside = aPlan({ waves: [{ steps: [first, second] }] });
    expect(
      states({ phase: 'failed', plan: beside, remaining: aPlan({ waves: [], halted }) }),
    ).toEqual(['1 open, 2 failed']);
  });

  it('shows what a superseding deploy took over as not taken', () => {
    const remaining = aPlan({ waves: [{ steps: [third] }] });
    expect(states({ phase: 'superseded', remaining })).toEqual(['1 done', '2 done', '3 skipped']);
  });

  it('adds steps that came up on the way as a last wave', () => {
    const crashed = aStep({ number: 9 });
    const remaining = aPlan({ waves: [{ steps: [crashed, third] }] });
    expect(states({ remaining })).toEqual(['1 done', '2 done', '3 running', '9 running']);
  });

  it('shows no waves before there is a plan', () => {
    expect(states({ plan: null, remaining: null })).toEqual([]);
  });
});
