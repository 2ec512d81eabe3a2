import { describe, expect, test } from 'vitest';
import { whyNotBack, withFallBacks } from '../../src/planner/fall-back.ts';
import {
  aFailure,
  aNode,
  aNodeRunning,
  anAttempt,
  anObservedInstance,
  aService,
  aSpec,
  assigned,
  aVolumeMount,
  desiring,
  running,
} from '../support/builders.ts';
import { planOf, reasons } from './planning.ts';

const bad = aService({ instances: 3, specHash: 'bbbbbbbbbbbbbbbb' });
const good = aService({ instances: 2, specHash: 'aaaaaaaaaaaaaaaa', spec: aSpec({ user: 'a' }) });
const api = aService({ stack: 'other', name: 'api' });

describe('a desired state with a service as it last served', () => {
  test('has what it is from then, and how many and where from now', () => {
    const now = { ...bad, strategy: 'random', onFailure: 'rollback' } as const;
    const made = withFallBacks(desiring([now]), new Map([['shop/web', good]]));
    const { spec, specHash } = good;
    expect(made.stacks[0]?.services).toEqual([{ ...now, spec, specHash }]);
  });

  test('is the same object in everything else', () => {
    const desired = desiring([bad, api]);
    const made = withFallBacks(desired, new Map([['shop/web', good]]));
    expect(made.stacks[0]).toBe(desired.stacks[0]);
    expect(made.grid).toBe(desired.grid);
    expect(withFallBacks(desired, new Map())).toBe(desired);
  });

  test('leads back instances that have changed, one at a time, and gives up the one that failed', () => {
    const failed = aNode({
      name: 'b',
      instances: [
        anObservedInstance({
          ...running(good, 2),
          attempt: anAttempt({ specHash: bad.specHash, phase: 'failed', failure: aFailure() }),
        }),
      ],
      assigned: [assigned(bad, 2)],
    });
    const nodes = [aNodeRunning('a', [[bad, 1]]), failed, aNodeRunning('c', [[good, 3]])];
    const { stacks } = withFallBacks(desiring([bad]), new Map([['shop/web', good]]));
    expect(reasons(planOf({ services: stacks[0]?.services ?? [], nodes }))).toEqual([
      'replace shop/web-2 on b: back to the spec that runs (aaaaaaa)',
      'replace shop/web-1 on a: spec changed (bbbbbbb → aaaaaaa)',
    ]);
  });
});

describe('a service is not run as it last served', () => {
  const mounts = [aVolumeMount()];
  const withVolume = aService({ spec: aSpec({ mounts }) });
  const mark = '⟦secret.key.abcdefghijklmnop⟧';
  const chance = '⟦random.key.abcdefghijklmnop⟧';

  test.each([
    ['its volume', withVolume, [bad], 'it needs the volume data'],
    [
      'its volume, where another has one of the name',
      withVolume,
      [bad, { ...api, spec: withVolume.spec }],
      'it needs the volume data',
    ],
    [
      'what it depends on',
      { ...good, dependsOn: ['other/api'] },
      [bad],
      'it needs the service other/api',
    ],
    [
      'its secret',
      { ...good, secrets: { [mark]: 'sealed' } },
      [bad],
      'it needs ⟦key⟧ of secrets.yml as it was',
    ],
  ] as const)('when the revision has no more %s', (_, past, services, reason) => {
    expect(whyNotBack(past, desiring(services))).toBe(reason);
  });

  test.each([
    ['its volume', withVolume, [{ ...bad, spec: withVolume.spec }]],
    [
      'the volume that it shares',
      aService({ spec: aSpec({ mounts: [aVolumeMount({ scope: 'grid' })] }) }),
      [bad, { ...api, spec: aSpec({ mounts: [aVolumeMount({ scope: 'grid' })] }) }],
    ],
    ['what it depends on', { ...good, dependsOn: ['other/api'] }, [bad, api]],
    [
      'its secret',
      { ...good, secrets: { [mark]: 'x' } },
      [bad, { ...api, secrets: { [mark]: 'x' } }],
    ],
    ['nothing but what is made by chance', { ...good, secrets: { [chance]: null } }, [bad]],
  ] as const)('else: it still has %s', (_, past, services) => {
    expect(whyNotBack(past, desiring(services))).toBeNull();
  });

  test('else: what it depends on is held, and may well be there', () => {
    const past = { ...good, dependsOn: ['other/api'] };
    expect(whyNotBack(past, desiring([bad], { held: ['other'] }))).toBeNull();
  });
});
