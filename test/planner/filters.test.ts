import { describe, expect, test } from 'vitest';
import type { Service } from '../../src/model/grid.ts';
import type { TakenPort } from '../../src/model/host-report.ts';
import type { ObservedNode } from '../../src/model/observed.ts';
import { isConverged } from '../../src/model/plan.ts';
import type { PortBinding } from '../../src/model/spec.ts';
import {
  aContainer,
  aFailure,
  aHostReport,
  aNode,
  aNodeRunning,
  anAffinity,
  anAttempt,
  anObservedInstance,
  aPort,
  aService,
  aSpec,
  assigned,
  aTakenPort,
  aVolumeMount,
  NOW,
  running,
  someFacts,
} from '../support/builders.ts';
import { places, planOf, reasons, waits, waves } from './planning.ts';

const good = aNode({ name: 'good', facts: someFacts({ labels: ['ssd'] }) });
const GIB = 1024 ** 3;

interface Case {
  readonly filter: string;
  readonly service: Service;
  readonly bad: ObservedNode;
  readonly others?: readonly Service[];
  readonly reason: string;
}

const cases: readonly (readonly [string, Case])[] = [
  [
    'that is draining',
    {
      filter: 'availability',
      service: aService(),
      bad: aNode({ name: 'bad', availability: 'drain' }),
      reason: 'draining',
    },
  ],
  [
    'that is offline',
    {
      filter: 'availability',
      service: aService(),
      bad: aNode({ name: 'bad', status: 'offline', lastSeenAt: NOW - 600_000 }),
      reason: 'offline',
    },
  ],
  [
    'that has told nothing of itself',
    {
      filter: 'availability',
      service: aService(),
      bad: aNode({ name: 'bad', facts: null }),
      reason: 'not reported yet',
    },
  ],
  [
    'that is ephemeral, for a stateful service',
    {
      filter: 'ephemeral',
      service: aService({ stateful: true }),
      bad: aNode({ name: 'bad', labels: ['ephemeral'] }),
      reason: 'ephemeral, and the service is stateful',
    },
  ],
  [
    'without a volume driver',
    {
      filter: 'volumes',
      service: aService({ spec: aSpec({ mounts: [aVolumeMount({ driver: 'local' })] }) }),
      bad: aNode({ name: 'bad', facts: someFacts({ volumeDrivers: [] }) }),
      reason: 'no volume driver local',
    },
  ],
  [
    'that a rule excludes',
    {
      filter: 'affinity',
      service: aService({ affinity: [anAffinity('label==ssd')] }),
      bad: aNode({ name: 'bad' }),
      reason: 'label==ssd not satisfied',
    },
  ],
  [
    'on which another instance has the port',
    {
      filter: 'ports',
      service: aService({ spec: aSpec({ ports: [aPort(80)] }) }),
      bad: aNodeRunning('bad', [
        [aService({ name: 'api', spec: aSpec({ ports: [aPort(80)] }) }), 1],
      ]),
      others: [aService({ name: 'api', spec: aSpec({ ports: [aPort(80)] }) })],
      reason: 'port 80 taken by shop/api-1',
    },
  ],
  [
    'on which another instance is assigned the port',
    {
      filter: 'ports',
      service: aService({ spec: aSpec({ ports: [aPort(80)] }) }),
      bad: aNode({
        name: 'bad',
        assigned: [assigned(aService({ name: 'api', spec: aSpec({ ports: [aPort(80)] }) }))],
      }),
      others: [aService({ name: 'api', spec: aSpec({ ports: [aPort(80)] }) })],
      reason: 'port 80 taken by shop/api-1',
    },
  ],
  [
    'with too few CPUs',
    {
      filter: 'cpus',
      service: aService({ spec: aSpec({ cpus: 4 }) }),
      bad: aNode({ name: 'bad', facts: someFacts({ cpus: 2 }) }),
      reason: '2 CPUs free of 4 needed',
    },
  ],
  [
    'with too few CPUs that are not spoken for',
    {
      filter: 'cpus',
      service: aService({ spec: aSpec({ cpus: 1 }) }),
      bad: aNodeRunning('bad', [[aService({ name: 'api', spec: aSpec({ cpus: 3.25 }) }), 1]]),
      others: [aService({ name: 'api', spec: aSpec({ cpus: 3.25 }) })],
      reason: '0.75 CPUs free of 1 needed',
    },
  ],
  [
    'on which a container that is not ours has the port',
    {
      filter: 'ports',
      service: aService({ spec: aSpec({ ports: [aPort(80)] }) }),
      bad: aNode({ name: 'bad', host: aHostReport({ ports: [aTakenPort(80)] }) }),
      reason: "port 80/tcp is taken by container nginx, which is not gridops'",
    },
  ],
  [
    'on which the host itself has the port',
    {
      filter: 'ports',
      service: aService({ spec: aSpec({ ports: [aPort(80)] }) }),
      bad: aNode({
        name: 'bad',
        host: aHostReport({ ports: [aTakenPort(80, { container: null })] }),
      }),
      reason: 'port 80/tcp is taken by a process of the host',
    },
  ],
  [
    'on which a container of another node on the same engine has the port',
    {
      filter: 'ports',
      service: aService({ spec: aSpec({ ports: [aPort(53, { protocol: 'udp' })] }) }),
      bad: aNode({
        name: 'bad',
        host: aHostReport({ ports: [aTakenPort(53, { protocol: 'udp', node: 'web-2' })] }),
      }),
      reason: 'port 53/udp is taken by container nginx, of node web-2',
    },
  ],
  [
    'with too little memory',
    {
      filter: 'memory',
      service: aService({ spec: aSpec({ memory: 2 * GIB }) }),
      bad: aNode({ name: 'bad', facts: someFacts({ memory: GIB }) }),
      reason: '1024 MiB memory free of 2048 MiB needed',
    },
  ],
  [
    'with too little memory that is not spoken for',
    {
      filter: 'memory',
      service: aService({ spec: aSpec({ memory: 3 * GIB }) }),
      bad: aNodeRunning('bad', [[aService({ name: 'api', spec: aSpec({ memory: 6 * GIB }) }), 1]]),
      others: [aService({ name: 'api', spec: aSpec({ memory: 6 * GIB }) })],
      reason: '2048 MiB memory free of 3072 MiB needed',
    },
  ],
];

