import { describe, expect, it } from 'vitest';
import { type FleetNode, unheard } from '../../src/master/fleet.ts';
import { prepare, prepareDesired } from '../../src/master/prepare.ts';
import {
  type GridView,
  instanceStatuses,
  nodeStatuses,
  serviceStatuses,
} from '../../src/master/status.ts';
import { systemClock, wallTime } from '../../src/runtime/clock.ts';
import { aNetworkMap, aNetworkNode, networkFacts } from '../support/a-network-map.ts';
import {
  aFailure,
  aGrid,
  anAttempt,
  aPlan,
  aService,
  aSpec,
  aStack,
  desiring,
  NOW,
  running,
  someFacts,
} from '../support/builders.ts';

const web = aService({ instances: 2 });
const newWeb = aService({ instances: 2, spec: aSpec({ image: 'demo:2' }), specHash: 'new' });

function aNode(overrides: Partial<FleetNode> = {}): FleetNode {
  const node = unheard({ grid: 'demo', name: 'node-1', now: NOW });
  return { ...node, online: true, observed: true, facts: someFacts(), ...overrides };
}

function aView(overrides: Partial<GridView> = {}): GridView {
  const grid = aGrid({ nodes: { 'node-1': { labels: ['ssd'], availability: 'drain' } } });
  const compiled = { grid, stacks: [aStack({ services: [web] })], failed: [], problems: [] };
  return {
    grid: 'demo',
    prepared: prepare(compiled, null, 'sha-1'),
    plan: aPlan(),
    nodes: [aNode()],
    failedStacks: new Set(),
    network: { map: null, leftOut: [], tight: [] },
    wallTime: (moment) => moment,
    environments: [],
    ...overrides,
  };
}

function viewOf(service: typeof web, node: FleetNode): GridView {
  const stacks = [aStack({ services: [service] })];
  const prepared = prepare({ grid: aGrid(), stacks, failed: [], problems: [] }, null, 'sha-1');
  return aView({ prepared, nodes: [node] });
}

const states = (view: GridView) => instanceStatuses(view).map((one) => one.state);

describe('the state of an instance', () => {
  it('is paused when somebody has paused it, and shows what is left of that', () => {
    const drift = { state: 'reported', differences: [], count: 1, since: NOW } as const;
    const ran = running(web, 1);
    const current = ran.current && { ...ran.current, running: false, ready: false };
    const paused = current && ({ ...current, paused: true } as const);
    const node = aNode({ instances: [{ ...ran, current: paused, drift }] });

    expect(instanceStatuses(viewOf(web, node))).toMatchObject([{ state: 'paused', drift }]);
  });

  it('is running only on the wanted spec, and updating on another', () => {
    const node = aNode({ instances: [running(web, 1)] });

    expect(states(viewOf(web, node))).toEqual(['running']);
    expect(states(viewOf(newWeb, node))).toEqual(['updating']);
  });

  it('is failing while its newest attempt failed, although the old container serves', () => {
    const attempt = anAttempt({ phase: 'failed', failure: aFailure() });
    const node = aNode({ instances: [{ ...running(web, 1), attempt }] });

    const view = viewOf(newWeb, node);

    expect(states(view)).toEqual(['failing']);
    expect(serviceStatuses(view)[0]).toMatchObject({ ready: 1, updated: 0, wanted: 2 });
  });

  it('is unknown on a node that does not report, and unwanted when no revision names it', () => {
    const instances = [running(aService({ name: 'gone' }), 1)];

    expect(states(viewOf(web, aNode({ online: false, instances })))).toEqual(['unknown']);
    expect(states(viewOf(web, aNode({ instances })))).toEqual(['unwanted']);
  });

  it('is what the plan says of instances that no node shows', () => {
    const id = { stack: 'shop', service: 'web' };
    const blocked = [{ ...id, number: 1, reason: 'no node', excluded: [] }];
    const waiting = [{ ...id, number: 2, reason: 'node-2 has not reported yet' }];

    expect(states(aView({ plan: aPlan({ blocked, waiting }) }))).toEqual(['blocked', 'missing']);
  });

  it('is that of the serving container while an instance is on two nodes', () => {
    const moving = { ...running(web, 1), current: null, attempt: anAttempt() };
    const nodes = [
      aNode({ instances: [moving] }),
      aNode({ name: 'node-2', instances: [running(web, 1)] }),
    ];

    expect(instanceStatuses(aView({ nodes }))).toMatchObject([
      { node: 'node-2', state: 'running' },
    ]);
  });
});

