import { describe, expect, test } from 'vitest';
import type { Service } from '../../src/model/grid.ts';
import type { ObservedNode } from '../../src/model/observed.ts';
import { maxUnavailable } from '../../src/planner/rollout.ts';
import {
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
  NOW,
  running,
} from '../support/builders.ts';
import { confirmedPlanOf, planOf, reasons, waits, waves } from './planning.ts';

const old = { specHash: 'aaaaaaaaaaaaaaaa' };

/** One node a service's instance, all on the old spec. */
function onOldSpec(service: Service): readonly ObservedNode[] {
  return Array.from({ length: service.instances }, (_, at) =>
    aNodeRunning(`n${at + 1}`, [[{ ...service, ...old }, at + 1]]),
  );
}

/** A node on which an instance was told to change, and has not yet. */
function changing(name: string, service: Service, number: number): ObservedNode {
  return aNode({
    name,
    instances: [running({ ...service, ...old }, number)],
    assigned: [assigned(service, number)],
  });
}

function failing(
  name: string,
  service: Service,
  number: number,
  failure = aFailure(),
): ObservedNode {
  return aNode({
    name,
    instances: [
      anObservedInstance({
        ...running({ ...service, ...old }, number),
        attempt: anAttempt({ specHash: service.specHash, phase: 'failed', failure }),
      }),
    ],
    assigned: [assigned(service, number)],
  });
}

describe('how many may be missing', () => {
  test.each([
    [10, 0.8, 2],
    [5, 0.8, 1],
    [4, 0.8, 1],
    [1, 0.8, 1],
    [10, 1, 1],
    [10, 0, 10],
    [3, 0.5, 1],
    [10, 0.9, 1],
    [100, 0.93, 7],
    [0, 0.8, 1],
  ])('of %i with a min_health of %d: %i', (wanted, minHealth, expected) => {
    expect(maxUnavailable(wanted, minHealth)).toBe(expected);
  });
});

describe('a rollout', () => {
  test('replaces so many at a time, in the order of their numbers', () => {
    const web = aService({ instances: 5, minHealth: 0.6 });
    expect(waves(planOf({ services: [web], nodes: onOldSpec(web) }))).toEqual([
      ['replace shop/web-1 on n1', 'replace shop/web-2 on n2'],
      ['replace shop/web-3 on n3', 'replace shop/web-4 on n4'],
      ['replace shop/web-5 on n5'],
    ]);
  });

  test('goes on with what is under way before it starts more', () => {
    const web = aService({ instances: 3 });
    const [, ...rest] = onOldSpec(web);
    const made = planOf({
      services: [web],
      nodes: [...rest.slice(0, 1), changing('n1', web, 1), ...rest.slice(1)],
    });
    expect(waves(made)).toEqual([
      ['replace shop/web-1 on n1'],
      ['replace shop/web-2 on n2'],
      ['replace shop/web-3 on n3'],
    ]);
  });

  test('begins with instances that do not serve anyway', () => {
    const web = aService({ instances: 3 });
    const [first, second] = onOldSpec(web);
    const down = aNode({
      name: 'n3',
      instances: [running({ ...web, ...old }, 3, { ready: false })],
    });
    const nodes = [first, second, down].filter((node) => node !== undefined);
    expect(waves(planOf({ services: [web], nodes }))[0]).toEqual(['replace shop/web-3 on n3']);
  });

  test('creates all that are new at once, and replaces when they are ready', () => {
    const web = aService({ instances: 4, minHealth: 0.5 });
    const nodes = onOldSpec({ ...web, instances: 2 });
    expect(waves(planOf({ services: [web], nodes }))).toEqual([
      ['create shop/web-3 on n1', 'create shop/web-4 on n2'],
      ['replace shop/web-1 on n1', 'replace shop/web-2 on n2'],
    ]);
  });

  test('of one service does not wait for that of another', () => {
    const web = aService({ instances: 2 });
    const api = aService({ name: 'api', instances: 2 });
    const nodes = [
      ...onOldSpec(web),
      aNodeRunning('m', [
        [{ ...api, ...old }, 1],
        [{ ...api, ...old }, 2],
      ]),
    ];
    expect(waves(planOf({ services: [web, api], nodes }))).toEqual([
      ['replace shop/api-1 on m', 'replace shop/web-1 on n1'],
      ['replace shop/api-2 on m', 'replace shop/web-2 on n2'],
    ]);
  });
});