describe('a node', () => {
  test.each(cases)('%s is not chosen', (_, { service, bad, others = [] }) => {
    // The name of the bad one comes first: it would be chosen if nothing spoke against it.
    const made = planOf({ services: [service, ...others], nodes: [bad, good] });
    expect(places(made)).toMatchObject({ 'shop/web-1': 'good' });
  });

  test.each(cases)('%s is named with its reason when there is no other', (_, of) => {
    const made = planOf({ services: [of.service, ...(of.others ?? [])], nodes: [of.bad] });
    expect(made.blocked).toEqual([
      {
        stack: 'shop',
        service: 'web',
        number: 1,
        reason: `no node can take it: ${of.reason} (bad)`,
        excluded: [{ filter: of.filter, nodes: ['bad'], reason: of.reason }],
      },
    ]);
  });
});

describe('what excludes nodes', () => {
  test('is told by filter, in their order, and by what excludes most', () => {
    const web = aService({
      affinity: [anAffinity('label==ssd')],
      spec: aSpec({ ports: [aPort(80)] }),
    });
    const api = aService({ name: 'api', spec: aSpec({ ports: [aPort(80)] }) });
    const nodes = [
      aNodeRunning('taken', [[api, 1]], { labels: ['ssd'] }),
      aNode({ name: 'plain' }),
      aNode({ name: 'drained', availability: 'drain' }),
      ...['x', 'y', 'z', 'w'].map((name) => aNode({ name, status: 'offline' })),
    ];
    const [blocked] = planOf({ services: [web, api], nodes }).blocked;
    expect(blocked?.excluded).toEqual([
      { filter: 'availability', nodes: ['w', 'x', 'y', 'z'], reason: 'offline' },
      { filter: 'availability', nodes: ['drained'], reason: 'draining' },
      { filter: 'affinity', nodes: ['plain'], reason: 'label==ssd not satisfied' },
      { filter: 'ports', nodes: ['taken'], reason: 'port 80 taken by shop/api-1' },
    ]);
    expect(blocked?.reason).toBe(
      'no node can take it: offline (4 nodes); draining (drained); label==ssd not satisfied (plain); 1 more reason',
    );
  });

  test('is the same for all instances of a service that find no node', () => {
    const web = aService({ instances: 3, spec: aSpec({ ports: [aPort(80)] }) });
    const made = planOf({ services: [web], nodes: [aNode({ name: 'a' })] });
    expect(places(made)).toEqual({ 'shop/web-1': 'a' });
    expect(made.blocked.map((blocked) => [blocked.number, blocked.reason])).toEqual([
      [2, 'no node can take it: port 80 taken by shop/web-1 (a)'],
      [3, 'no node can take it: port 80 taken by shop/web-1 (a)'],
    ]);
  });
});

