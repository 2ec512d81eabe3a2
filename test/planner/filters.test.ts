import { describe, expect, test } from 'vitest';
import type { Service } from '../../src/model/grid.ts';
import type { ObservedNode } from '../../src/model/observed.ts';
import type { PortBinding } from '../../src/model/spec.ts';
import {
  aNode,
  aNodeRunning,
  anAffinity,
  aPort,
  aService,
  aSpec,
  assigned,
  aVolumeMount,
  NOW,
  someFacts,
} from '../support/builders.ts';
import { places, planOf } from './planning.ts';

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
      bad: aNode({ name: 'bad', status: 'offline', lastSeenAt: NOW - 10_000 }),
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
      reason: '2 of 4 CPUs needed',
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