describe('instances that do not serve', () => {
  const web = aService({ instances: 2, spec: aSpec({ ports: [aPort(80)] }) });
  const [first, second] = onOldSpec(web);
  const held =
    'stays as it is: 1 of 2 does not serve, and no more than 1 may be missing (min_health)';

  function scene(service: Service, other: ObservedNode, ...more: readonly ObservedNode[]) {
    const nodes = [first, other, ...more].filter((node) => node !== undefined);
    return planOf({ services: [service], nodes });
  }

  test('on a node that is away keep the last one that serves from being stopped', () => {
    const away = aNode({ ...second, status: 'offline', lastSeenAt: NOW - 20_000 });
    const made = scene(web, away);
    expect(made.waves).toEqual([]);
    expect(waits(made)).toEqual([
      `shop/web-1: ${held}`,
      'shop/web-2: node n2 is offline, last seen 20 s ago',
    ]);
  });

  test('and are as desired as far as is known count as well, while their node is away', () => {
    const up = aNodeRunning('n2', [[web, 2]], { status: 'offline', lastSeenAt: NOW - 20_000 });
    expect(waits(scene(web, up))).toEqual([`shop/web-1: ${held}`]);
  });

  test('and that no node can take count as well', () => {
    const made = planOf({ services: [web], nodes: onOldSpec({ ...web, instances: 1 }) });
    expect(made.blocked).toHaveLength(1);
    expect(waits(made)).toEqual([`shop/web-1: ${held}`]);
  });

  test('hold up nothing where the new one starts before the old one stops', () => {
    const away = aNode({ ...second, status: 'offline', lastSeenAt: NOW - 20_000 });
    expect(waves(scene({ ...web, spec: aSpec() }, away))).toEqual([['replace shop/web-1 on n1']]);
  });

  test('hold up nothing where min_health allows it', () => {
    const away = aNode({ ...second, status: 'offline', lastSeenAt: NOW - 20_000 });
    expect(waves(scene({ ...web, minHealth: 0 }, away))).toEqual([
      ['replace shop/web-1 on n1 (stop first)'],
    ]);
  });

  test('are all replaced at once: nothing is taken away by it', () => {
    const three = { ...web, instances: 3 };
    const nodes = [1, 2, 3].map((number) =>
      aNode({
        name: `n${number}`,
        instances: [running({ ...three, ...old }, number, { ready: number === 3 })],
      }),
    );
    expect(waves(planOf({ services: [three], nodes }))).toEqual([
      ['replace shop/web-1 on n1 (stop first)', 'replace shop/web-2 on n2 (stop first)'],
      ['replace shop/web-3 on n3 (stop first)'],
    ]);
  });

  test('keep services waiting that depend on the rest of the rollout', () => {
    const api = aService({ name: 'api', dependsOn: ['shop/web'] });
    const away = aNode({ ...second, status: 'offline', lastSeenAt: NOW - 20_000 });
    const nodes = [first, away].filter((node) => node !== undefined);
    expect(waits(planOf({ services: [web, api], nodes }))).toContain(
      'shop/api-1: waits for shop/web, which waits itself',
    );
  });
});