describe('two ports', () => {
  const port = (overrides: Partial<PortBinding>): readonly PortBinding[] => [aPort(80, overrides)];
  test.each([
    ['the same address', {}, {}, '10.0.0.1', false],
    ['other protocols', {}, { protocol: 'udp' }, '0.0.0.0', true],
    ['other numbers', {}, { nodePort: 81 }, '0.0.0.0', true],
    ['other addresses', { ip: '10.0.0.1' }, { ip: '10.0.0.2' }, '0.0.0.0', true],
    ['all addresses and one', { ip: '0.0.0.0' }, { ip: '10.0.0.2' }, '10.0.0.1', false],
    ['the address of the node and another', {}, { ip: '10.0.0.2' }, '10.0.0.1', true],
    ['the address of the node, said and unsaid', {}, { ip: '10.0.0.1' }, '10.0.0.1', false],
    ['every address of the node and one', {}, { ip: '10.0.0.2' }, '0.0.0.0', false],
    ['an IPv6 address and all IPv4 ones', { ip: '::1' }, {}, '0.0.0.0', true],
    ['an IPv4 address and all of both kinds', { ip: '10.0.0.1' }, {}, '::', false],
  ] as const)('with %s', (_, one, other, publishAddress, fit) => {
    const a = aService({ name: 'a', spec: aSpec({ ports: port(one) }) });
    const b = aService({ name: 'b', spec: aSpec({ ports: port(other) }) });
    const nodes = [aNode({ facts: someFacts({ publishAddress }) })];
    expect(planOf({ services: [a, b], nodes }).blocked).toHaveLength(fit ? 0 : 1);
  });
});

describe('a port that a container which is not ours has', () => {
  const web = aService({ spec: aSpec({ ports: [aPort(80)] }) });
  const beside = (...ports: readonly TakenPort[]) => aNode({ host: aHostReport({ ports }) });

  test.each([
    ['on all addresses', aTakenPort(80), false],
    ['on one address', aTakenPort(80, { address: '10.0.0.1' }), false],
    ['on all addresses of both kinds', aTakenPort(80, { address: '::' }), false],
    ['of another number', aTakenPort(81), true],
    ['of another protocol', aTakenPort(80, { protocol: 'udp' }), true],
  ])('%s', (_, taken, fits) => {
    const made = planOf({ services: [web], nodes: [beside(taken)] });
    expect(made.blocked).toHaveLength(fits ? 0 : 1);
  });

  test('on another address than the one wanted leaves room', () => {
    const facts = someFacts({ publishAddress: '10.0.0.2' });
    const host = aHostReport({ ports: [aTakenPort(80, { address: '10.0.0.1' })] });
    expect(planOf({ services: [web], nodes: [aNode({ facts, host })] }).blocked).toEqual([]);
  });

  test('moves nobody who has a place', () => {
    const host = aHostReport({ ports: [aTakenPort(80)] });
    const made = planOf({ services: [web], nodes: [aNodeRunning('a', [[web, 1]], { host })] });
    expect(isConverged(made)).toBe(true);
  });

  test('sends an instance elsewhere whose new spec wants it', () => {
    const host = aHostReport({ ports: [aTakenPort(80)] });
    const before = aService({ specHash: 'aaaaaaaaaaaaaaaa' });
    const nodes = [aNodeRunning('a', [[before, 1]], { host }), aNode({ name: 'b' })];
    expect(places(planOf({ services: [web], nodes }))).toEqual({ 'shop/web-1': 'b' });
  });

  test('is told with a name that does no harm to a terminal', () => {
    const made = planOf({
      services: [web],
      nodes: [beside(aTakenPort(80, { container: `\u001b[2J${'n'.repeat(300)}` }))],
    });
    expect(made.blocked[0]?.reason).not.toContain('\u001b');
    expect(made.blocked[0]?.reason.length).toBeLessThan(250);
  });
});

