import { describe, expect, test } from 'vitest';
import { isConverged } from '../../src/model/plan.ts';
import { createPlanner, defaultPolicy } from '../../src/planner/plan.ts';
import {
  aContainer,
  aFailure,
  aNode,
  aNodeRunning,
  anAffinity,
  anAttempt,
  anObservedInstance,
  aPort,
  aService,
  aSpec,
  assigned,
  aVolumeMount,
  desiring,
  NOW,
  running,
  someFacts,
} from '../support/builders.ts';
import { confirmedPlanOf, places, planOf, reasons, waits, waves } from './planning.ts';

const old = { specHash: 'aaaaaaaaaaaaaaaa' };

describe('one instance on its node', () => {
  const web = aService();

  function onNode(of: {
    current?: Partial<ReturnType<typeof aContainer>> | null;
    attempt?: Partial<ReturnType<typeof anAttempt>>;
    assigned?: string | null;
  }) {
    const current =
      of.current === null ? null : aContainer({ specHash: web.specHash, ...of.current });
    const attempt = of.attempt === undefined ? null : anAttempt(of.attempt);
    const hash = of.assigned === undefined ? web.specHash : of.assigned;
    return aNode({
      instances: [anObservedInstance({ current, attempt })],
      assigned: hash === null ? [] : [assigned(web, 1, hash)],
    });
  }

  test('that runs ready with the right spec needs nothing', () => {
    const made = planOf({ services: [web], nodes: [onNode({})] });
    expect(isConverged(made)).toBe(true);
    expect(made.wanted).toBe(1);
  });

  test('that runs ready, though the master remembers no assignment, needs nothing', () => {
    expect(isConverged(planOf({ services: [web], nodes: [onNode({ assigned: null })] }))).toBe(
      true,
    );
  });

  test.each([
    [
      'has no container',
      { current: null, assigned: null, attempt: { specHash: 'x' } },
      'create shop/web-1 on web-1: no container',
    ],
    [
      'is pulled',
      { current: null, attempt: { phase: 'pulling', message: 'pulling demo:1: 34 %' } },
      'create shop/web-1 on web-1: pulling demo:1: 34 %',
    ],
    [
      'is starting',
      { current: { ready: false, health: 'starting' } },
      'create shop/web-1 on web-1: starting',
    ],
    [
      'is unhealthy',
      { current: { ready: false, health: 'unhealthy' } },
      'create shop/web-1 on web-1: unhealthy',
    ],
    [
      'was stopped',
      { current: { ready: false, running: false } },
      'create shop/web-1 on web-1: not running',
    ],
    [
      'runs another spec',
      { current: old, assigned: old.specHash },
      'replace shop/web-1 on web-1: spec changed (aaaaaaa → SPEC)',
    ],
    [
      'runs another spec and was told to change it',
      { current: old },
      'replace shop/web-1 on web-1: assigned, not started yet',
    ],
    [
      'runs the right spec and was told to change it',
      { assigned: 'bbbbbbbbbbbbbbbb' },
      'replace shop/web-1 on web-1: back to the spec that runs (SPEC)',
    ],
    [
      'is being stopped and is wanted again',
      { assigned: null, attempt: { phase: 'stopping' } },
      'create shop/web-1 on web-1: wanted again',
    ],
  ] as const)('that %s says so', (_, state, line) => {
    const made = planOf({ services: [web], nodes: [onNode(state)] });
    expect(reasons(made)).toEqual([line.replace('SPEC', web.specHash.slice(0, 7))]);
  });

  test('whose agent sends a message with control characters keeps terminals safe', () => {
    const attempt = { phase: 'pulling', message: '\u001b[2Jpulling\r\n\u202edemo' } as const;
    const made = planOf({ services: [web], nodes: [onNode({ current: null, attempt })] });
    expect(made.waves[0]?.steps[0]?.reason).toBe('[2Jpulling demo');
  });

  test('that is assigned but not reported yet stays in the plan, on that node', () => {
    const nodes = [aNode({ name: 'a' }), aNode({ name: 'b', assigned: [assigned(web)] })];
    const made = planOf({ services: [web], nodes });
    expect(reasons(made)).toEqual(['create shop/web-1 on b: assigned, not started yet']);
  });
});

