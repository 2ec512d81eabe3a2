import { describe, expect, test } from 'vitest';
import { isConverged } from '../../src/model/plan.ts';
import {
  aNode,
  aNodeRunning,
  aService,
  aSpec,
  assigned,
  NOW,
  running,
  someFacts,
} from '../support/builders.ts';
import { places, planOf, reasons, waits, waves } from './planning.ts';

const SECOND = 1_000;
const here = aNode({ name: 'here' });

function gone(milliseconds: number, service = aService(), overrides = {}) {
  return aNodeRunning('gone', [[service, 1]], {
    status: 'offline',
    lastSeenAt: NOW - milliseconds,
    ...overrides,
  });
}

/** Told to drop its instance, which it still had when it was last heard of. */
function leaving(number: number, service = aService()) {
  const overrides = { status: 'offline', lastSeenAt: NOW - 10 * SECOND, assigned: [] } as const;
  return aNodeRunning(`gone-${number}`, [[service, number]], overrides);
}

describe('a node that is offline', () => {
  test.each([
    ['ha', 120],
    ['random', 30],
  ] as const)('keeps its %s instances for %i s', (strategy, seconds) => {
    const web = aService({ strategy });
    const scene = (age: number) => ({ services: [web], nodes: [gone(age, web), here] });
    expect(isConverged(planOf(scene(seconds * SECOND - 1)))).toBe(true);
    expect(places(planOf(scene(seconds * SECOND)))).toEqual({ 'shop/web-1': 'here' });
  });

  test.each(['ha', 'random', 'daemon'] as const)(
    'keeps its %s instances for as long as the grid says',
    (strategy) => {
      const web = aService({ strategy });
      const grid = { gracePeriods: { [strategy]: 3_600 } };
      const missing = (age: number) =>
        isConverged(planOf({ services: [web], nodes: [gone(age, web)], grid }));
      expect(missing(3_600 * SECOND - 1)).toBe(true);
      expect(planOf({ services: [web], nodes: [gone(3_600 * SECOND, web)], grid }).wanted).toBe(
        strategy === 'daemon' ? 0 : 1,
      );
      expect(
        places(planOf({ services: [web], nodes: [gone(3_600 * SECOND, web), here], grid })),
      ).toEqual(strategy === 'daemon' ? { 'shop/web-2': 'here' } : { 'shop/web-1': 'here' });
    },
  );

  test('never loses its stateful instances, however soon the grid loses patience', () => {
    const db = aService({ name: 'db', stateful: true });
    const grid = { gracePeriods: { ha: 10 } };
    const made = planOf({ services: [db], nodes: [gone(7_200 * SECOND, db), here], grid });
    expect(made.waves).toEqual([]);
  });

  test('counts among the nodes of a daemon for 600 s', () => {
    const log = aService({ strategy: 'daemon' });
    const wanted = (age: number) => planOf({ services: [log], nodes: [gone(age, log)] }).wanted;
    expect([wanted(600 * SECOND - 1), wanted(600 * SECOND)]).toEqual([1, 0]);
  });

  test('is waited for when its instance was not as desired', () => {
    const web = aService();
    const nodes = [gone(40 * SECOND, { ...web, specHash: 'aaaaaaaaaaaaaaaa' }), here];
    const made = planOf({ services: [web], nodes });
    expect(made.waves).toEqual([]);
    expect(waits(made)).toEqual(['shop/web-1: node gone is offline, last seen 40 s ago']);
  });

  test('loses its stateless instances after that, and is told so once they are ready elsewhere', () => {
    const web = aService();
    const lost = gone(180 * SECOND);
    const first = planOf({ services: [web], nodes: [lost, here] });
    expect(reasons(first)).toEqual([
      'create shop/web-1 on here: node gone was lost 3 min ago',
      'remove shop/web-1 on gone: moved to here',
    ]);
    const moved = [lost, aNodeRunning('here', [[web, 1]])];
    expect(waves(planOf({ services: [web], nodes: moved }))).toEqual([
      ['remove shop/web-1 on gone'],
    ]);
    const told = [{ ...lost, assigned: [] }, aNodeRunning('here', [[web, 1]])];
    expect(isConverged(planOf({ services: [web], nodes: told }))).toBe(true);
  });

  test('that comes back with what was moved away loses it', () => {
    const web = aService();
    const nodes = [
      aNode({ name: 'back', instances: [running(web)] }),
      aNodeRunning('here', [[web, 1]]),
    ];
    expect(waves(planOf({ services: [web], nodes }))).toEqual([['remove shop/web-1 on back']]);
  });

  test('that comes back before the move is done keeps what it has', () => {
    const web = aService();
    const started = aNode({ name: 'here', assigned: [assigned(web)] });
    const nodes = [aNodeRunning('back', [[web, 1]]), started];
    expect(waves(planOf({ services: [web], nodes }))).toEqual([['remove shop/web-1 on here']]);
  });

  test('never loses its stateful instances', () => {
    const db = aService({ name: 'db', stateful: true });
    const made = planOf({ services: [db], nodes: [gone(7_200 * SECOND, db), here] });
    expect(made.waves).toEqual([]);
    expect(made.blocked[0]?.reason).toBe(
      'node gone was lost 2 h ago; a stateful instance does not move by itself',
    );
  });

  test('keeps the numbers of its daemons, which nobody else gets', () => {
    const log = aService({ name: 'log', strategy: 'daemon' });
    const nodes = [gone(700 * SECOND, log), here];
    const made = planOf({ services: [log], nodes });
    expect(places(made)).toEqual({ 'shop/log-2': 'here' });
    expect(made.wanted).toBe(1);
  });

  describe('and runs what no revision wants', () => {
    const api = aService({ name: 'api' });
    const scene = (age: number, overrides = {}) => ({
      services: [api],
      nodes: [gone(age, aService(), overrides), aNodeRunning('here', [[api, 1]])],
    });
    const told = { assigned: [] };

    test('is told so, once', () => {
      expect(waves(planOf(scene(10 * SECOND)))).toEqual([['remove shop/web-1 on gone']]);
      expect(planOf(scene(10 * SECOND, told)).waves).toEqual([]);
    });

    test('is waited for as long as it may be back, and no longer', () => {
      expect(waits(planOf(scene(10 * SECOND, told)))).toEqual([
        'shop/web-1: may still run: node gone is offline, last seen 10 s ago',
      ]);
      expect(isConverged(planOf(scene(119 * SECOND, told)))).toBe(false);
      expect(isConverged(planOf(scene(120 * SECOND, told)))).toBe(true);
    });

    test('is not waited for when it ran nothing any more', () => {
      expect(isConverged(planOf(scene(10 * SECOND, { ...told, instances: [] })))).toBe(true);
    });
  });

  describe('and alone could take a new instance', () => {
    const api = aService({
      name: 'api',
      affinity: [{ key: 'node', value: 'gone', negated: false, soft: false }],
    });
    const nodes = (age: number, overrides = {}) => [gone(age, aService(), overrides), here];
    const scene = (age: number, overrides = {}) => ({
      services: [aService(), api],
      nodes: nodes(age, overrides),
    });

    test('is waited for as long as it may be back, and no longer', () => {
      const made = planOf(scene(20 * SECOND));
      expect(waits(made)).toEqual(['shop/api-1: node gone is offline, last seen 20 s ago']);
      expect(made.blocked).toEqual([]);
      expect(planOf(scene(120 * SECOND)).blocked.map(({ service }) => service)).toEqual(['api']);
    });

    test('is looked at once for all that need the same', () => {
      const looks = (instances: number): number => {
        let count = 0;
        const facts = {
          ...someFacts(),
          get memory() {
            count += 1;
            return 1;
          },
        };
        const wanted = aService({ name: 'api', instances, spec: aSpec({ memory: 2 }) });
        const made = planOf({ services: [wanted], nodes: [gone(SECOND, aService(), { facts })] });
        expect(made.blocked).toHaveLength(instances);
        return count;
      };
      expect(looks(100)).toBe(looks(10));
    });

    test('is not waited for when it is to be drained, or could not take it either', () => {
      const drained = planOf(scene(20 * SECOND, { availability: 'drain' }));
      expect(drained.blocked.map(({ service }) => service)).toContain('api');
      const memory = 8 * 1024 ** 4;
      const large = { ...api, spec: { ...api.spec, memory } };
      const made = planOf({ services: [aService(), large], nodes: nodes(20 * SECOND) });
      expect(made.blocked.map(({ service }) => service)).toEqual(['api']);
    });
  });

  test('is waited for with the run of a job that nobody wants any more', () => {
    const run = { id: 'schedule/1', attempt: 1, startedAt: NOW };
    const after = (underWay: typeof run | null) => {
      const shown = { running: underWay, nextAt: null, runs: [] };
      const job = { specHash: 'a', succeeded: false, ...shown };
      const id = { stack: 'shop', service: 'backup', number: 1 };
      const instances = [{ ...id, current: null, attempt: null, job }];
      return planOf({
        services: [],
        nodes: [here, gone(SECOND, aService(), { assigned: [], instances })],
      });
    };
    expect(waits(after(run))).toEqual([
      'shop/backup-1: may still run: node gone is offline, last seen 1 s ago',
    ]);
    expect(isConverged(after(null))).toBe(true);
  });

  test('is waited for with the instances that are too many', () => {
    const web = aService();
    const nodes = [aNodeRunning('here', [[web, 1]]), leaving(2), leaving(3)];
    expect(waits(planOf({ services: [web], nodes }))).toEqual([
      'shop/web-2: may still run: node gone-2 is offline, last seen 10 s ago',
      'shop/web-3: may still run: node gone-3 is offline, last seen 10 s ago',
    ]);
  });

  describe('and is to hear of what changes no container', () => {
    const lb = aService({ name: 'lb' });
    const told = { ...assigned(lb), untold: true } as const;
    const scene = (age: number, overrides = {}) => ({
      services: [lb],
      nodes: [here, gone(age, lb, { assigned: [told], ...overrides })],
    });

    test('is waited for as long as it may be back, and no longer', () => {
      const made = planOf(scene(20 * SECOND));
      expect(made.waves).toEqual([]);
      expect(waits(made)).toEqual([
        'shop/lb-1: goes by what was wanted before: node gone is offline, last seen 20 s ago',
      ]);
      expect(places(planOf(scene(120 * SECOND)))).toEqual({ 'shop/lb-1': 'here' });
      expect(isConverged(planOf(scene(20 * SECOND, { assigned: [assigned(lb)] })))).toBe(true);
    });

    test('holds up nothing that depends on that', () => {
      const web = aService({ dependsOn: ['shop/lb'] });
      const made = planOf({ ...scene(20 * SECOND), services: [lb, web] });
      expect(waves(made)).toEqual([['create shop/web-1 on here']]);
    });
  });

  test('holds up nothing that depends on what it should drop', () => {
    const none = aService({ name: 'db', instances: 0 });
    const web = aService({ dependsOn: ['shop/db'] });
    const nodes = [here, leaving(1, none)];
    expect(waves(planOf({ services: [none, web], nodes }))).toEqual([
      ['create shop/web-1 on here'],
    ]);
  });
});