describe('an instance that cannot start because something on the host has its port', () => {
  const web = aService({ spec: aSpec({ ports: [aPort(80)] }) });
  const failure = aFailure({ code: 'port-taken' });
  const attempt = anAttempt({ phase: 'failed', specHash: web.specHash, failure });
  const instance = (of = {}) => anObservedInstance({ current: null, attempt, ...of });
  const taken = aHostReport({ ports: [aTakenPort(80, { container: null })] });
  const shutOut = (overrides = {}) =>
    aNode({ name: 'a', instances: [instance()], assigned: [assigned(web)], ...overrides });
  const b = aNode({ name: 'b' });

  test('goes to another node', () => {
    const made = planOf({ services: [web], nodes: [shutOut({ host: taken }), b] });
    expect(reasons(made)).toEqual([
      'create shop/web-1 on b: the new spec does not fit on node a: port 80/tcp is taken by a process of the host',
      'remove shop/web-1 on a: moved to b',
    ]);
    expect(made.halted).toEqual([]);
  });

  test('is a failure where it is when there is none that could take it', () => {
    const full = aNode({ name: 'b', host: taken });
    const made = planOf({ services: [web], nodes: [shutOut({ host: taken }), full] });
    expect(made.halted.map(({ node }) => node)).toEqual(['a']);
    expect(made.waves).toEqual([]);
  });

  test('stays once it is there, also when the other one has become free again', () => {
    const nodes = [aNode({ name: 'a' }), aNodeRunning('b', [[web, 1]])];
    expect(isConverged(planOf({ services: [web], nodes }))).toBe(true);
  });

  test.each([
    ['while nobody knows what has it', {}],
    [
      'while an older container serves',
      { host: taken, instances: [instance({ current: aContainer({ specHash: 'older' }) })] },
    ],
    [
      'after a failure of another kind',
      {
        host: taken,
        instances: [instance({ attempt: { ...attempt, failure: aFailure() } })],
      },
    ],
  ])('stays %s', (_, overrides) => {
    const made = planOf({ services: [web], nodes: [shutOut(overrides), b] });
    expect(made.halted.map(({ node }) => node)).toEqual(['a']);
    expect(places(made)).toEqual({});
  });

  test('never goes when it is stateful', () => {
    const db = { ...web, stateful: true };
    const made = planOf({ services: [db], nodes: [shutOut({ host: taken }), b] });
    expect(made.halted.map(({ node }) => node)).toEqual(['a']);
  });
});

describe('CPUs', () => {
  test('are counted for what this plan places too, in parts', () => {
    const small = aService({ instances: 41, spec: aSpec({ cpus: 0.1 }) });
    const made = planOf({ services: [small], nodes: [aNode()] });
    expect(Object.keys(places(made))).toHaveLength(40);
    expect(made.blocked.map(({ number }) => number)).toEqual([41]);
  });

  test('of an instance that is replaced are not counted against itself', () => {
    const web = aService({ spec: aSpec({ cpus: 3 }) });
    const nodes = [aNodeRunning('a', [[{ ...web, specHash: 'aaaaaaaaaaaaaaaa' }, 1]])];
    expect(planOf({ services: [web], nodes }).blocked).toEqual([]);
  });

  test('that are too few by now move nobody who has a place', () => {
    const web = aService({ instances: 3, spec: aSpec({ cpus: 3 }) });
    const nodes = [
      aNodeRunning('a', [
        [web, 1],
        [web, 2],
        [web, 3],
      ]),
    ];
    expect(isConverged(planOf({ services: [web], nodes }))).toBe(true);
  });
});