describe('replacing', () => {
  test.each([
    ['nothing that both need', {}, 'start-first'],
    ['a port of the node', { spec: aSpec({ ports: [aPort(80)] }) }, 'stop-first'],
    [
      'files of the repository and memory',
      {
        spec: aSpec({
          mounts: [
            { kind: 'files', target: '/a', digest: 'a'.repeat(64) },
            { kind: 'tmpfs', target: '/b', readOnly: false, size: null, mode: null },
          ],
        }),
      },
      'start-first',
    ],
    [
      'volumes of another container',
      { spec: aSpec({ volumesFrom: [{ service: 'db', number: 1, readOnly: false }] }) },
      'stop-first',
    ],
    [
      'volumes of another container, to be read',
      { spec: aSpec({ volumesFrom: [{ service: 'db', number: 1, readOnly: true }] }) },
      'start-first',
    ],
    [
      'a hardware address',
      { spec: aSpec({ extras: { macAddress: '02:42:ac:11:65:43' } }) },
      'stop-first',
    ],
    ['the network of the node', { spec: aSpec({ networkMode: 'host' }) }, 'stop-first'],
    ['data of its own', { stateful: true }, 'stop-first'],
    ['a volume', { spec: aSpec({ mounts: [aVolumeMount()] }) }, 'stop-first'],
    [
      'a volume that it only reads',
      { spec: aSpec({ mounts: [{ ...aVolumeMount(), readOnly: true }] }) },
      'start-first',
    ],
    [
      'a directory of the node',
      { spec: aSpec({ mounts: [{ kind: 'bind', source: '/a', target: '/b', readOnly: false }] }) },
      'stop-first',
    ],
    [
      'a volume without a name',
      { spec: aSpec({ mounts: [{ kind: 'anonymous', target: '/tmp' }] }) },
      'start-first',
    ],
  ] as const)('an instance with %s', (_, fields, mode) => {
    const web = aService(fields);
    const node = aNodeRunning('web-1', [[{ ...web, ...old }, 1]]);
    const [step] = planOf({ services: [web], nodes: [node] }).waves[0]?.steps ?? [];
    expect(step).toMatchObject({ kind: 'replace', from: old.specHash, mode });
  });

  test('stays on its node when the new spec fits there', () => {
    const web = aService({ spec: aSpec({ ports: [aPort(80)] }) });
    const nodes = [aNode({ name: 'a' }), aNodeRunning('b', [[{ ...web, ...old }, 1]])];
    expect(waves(planOf({ services: [web], nodes }))).toEqual([
      ['replace shop/web-1 on b (stop first)'],
    ]);
  });

  test('moves to another node when the new spec does not fit, old one last', () => {
    const web = aService({ spec: aSpec({ ports: [aPort(80)] }) });
    const front = aService({ name: 'front', spec: aSpec({ ports: [aPort(80)] }) });
    const nodes = [
      aNode({ name: 'a' }),
      aNodeRunning('b', [
        [front, 1],
        [{ ...web, ...old }, 1],
      ]),
    ];
    const made = planOf({ services: [web, front], nodes });
    expect(waves(made)).toEqual([['create shop/web-1 on a'], ['remove shop/web-1 on b']]);
    expect(reasons(made)).toEqual([
      'create shop/web-1 on a: the new spec does not fit on node b: port 80 taken by shop/front-1',
      'remove shop/web-1 on b: moved to a',
    ]);
  });

  test('moves only as many instances as have to make room for each other', () => {
    const web = aService({ instances: 2, spec: aSpec({ ports: [aPort(80)] }), minHealth: 0 });
    const before = { ...web, ...old };
    const nodes = [
      aNode({ name: 'a' }),
      aNodeRunning('b', [
        [before, 1],
        [before, 2],
      ]),
    ];
    expect(waves(planOf({ services: [web], nodes }))).toEqual([
      ['create shop/web-1 on a', 'replace shop/web-2 on b (stop first)'],
      ['remove shop/web-1 on b'],
    ]);
  });
});