describe('a node that has not reported since the master knows of it', () => {
  const web = aService();
  const unheard = (age: number, overrides = {}) =>
    aNode({
      name: 'unheard',
      status: 'unobserved',
      lastSeenAt: NOW - age,
      facts: null,
      ...overrides,
    });

  test('may have what is seen nowhere, so that waits', () => {
    const made = planOf({ services: [web], nodes: [here, unheard(29 * SECOND)] });
    expect(made.waves).toEqual([]);
    expect(waits(made)).toEqual(['shop/web-1: node unheard has not reported yet']);
    expect(isConverged(made)).toBe(false);
  });

  test('is one of several that are named', () => {
    const nodes = ['a', 'b', 'c', 'd'].map((name) => unheard(0, { name }));
    const made = planOf({ services: [web], nodes });
    expect(waits(made)).toEqual(['shop/web-1: 4 nodes have not reported yet: a, b, c and 1 more']);
  });

  test('does not hold up what another node is assigned', () => {
    const nodes = [aNode({ name: 'here', assigned: [assigned(web)] }), unheard(0)];
    expect(waves(planOf({ services: [web], nodes }))).toEqual([['create shop/web-1 on here']]);
  });

  test('does not hold up the move of what is seen', () => {
    const nodes = [aNodeRunning('a', [[web, 1]], { availability: 'drain' }), here, unheard(0)];
    expect(places(planOf({ services: [web], nodes }))).toEqual({ 'shop/web-1': 'here' });
  });

  test('is waited for with what it is assigned, and with what it should drop', () => {
    const api = aService({ name: 'api' });
    const nodes = [here, unheard(0, { assigned: [assigned(web), assigned(api)] })];
    expect(waits(planOf({ services: [web], nodes }))).toEqual([
      'shop/api-1: may still run: node unheard has not reported yet',
      'shop/web-1: node unheard has not reported yet',
    ]);
  });

  test('counts by what it last reported, if that is known and as desired', () => {
    const known = aNodeRunning('unheard', [[web, 1]], { status: 'unobserved', lastSeenAt: NOW });
    expect(isConverged(planOf({ services: [web], nodes: [here, known] }))).toBe(true);
  });

  test('counts as offline after a while', () => {
    const made = planOf({ services: [web], nodes: [here, unheard(30 * SECOND)] });
    expect(places(made)).toEqual({ 'shop/web-1': 'here' });
  });

  test('may for ever have the data of a stateful instance that is seen nowhere', () => {
    const db = aService({ name: 'db', stateful: true });
    const made = planOf({ services: [db], nodes: [here, unheard(3_600 * SECOND)] });
    expect(made.waves).toEqual([]);
    expect(made.blocked[0]?.reason).toBe(
      'node unheard has never reported, and may hold its data: start its agent, or remove the node from the grid',
    );
  });

  test('is no reason to wait when the master remembers it from before', () => {
    const db = aService({ name: 'db', stateful: true });
    const known = aNode({ name: 'known', status: 'unobserved', lastSeenAt: NOW - 3_600 * SECOND });
    expect(places(planOf({ services: [db], nodes: [here, known] }))).toEqual({
      'shop/db-1': 'here',
    });
  });

  test('keeps daemons from taking numbers that it may have', () => {
    const log = aService({ name: 'log', strategy: 'daemon' });
    expect(planOf({ services: [log], nodes: [here, unheard(0)] }).waves).toEqual([]);
  });
});