describe('a bound of steps in flight', () => {
  const [api, web] = ['api', 'web'].map((name) => aService({ name, instances: 2 })) as [
    Service,
    Service,
  ];

  test('makes several waves of one, in the total order of steps', () => {
    const scene = { services: [web, api], nodes: [aNode({ name: 'a' })], grid: { parallel: 3 } };
    expect(waves(planOf(scene))).toEqual([
      ['create shop/api-1 on a', 'create shop/api-2 on a', 'create shop/web-1 on a'],
      ['create shop/web-2 on a'],
    ]);
  });

  test('leaves what is under way in the first wave, and counts it', () => {
    const nodes = [aNode({ name: 'a', assigned: [assigned(web, 1), assigned(web, 2)] })];
    const scene = { services: [web, api], nodes };
    const going = ['create shop/web-1 on a', 'create shop/web-2 on a'];
    expect(waves(planOf({ ...scene, grid: { parallel: 3 } }))).toEqual([
      ['create shop/api-1 on a', ...going],
      ['create shop/api-2 on a'],
    ]);
    expect(waves(planOf({ ...scene, grid: { parallel: 1 } }))[0]).toEqual(going);
  });

  test('is generous unless the grid says it', () => {
    const many = aService({ instances: 1_001 });
    const made = planOf({ services: [many], nodes: [aNode({ name: 'a' })] });
    expect(made.waves.map(({ steps }) => steps.length)).toEqual([1_000, 1]);
  });
});

describe('services that nobody wants any more', () => {
  const db = aService({ name: 'db' });
  const cache = aService({ name: 'cache', dependsOn: ['shop/db'] });
  const web = aService({ name: 'web', dependsOn: ['shop/cache'] });
  const nodes = [
    aNodeRunning('a', [
      [db, 1],
      [cache, 1],
      [web, 1],
    ]),
  ];

  test('go after those that linked to them', () => {
    const made = confirmedPlanOf({ nodes, proven: [db, cache, web] });
    expect(waves(made)).toEqual([
      ['remove shop/web-1 on a'],
      ['remove shop/cache-1 on a'],
      ['remove shop/db-1 on a'],
    ]);
  });

  test('go at once where what linked to what is not known', () => {
    expect(waves(confirmedPlanOf({ nodes }))).toHaveLength(1);
  });

  test('go in the order of their names where they linked to each other in a circle', () => {
    const circle = { ...db, dependsOn: ['shop/web'] };
    const made = confirmedPlanOf({ nodes, proven: [circle, cache, web] });
    expect(made.waves.flatMap(({ steps }) => steps)).toHaveLength(3);
  });

  test('stay while old instances use them whose own rollout has stopped', () => {
    const next = { ...web, dependsOn: [], specHash: 'cccccccccccccccc' };
    const failed = aNode({
      name: 'b',
      instances: [
        anObservedInstance({
          ...running(web),
          attempt: anAttempt({ specHash: next.specHash, phase: 'failed', failure: aFailure() }),
        }),
      ],
      assigned: [assigned(next)],
    });
    const rest = [
      aNodeRunning('a', [
        [db, 1],
        [cache, 1],
      ]),
    ];
    const scene = { services: [next], nodes: [failed, ...rest], proven: [db, cache, web] };
    const made = confirmedPlanOf({ ...scene, grid: { pruneBudget: 1 } });
    expect(made.waves).toEqual([]);
    expect(waits(made)).toEqual([
      'shop/cache-1: stays as long as old instances of shop/web use it',
      'shop/db-1: stays as long as old instances of shop/web use it',
    ]);
  });
});