describe('moving', () => {
  const web = aService();

  test('starts the new one first and removes the old one once it is ready', () => {
    const draining = aNodeRunning('a', [[web, 1]], { availability: 'drain' });
    const first = planOf({ services: [web], nodes: [draining, aNode({ name: 'b' })] });
    expect(reasons(first)).toEqual([
      'create shop/web-1 on b: node a is draining',
      'remove shop/web-1 on a: moved to b',
    ]);
    expect(first.waves).toHaveLength(2);

    const starting = aNode({
      name: 'b',
      instances: [running(web, 1, { ready: false, health: 'starting' })],
      assigned: [assigned(web)],
    });
    const second = planOf({ services: [web], nodes: [draining, starting] });
    expect(waves(second)).toEqual([['create shop/web-1 on b'], ['remove shop/web-1 on a']]);

    const ready = aNodeRunning('b', [[web, 1]]);
    const third = planOf({ services: [web], nodes: [draining, ready] });
    expect(waves(third)).toEqual([['remove shop/web-1 on a']]);
  });

  test('is called off when the old node is no longer draining', () => {
    const starting = aNode({
      name: 'b',
      instances: [running(web, 1, { ready: false })],
      assigned: [assigned(web)],
    });
    const nodes = [aNodeRunning('a', [[web, 1]]), starting];
    expect(waves(planOf({ services: [web], nodes }))).toEqual([['remove shop/web-1 on b']]);
  });

  test('also obeys the wishes of the grid', () => {
    const nodes = [aNodeRunning('a', [[web, 1]]), aNode({ name: 'b' })];
    const grid = { nodes: { a: { labels: [], availability: 'drain' } } } as const;
    expect(waves(planOf({ services: [web], nodes, grid }))[0]).toEqual(['create shop/web-1 on b']);
  });

  test('follows an affinity that has changed', () => {
    const picky = aService({ affinity: [anAffinity('label==ssd')] });
    const nodes = [aNodeRunning('a', [[picky, 1]]), aNode({ name: 'b', labels: ['ssd'] })];
    expect(reasons(planOf({ services: [picky], nodes }))[0]).toBe(
      'create shop/web-1 on b: node a does not satisfy label==ssd any more',
    );
  });

  test('does not follow an affinity that is only a preference, or to other services', () => {
    const affinity = [anAffinity('label==~ssd'), anAffinity('service!=api')];
    const picky = aService({ affinity });
    const api = aService({ name: 'api' });
    const nodes = [
      aNodeRunning('a', [
        [picky, 1],
        [api, 1],
      ]),
      aNode({ name: 'b', labels: ['ssd'] }),
    ];
    expect(isConverged(planOf({ services: [picky, api], nodes }))).toBe(true);
  });

  test('waits while no other node can take the instance, and leaves it running', () => {
    const nodes = [aNodeRunning('a', [[web, 1]], { availability: 'drain' })];
    const made = planOf({ services: [web], nodes });
    expect(made.waves).toEqual([]);
    expect(made.blocked).toEqual([
      {
        stack: 'shop',
        service: 'web',
        number: 1,
        reason: 'no node can take it: draining (a)',
        excluded: [{ filter: 'availability', nodes: ['a'], reason: 'draining' }],
      },
    ]);
  });

  describe('a stateful instance', () => {
    const db = aService({ name: 'db', stateful: true });
    const draining = aNodeRunning('a', [[db, 1]], { availability: 'drain' });
    const stays =
      'shop/db-1 stays on node a, which is draining: its data is there; until a person moves or removes it the node is not empty';

    test('is left to a person, and does not make a failure of what others do', () => {
      const made = planOf({ services: [db], nodes: [draining, aNode({ name: 'b' })] });
      expect(isConverged(made)).toBe(true);
      expect(made.warnings).toEqual([stays]);

      const services = [db, web];
      const beside = planOf({ services, nodes: [draining, aNode({ name: 'b' })] });
      expect(waves(beside)).toEqual([['create shop/web-1 on b']]);
      expect(beside).toMatchObject({ blocked: [], warnings: [stays] });
    });

    test('is changed and repaired where it is', () => {
      const next = { ...db, specHash: 'bbbbbbbbbbbbbbbb' };
      const made = planOf({ services: [next], nodes: [draining, aNode({ name: 'b' })] });
      expect(waves(made)).toEqual([['replace shop/db-1 on a (stop first)']]);
      expect(made.warnings).toEqual([stays]);

      const down = { ...draining, instances: [] };
      const repaired = planOf({ services: [db], nodes: [down, aNode({ name: 'b' })] });
      expect(waves(repaired)).toEqual([['create shop/db-1 on a']]);
    });

    test('does not stay when it is already elsewhere', () => {
      const nodes = [draining, aNodeRunning('b', [[db, 1]])];
      const made = confirmedPlanOf({ services: [db], nodes });
      expect(waves(made)).toEqual([['remove shop/db-1 on a']]);
      expect(made.warnings).toEqual([]);
    });

    test('says why it is blocked where it may not be for another reason', () => {
      const picky = { ...db, affinity: [anAffinity('label==ssd')] };
      const made = planOf({ services: [picky], nodes: [draining, aNode({ name: 'b' })] });
      expect(made.waves).toEqual([]);
      expect(made.blocked).toMatchObject([
        { reason: expect.stringContaining('a stateful instance does not move by itself') },
      ]);
      expect(made.warnings).toEqual([]);
    });

    test('of a daemon leaves, as each of its instances is for its own node', () => {
      const daemon = aService({ name: 'db', stateful: true, strategy: 'daemon' });
      const nodes = [aNodeRunning('a', [[daemon, 1]], { availability: 'drain' })];
      expect(waves(confirmedPlanOf({ services: [daemon], nodes }))).toEqual([
        ['remove shop/db-1 on a'],
      ]);
    });
  });

  test('does not happen to spread instances better', () => {
    const two = aService({ instances: 2 });
    const nodes = [
      aNodeRunning('a', [
        [two, 1],
        [two, 2],
      ]),
      aNode({ name: 'b' }),
    ];
    expect(isConverged(planOf({ services: [two], nodes }))).toBe(true);
  });
});