describe('what is there, but not as a revision wants it', () => {
  const old = aService({ name: 'old', spec: aSpec({ memory: 6 * GIB, ports: [aPort(80)] }) });
  const big = aService({ spec: aSpec({ memory: 3 * GIB }) });
  const told = (service: Service, number = 1) => ({
    ...assigned(service, number),
    spec: service.spec,
  });
  const having = (service: Service, overrides = {}) =>
    aNode({ name: 'a', instances: [running(service)], assigned: [told(service)], ...overrides });

  test('takes its room as long as it is there when its service is removed', () => {
    const made = planOf({ services: [big], nodes: [having(old), aNode({ name: 'b' })] });
    expect(places(made)).toEqual({ 'shop/web-1': 'b' });
  });

  test('is waited for where there is no other room', () => {
    const scene = { services: [big], nodes: [having(old)], grid: { pruneBudget: 1 } };
    const made = planOf(scene);
    expect(waits(made)).toEqual([
      'shop/web-1: waits for room on node a, which other instances are about to leave',
    ]);
    expect(waves(made)).toEqual([['remove shop/old-1 on a']]);
    expect(places(planOf({ ...scene, nodes: [aNode({ name: 'a' })] }))).toEqual({
      'shop/web-1': 'a',
    });
  });

  test('is not waited for by what would not fit on an empty node either', () => {
    const huge = aService({ spec: aSpec({ memory: 900 * GIB }) });
    const hungry = aService({ spec: aSpec({ cpus: 64 }) });
    for (const service of [huge, hungry]) {
      const made = planOf({ services: [service], nodes: [having(old)], grid: { pruneBudget: 1 } });
      expect(waits(made)).toEqual([]);
      expect(made.blocked[0]?.reason).toContain('needed (a)');
      expect(waves(made)).toEqual([['remove shop/old-1 on a']]);
    }
    const host = { ports: [aTakenPort(443)], volumes: [] };
    const door = aService({ spec: aSpec({ ports: [aPort(443)] }) });
    const scene = { services: [door], nodes: [having(old, { host })], grid: { pruneBudget: 1 } };
    expect(planOf(scene).blocked).toHaveLength(1);
  });

  test('takes its room while its stack is held', () => {
    const held = { ...old, stack: 'held' };
    const made = planOf({ services: [big], nodes: [having(held)], held: ['held'] });
    expect(made.blocked[0]?.reason).toBe(
      'no node can take it: 2048 MiB memory free of 3072 MiB needed (a)',
    );
    const web = aService({ spec: aSpec({ ports: [aPort(80)] }) });
    expect(
      planOf({ services: [web], nodes: [having(held)], held: ['held'] }).blocked[0]?.reason,
    ).toBe('no node can take it: port 80 taken by held/old-1 (a)');
  });

  test('counts by what it is while it leaves for another spec’s sake', () => {
    // The new spec does not fit on node a; until the old one is gone, neither does anything else that is large.
    const web = aService({ name: 'old', spec: aSpec({ memory: 9 * GIB }) });
    const large = aNode({ name: 'b', facts: someFacts({ memory: 10 * GIB }) });
    const other = aService({ name: 'z', spec: aSpec({ memory: 3 * GIB }) });
    const made = planOf({ services: [web, other], nodes: [having(old), large] });
    expect(places(made)).toEqual({ 'shop/old-1': 'b' });
    expect(waits(made)).toContain(
      'shop/z-1: waits for room on node a, which other instances are about to leave',
    );
  });

  test('is not counted where nobody knows any more what it was', () => {
    const nodes = [aNode({ name: 'a', instances: [running(old)] })];
    const made = planOf({ services: [big], nodes, grid: { pruneBudget: 1 } });
    expect(places(made)).toEqual({ 'shop/web-1': 'a' });
  });
});

describe('memory', () => {
  test('is counted for what this plan places too', () => {
    const big = aService({ instances: 3, spec: aSpec({ memory: 3 * GIB }) });
    const made = planOf({ services: [big], nodes: [aNode()] });
    expect(Object.keys(places(made))).toEqual(['shop/web-1', 'shop/web-2']);
    expect(made.blocked.map(({ number }) => number)).toEqual([3]);
  });

  test('is memory with swap where only that is said, and nothing where nothing is', () => {
    const nodes = [aNode({ facts: someFacts({ memory: 1 }) })];
    const swap = aService({ spec: aSpec({ memorySwap: GIB }) });
    expect(planOf({ services: [swap], nodes }).blocked).toHaveLength(1);
    expect(planOf({ services: [aService()], nodes }).blocked).toHaveLength(0);
  });

  test('of an instance that is replaced is not counted against itself', () => {
    const web = aService({ spec: aSpec({ memory: 5 * GIB }) });
    const nodes = [aNodeRunning('a', [[{ ...web, specHash: 'aaaaaaaaaaaaaaaa' }, 1]])];
    expect(planOf({ services: [web], nodes }).blocked).toEqual([]);
  });
});