describe('a service whose dependency was rolled back', () => {
  const db = aService({ name: 'db' });
  const api = aService({ name: 'api', instances: 2, dependsOn: ['shop/db'] });
  const nodes = [
    aNodeRunning('a', [
      [db, 1],
      [{ ...api, ...old }, 1],
    ]),
  ];

  test('waits where it changed as well', () => {
    const made = planOf({
      services: [db, api],
      nodes,
      proven: [db, { ...api, ...old }],
      rolledBack: ['shop/db'],
    });
    expect(waits(made)).toEqual([
      'shop/api-1: waits for shop/db, which was rolled back',
      'shop/api-2: waits for shop/db, which was rolled back',
    ]);
  });

  test('is kept as it is otherwise: what is missing is started', () => {
    const before = { ...api, ...old };
    const made = planOf({
      services: [db, before],
      nodes,
      proven: [db, before],
      rolledBack: ['shop/db'],
    });
    expect(waves(made)).toEqual([['create shop/api-2 on a']]);
  });
});

describe('services that depend on others', () => {
  const db = aService({ name: 'db' });
  const api = aService({ name: 'api', dependsOn: ['shop/db'] });
  const web = aService({ name: 'web', dependsOn: ['shop/api', 'shop/unknown'] });
  const nodes = [aNode({ name: 'a' })];

  test('start after them', () => {
    expect(waves(planOf({ services: [web, api, db], nodes }))).toEqual([
      ['create shop/db-1 on a'],
      ['create shop/api-1 on a'],
      ['create shop/web-1 on a'],
    ]);
  });

  test('wait for the end of their rollout', () => {
    const four = { ...db, instances: 4 };
    const made = planOf({
      services: [four, api],
      nodes: [...onOldSpec(four), aNodeRunning('z', [[{ ...api, ...old }, 1]])],
    });
    expect(waves(made)).toEqual([
      ['replace shop/db-1 on n1'],
      ['replace shop/db-2 on n2'],
      ['replace shop/db-3 on n3'],
      ['replace shop/db-4 on n4'],
      ['replace shop/api-1 on z'],
    ]);
  });

  test('do not wait for what they depend on to change when they move', () => {
    const made = planOf({
      services: [db, api],
      nodes: [
        aNodeRunning('a', [[{ ...db, ...old }, 1]]),
        aNodeRunning('b', [[api, 1]], { availability: 'drain' }),
        aNode({ name: 'c' }),
      ],
    });
    expect(waves(made)).toEqual([
      ['create shop/api-1 on c', 'replace shop/db-1 on a'],
      ['remove shop/api-1 on b'],
    ]);
  });

  test('wait when the rollout of one stopped, and so do those that depend on them', () => {
    const made = planOf({ services: [web, api, db], nodes: [failing('a', db, 1)] });
    expect(made.waves).toEqual([]);
    expect(made.halted.map(({ service }) => service)).toEqual(['db']);
    expect(waits(made)).toEqual([
      'shop/api-1: waits for shop/db, whose rollout stopped',
      'shop/web-1: waits for shop/api, which waits itself',
    ]);
  });

  test('wait while none of its instances has a node', () => {
    const picky = {
      ...db,
      affinity: [{ key: 'label', negated: false, soft: false, value: 'ssd' }],
    } as const;
    const made = planOf({ services: [picky, api], nodes });
    expect(waits(made)).toEqual(['shop/api-1: waits for shop/db, of which nothing runs yet']);
  });

  test('do not wait for the last instance of what serves already', () => {
    const many = aService({ name: 'db', instances: 2, spec: aSpec({ ports: [aPort(5432)] }) });
    const made = planOf({ services: [many, api], nodes: [aNodeRunning('a', [[many, 1]])] });
    expect(made.blocked).toHaveLength(1);
    expect(waves(made)).toEqual([['create shop/api-1 on a']]);
  });

  test('in a circle are started in the order of their names, with a warning', () => {
    const one = aService({ name: 'one', dependsOn: ['shop/two'] });
    const two = aService({ name: 'two', dependsOn: ['shop/one', 'shop/two'] });
    const made = planOf({ services: [two, one], nodes });
    expect(waves(made)).toEqual([['create shop/two-1 on a'], ['create shop/one-1 on a']]);
    expect(made.warnings).toEqual([
      'these services depend on each other in a circle, which was cut: shop/one → shop/two',
      'these services depend on each other in a circle, which was cut: shop/two',
    ]);
  });
});