describe('how many', () => {
  test('creates what is missing, and says when it is a matter of scale', () => {
    const web = aService({ instances: 3 });
    const nodes = [aNodeRunning('a', [[web, 1]]), aNodeRunning('b', [[web, 2]])];
    expect(reasons(planOf({ services: [web], nodes }))).toEqual([
      'create shop/web-3 on a: scaled from 2 to 3',
    ]);
  });

  test('fills a gap in the numbers', () => {
    const web = aService({ instances: 3 });
    const nodes = [
      aNodeRunning('a', [
        [web, 1],
        [web, 3],
      ]),
    ];
    expect(reasons(planOf({ services: [web], nodes }))).toEqual([
      'create shop/web-2 on a: no container',
    ]);
  });

  test('removes the highest numbers, at once', () => {
    const web = aService({ instances: 2 });
    const nodes = [
      aNodeRunning('a', [
        [web, 1],
        [web, 3],
      ]),
      aNodeRunning('b', [[web, 2]]),
    ];
    expect(reasons(planOf({ services: [web], nodes }))).toEqual([
      'remove shop/web-3 on a: scaled from 3 to 2',
    ]);
  });

  test('removes an instance that runs twice from the node where it is not assigned', () => {
    const web = aService();
    const nodes = [aNode({ name: 'a', instances: [running(web)] }), aNodeRunning('b', [[web, 1]])];
    expect(waves(planOf({ services: [web], nodes }))).toEqual([['remove shop/web-1 on a']]);
  });

  test('removes what no revision wants after everything else', () => {
    const gone = aService({ stack: 'old', name: 'web' });
    const web = aService({ ...old });
    const nodes = [
      aNodeRunning('a', [
        [gone, 1],
        [aService(), 1],
      ]),
    ];
    const made = planOf({ services: [web], nodes });
    expect(waves(made)).toEqual([['replace shop/web-1 on a'], ['remove old/web-1 on a']]);
    expect(reasons(made)[1]).toBe('remove old/web-1 on a: removed from the grid repository');
  });

  test('leaves a held stack entirely alone, wanted or not', () => {
    const blog = aService({ stack: 'blog', ...old });
    const web = aService();
    const nodes = [
      aNodeRunning('a', [
        [aService({ stack: 'blog' }), 1],
        [aService({ stack: 'blog' }), 2],
        [web, 1],
      ]),
    ];
    const wanted = planOf({ services: [blog, web], nodes, held: ['blog'] });
    expect(isConverged(wanted)).toBe(true);
    const unknown = planOf({ services: [web], nodes, held: ['blog'] });
    expect(isConverged(unknown)).toBe(true);
    expect(unknown.wanted).toBe(1);
  });
});