test('without any node everything is blocked', () => {
  const made = planOf({ services: [aService()], nodes: [] });
  expect(made.blocked[0]?.reason).toBe('no node can take it: the grid has none yet');
});

describe('a node whose Docker engine is silent', () => {
  function mute(milliseconds: number, service = aService()) {
    const engineSilence = { since: NOW - milliseconds, reason: 'connect\nENOENT' };
    return aNodeRunning('mute', [[service, 1]], { engineSilence });
  }

  test.each([
    ['ha', 120],
    ['random', 30],
  ] as const)(
    'keeps its %s instances for %i s, as one that is offline does',
    (strategy, seconds) => {
      const web = aService({ strategy });
      const scene = (age: number) => ({ services: [web], nodes: [mute(age, web), here] });
      expect(isConverged(planOf(scene(seconds * SECOND - 1)))).toBe(true);
      expect(places(planOf(scene(seconds * SECOND)))).toEqual({ 'shop/web-1': 'here' });
    },
  );

  test('is given as the reason, with its own', () => {
    const web = aService();
    const moved = planOf({ services: [web], nodes: [mute(180 * SECOND), here] });
    expect(reasons(moved)[0]).toBe(
      'create shop/web-1 on here: the Docker engine of node mute has not answered for 3 min: connect ENOENT',
    );
    const older = mute(40 * SECOND, { ...web, specHash: 'aaaaaaaaaaaaaaaa' });
    const changed = planOf({ services: [web], nodes: [older, here] });
    expect(changed.waves).toEqual([]);
    expect(waits(changed)).toEqual([
      'shop/web-1: the Docker engine of node mute has not answered for 40 s: connect ENOENT',
    ]);
  });

  test('gets nothing new, and says why', () => {
    const services = [aService(), aService({ name: 'new' })];
    const soon = planOf({ services, nodes: [mute(SECOND)] });
    expect(waits(soon)).toEqual([
      'shop/new-1: the Docker engine of node mute has not answered for 1 s: connect ENOENT',
    ]);
    const made = planOf({ services, nodes: [mute(120 * SECOND)] });
    expect(made.blocked[0]?.excluded).toMatchObject([
      { filter: 'availability', nodes: ['mute'], reason: 'its Docker engine does not answer' },
    ]);
  });

  test('never loses its stateful instances', () => {
    const db = aService({ stateful: true });
    const made = planOf({ services: [db], nodes: [mute(9_000 * SECOND, db), here] });
    expect(made.waves).toEqual([]);
    expect(made.blocked[0]?.reason).toContain('Docker engine of node mute');
  });

  test('has been gone since then when its agent leaves, too', () => {
    const web = aService();
    const left = { ...mute(119 * SECOND), status: 'offline', lastSeenAt: NOW - SECOND } as const;
    expect(isConverged(planOf({ services: [web], nodes: [left, here] }))).toBe(true);
    const lost = { ...mute(120 * SECOND), status: 'offline', lastSeenAt: NOW - SECOND } as const;
    expect(places(planOf({ services: [web], nodes: [lost, here] }))).toEqual({
      'shop/web-1': 'here',
    });
  });
});