describe('an instance that fails on its new spec', () => {
  const web = aService({ instances: 5, minHealth: 0.6 });
  const rest = onOldSpec(web).slice(2);

  test('stops the rollout of its service, but for what is under way', () => {
    const failure = aFailure();
    const nodes = [failing('n1', web, 1, failure), changing('n2', web, 2), ...rest];
    const made = planOf({ services: [web], nodes });
    expect(waves(made)).toEqual([['replace shop/web-2 on n2']]);
    expect(made.halted).toEqual([
      { stack: 'shop', service: 'web', number: 1, node: 'n1', failure, remaining: 3 },
    ]);
  });

  test('does not keep another one from leaving a node that is drained or lost', () => {
    const nodes = [
      failing('n1', web, 1),
      aNodeRunning('n2', [[web, 2]], { availability: 'drain' }),
      aNodeRunning(
        'n3',
        [3, 4, 5].map((number) => [web, number] as const),
      ),
    ];
    const made = planOf({ services: [web], nodes });
    expect(waves(made)[0]).toEqual([expect.stringMatching(/^create shop\/web-2 on n[13]$/)]);
    expect(made.halted.map(({ number }) => number)).toEqual([1]);
  });

  test('does not stop other services', () => {
    const api = aService({ name: 'api' });
    const made = planOf({ services: [web, api], nodes: [failing('n1', web, 1), ...rest] });
    expect(waves(made)[0]?.[0]).toMatch(/^create shop\/api-1/);
  });

  test('does not stop a newer spec', () => {
    const fixed = { ...web, specHash: 'cccccccccccccccc' };
    const made = planOf({ services: [fixed], nodes: [failing('n1', web, 1), ...rest] });
    expect(made.halted).toEqual([]);
    expect(waves(made)[0]).toContain('replace shop/web-1 on n1');
  });

  test('goes back when the old spec is wanted again, without touching what runs', () => {
    const before = { ...web, ...old };
    const made = planOf({
      services: [before],
      nodes: [
        failing('n1', web, 1),
        aNodeRunning(
          'n2',
          [2, 3, 4, 5].map((n) => [before, n] as const),
        ),
      ],
    });
    expect(reasons(made)).toEqual([
      'replace shop/web-1 on n1: back to the spec that runs (aaaaaaa)',
    ]);
    expect(made.halted).toEqual([]);
  });

  test('is listed once, with the lowest number, when several fail', () => {
    const nodes = [failing('n1', web, 2), failing('n2', web, 1)];
    const made = planOf({ services: [web], nodes });
    expect(made.halted.map(({ number, remaining }) => [number, remaining])).toEqual([[1, 4]]);
  });

  test('keeps its old container on the node that it is moved from', () => {
    const nodes = [
      aNodeRunning('a', [[{ ...web, ...old, instances: 1 }, 1]], { availability: 'drain' }),
      aNode({
        name: 'b',
        instances: [
          anObservedInstance({
            current: null,
            attempt: anAttempt({ specHash: web.specHash, failure: aFailure() }),
          }),
        ],
        assigned: [assigned(web)],
      }),
    ];
    const made = planOf({ services: [{ ...web, instances: 1 }], nodes });
    expect(made.waves).toEqual([]);
    expect(made.halted).toMatchObject([{ node: 'b', remaining: 1 }]);
  });
});