describe('the room that others are about to leave', () => {
  const web = aService({ spec: aSpec({ ports: [aPort(80)] }) });

  test('is waited for instead of calling the instance blocked', () => {
    const before = aService({ name: 'front', instances: 1, spec: aSpec({ ports: [aPort(80)] }) });
    const nodes = [aNodeRunning('a', [[before, 1]])];
    const made = planOf({ services: [web, { ...before, instances: 0 }], nodes });
    expect(waves(made)).toEqual([['remove shop/front-1 on a']]);
    expect(waits(made)).toEqual([
      'shop/web-1: waits for room on node a, which other instances are about to leave',
    ]);
    expect(made.blocked).toEqual([]);
  });

  test('is waited for when a renamed service finds its port still taken by its old self', () => {
    const gone = aService({ name: 'front' });
    const failure = aFailure({ code: 'port-taken', message: 'port 80 is taken' });
    const nodes = [
      aNode({
        name: 'a',
        instances: [
          running(gone),
          anObservedInstance({
            current: null,
            attempt: anAttempt({ specHash: web.specHash, phase: 'failed', failure }),
          }),
        ],
        assigned: [assigned(gone), assigned(web)],
      }),
    ];
    const made = planOf({ services: [web], nodes });
    expect(made.halted).toEqual([]);
    expect(waves(made)).toEqual([['remove shop/front-1 on a']]);
    expect(waits(made)).toHaveLength(1);
  });
});

describe('a planner that remembers', () => {
  test('notices what changes from one plan to the next', () => {
    const planner = createPlanner();
    const web = aService({ instances: 2 });
    const api = aService({ name: 'api' });
    const make = (
      services: readonly (typeof web)[],
      nodes: readonly ReturnType<typeof aNode>[],
      now = NOW,
    ) =>
      waves(
        planner.plan({
          desired: desiring(services),
          observed: { nodes },
          now,
          policy: defaultPolicy,
        }),
      );
    const a = aNodeRunning('a', [
      [web, 1],
      [api, 1],
    ]);
    const b = aNodeRunning('b', [[web, 2]]);
    expect(make([web, api], [a, b])).toEqual([]);
    expect(make([web, api], [a, b])).toEqual([]);
    expect(make([{ ...web, ...old }, api], [a, b])).toEqual([
      ['replace shop/web-1 on a'],
      ['replace shop/web-2 on b'],
    ]);
    expect(make([web, api], [{ ...a, instances: [running(web)] }, b])).toEqual([
      ['create shop/api-1 on a'],
    ]);
    expect(make([web, api], [{ ...a, availability: 'drain' }, b])[0]).toEqual([
      'create shop/api-1 on b',
      'create shop/web-1 on b',
    ]);
    const away = { ...b, status: 'offline' as const, lastSeenAt: NOW };
    expect(make([web, api], [a, away], NOW + 60_000)).toEqual([]);
    expect(make([web, api], [a, away], NOW + 180_000)[0]).toEqual(['create shop/web-2 on a']);
    expect(make([web, api], [a], NOW + 180_000)).toEqual([['create shop/web-2 on a']]);
    expect(make([web, api], [a, b], NOW + 190_000)).toEqual([]);
  });

  test('counts what daemons want anew when a node joins', () => {
    const planner = createPlanner();
    const log = aService({ strategy: 'daemon' });
    const nodes = [aNodeRunning('a', [[log, 1]])];
    const input = { desired: desiring([log]), now: NOW, policy: defaultPolicy };
    expect(planner.plan({ ...input, observed: { nodes } }).waves).toEqual([]);
    const more = planner.plan({ ...input, observed: { nodes: [...nodes, aNode({ name: 'b' })] } });
    expect(places(more)).toEqual({ 'shop/web-2': 'b' });
    expect(more.wanted).toBe(2);
  });
});

test('a node without facts keeps what it has and gets nothing new', () => {
  const web = aService({ instances: 2, affinity: [anAffinity('label==ssd')] });
  const nodes = [
    aNodeRunning('a', [[web, 1]], { facts: null }),
    aNode({ name: 'b', facts: someFacts({ labels: ['ssd'] }) }),
  ];
  expect(places(planOf({ services: [web], nodes }))).toEqual({ 'shop/web-2': 'b' });
});