describe('the status of a node', () => {
  it('joins what its agent says and what grid.yml wishes', () => {
    const facts = someFacts({ labels: ['az=1'] });

    expect(nodeStatuses(aView({ nodes: [aNode({ facts })] }))[0]).toMatchObject({
      status: 'online',
      availability: 'drain',
      facts: { labels: ['az=1', 'ssd'] },
    });
  });

  it('has its place in the network of the grid, or says why it has none', () => {
    const network = {
      map: aNetworkMap([aNetworkNode('node-1', 259)]),
      leftOut: [{ node: 'node-2', reason: 'docker desktop', lacksRoom: false }],
      tight: [],
    };
    const told = { addresses: ['10.77.0.3', 'fd00::3'], publicAddress: '192.0.2.3', region: 'eu' };
    const inside = someFacts({ network: networkFacts('node-1', told) });
    const outside = someFacts({
      network: networkFacts('node-2', { mode: 'bridge', publicKey: null }),
    });
    const nodes = [
      aNode({ facts: inside }),
      aNode({ name: 'node-2', facts: outside }),
      aNode({ name: 'node-3' }),
    ];

    expect(nodeStatuses(aView({ nodes, network })).map((node) => node.network)).toEqual([
      {
        mode: 'overlay',
        reason: null,
        number: 259,
        address: '10.81.1.3',
        publicAddress: '192.0.2.3',
        privateAddress: '10.77.0.3',
        region: 'eu',
      },
      {
        mode: 'bridge',
        reason: 'docker desktop',
        number: null,
        address: null,
        publicAddress: null,
        privateAddress: '10.77.0.1',
        region: null,
      },
      undefined,
    ]);
  });
});

it('a node was last seen as long ago as it is away, whatever the clock on the wall was then', () => {
  const engine = { state: 'silent', since: 5_000, reason: 'gone', disk: null } as const;
  const clocks = { clock: { ...systemClock, now: () => NOW }, uptime: () => 10_000 };
  const nodes = [aNode({ heardAt: 9_000, engine })];

  const view = aView({ nodes, wallTime: (moment) => wallTime(moment, clocks) });

  expect(nodeStatuses(view)).toMatchObject([
    { lastSeenAt: NOW - 1_000, engine: { since: NOW - 5_000 } },
  ]);
});

describe('a node that is drained', () => {
  const db = aService({ name: 'db', stateful: true });

  it('names what stays there with its data', () => {
    const node = aNode({ instances: [running(web, 1), running(db, 1)] });
    const stacks = [aStack({ services: [web, db] })];
    const prepared = (availability: 'active' | 'drain') => {
      const grid = aGrid({ nodes: { 'node-1': { labels: [], availability } } });
      return prepare({ grid, stacks, failed: [], problems: [] }, null, 'sha-1');
    };
    const stays = (availability: 'active' | 'drain') =>
      nodeStatuses(aView({ prepared: prepared(availability), nodes: [node] }))[0]?.stays;

    expect(stays('drain')).toEqual(['shop/db-1']);
    expect(stays('active')).toBeUndefined();
  });
});

describe('a node whose engine is silent', () => {
  it('shows that, and says nothing of its instances', () => {
    const engine = { state: 'silent', since: NOW, reason: 'gone', disk: null } as const;
    const view = viewOf(web, aNode({ instances: [running(web, 1)], engine }));

    expect(nodeStatuses(view)).toMatchObject([{ status: 'online', engine }]);
    expect(instanceStatuses(view)).toMatchObject([{ state: 'unknown', health: 'unknown' }]);
    expect(serviceStatuses(view)).toMatchObject([{ ready: 0 }]);
  });
});

it('tells which services run for a pull request', () => {
  const service = aService({ stack: 'shop-pr-7' });
  const stacks = [aStack({ name: 'shop-pr-7', services: [service] })];
  const view = aView({
    prepared: prepareDesired(desiring([aService(), service])),
    environments: [
      {
        grid: 'demo',
        repository: 'grids',
        request: 7,
        head: 'abc',
        stacks,
        names: ['shop-pr-7'],
        url: 'https://pr-7.example.com',
        outcome: null,
      },
    ],
  });
  expect(serviceStatuses(view).map(({ stack, preview }) => [stack, preview])).toEqual([
    ['shop', undefined],
    ['shop-pr-7', { request: 7, head: 'abc', url: 'https://pr-7.example.com' }],
  ]);
});