describe('an instance whose image cannot be pulled', () => {
  const web = aService({ instances: 3 });
  const rest = onOldSpec(web).slice(1);
  const message = 'cannot pull image demo:1: dial tcp: i/o timeout';
  const pull = { code: 'image-pull-failed', message, exitCode: null, log: [] } as const;

  test('is under way as long as that may pass by itself, and says what it waits for', () => {
    for (const [count, often] of [
      [1, 'once'],
      [6, '6 times'],
    ] as const) {
      const nodes = [failing('n1', web, 1, aFailure({ ...pull, count })), ...rest];
      const made = planOf({ services: [web], nodes });
      expect(made.halted).toEqual([]);
      expect(waves(made)[0]).toEqual(['replace shop/web-1 on n1']);
      expect(waits(made)).toEqual([
        `shop/web-1: waits for its image, pulled in vain ${often}: ${message}`,
      ]);
    }
  });

  test.each([
    ['has been tried often enough', { ...pull, count: 7 }],
    ['is not there', { ...pull, code: 'image-not-found' }],
    ['is not for everybody', { ...pull, code: 'registry-refused' }],
  ] as const)('stops the rollout once it %s', (_, failure) => {
    const nodes = [failing('n1', web, 1, aFailure(failure)), ...rest];
    const made = planOf({ services: [web], nodes });
    expect(made.halted).toMatchObject([{ number: 1, failure }]);
    expect(waits(made)).toEqual([]);
  });
});

describe('an instance of a service whose rollout has stopped, on a node that is lost', () => {
  const web = aService({ instances: 3 });
  const before = { ...web, ...old };
  const gone = { status: 'offline', lastSeenAt: NOW - 600_000 } as const;
  const nodes = [
    failing('n1', web, 1),
    aNodeRunning('n2', [[before, 2]]),
    aNodeRunning('n3', [[before, 3]], gone),
  ];

  test('comes back elsewhere as it last served', () => {
    const made = planOf({ services: [web], nodes, proven: [before] });
    expect(reasons(made)).toEqual([
      'create shop/web-3 on n2: node n3 was lost 10 min ago; with the last spec that served (aaaaaaa)',
      'remove shop/web-3 on n3: moved to n2',
    ]);
    expect(made.waves[0]?.steps[0]).toMatchObject({ specHash: old.specHash });
    expect(made.halted).toMatchObject([{ number: 1, remaining: 1 }]);
  });

  test('is left alone once it is back, and its double goes when its first node returns', () => {
    const back = aNodeRunning('n3', [[before, 3]]);
    const restored = aNodeRunning('n4', [[before, 3]]);
    const made = planOf({
      services: [web],
      nodes: [failing('n1', web, 1), aNodeRunning('n2', [[before, 2]]), restored, back],
      proven: [before],
    });
    expect(waves(made)).toEqual([['remove shop/web-3 on n4']]);
  });

  test('comes back with the node forgotten, if it is one of those that served', () => {
    const scaled = { ...web, instances: 4 };
    const made = planOf({
      services: [scaled],
      nodes: nodes.slice(0, 2),
      proven: [before],
    });
    expect(waves(made)).toEqual([[expect.stringMatching(/^create shop\/web-3 on n[12]$/)]]);
    expect(made.halted).toMatchObject([{ remaining: 2 }]);
  });

  test('is placed by what its old spec needs', () => {
    const picky = { ...before, affinity: [anAffinity('label==ssd')] };
    const made = planOf({ services: [web], nodes, proven: [picky] });
    expect(made.blocked.map(({ number }) => number)).toEqual([3]);
  });

  test('waits, and says so, where that is not known', () => {
    const made = planOf({ services: [web], nodes });
    expect(made.waves).toEqual([]);
    expect(waits(made)).toEqual([
      'shop/web-3: node n3 was lost 10 min ago; the spec that it served with is not known, so it waits for the rollout',
    ]);
    expect(made.halted).toMatchObject([{ remaining: 2 }]);
  });

  test('of a stateful one stays where its data is', () => {
    const stateful = { ...web, stateful: true };
    const made = planOf({
      services: [stateful],
      nodes,
      proven: [{ ...stateful, ...old }],
    });
    expect(made.waves).toEqual([]);
    expect(made.blocked.map(({ number }) => number)).toEqual([3]);
  });
});
