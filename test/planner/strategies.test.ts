import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isConverged } from '../../src/model/plan.ts';
import { aNode, aNodeRunning, anAffinity, aPort, aService, aSpec } from '../support/builders.ts';
import { confirmedPlanOf, places, planOf, reasons, waves } from './planning.ts';

function inZones(...zones: readonly string[]) {
  return zones.map((zone, at) => aNode({ name: `n${at + 1}`, labels: [`az=${zone}`] }));
}

function nodesOf(made: ReturnType<typeof planOf>): readonly string[] {
  return Object.values(places(made));
}

describe('ha', () => {
  test('spreads over zones before nodes', () => {
    const web = aService({ instances: 4 });
    expect(nodesOf(planOf({ services: [web], nodes: inZones('a', 'a', 'a', 'b') }))).toEqual([
      'n1',
      'n4',
      'n2',
      'n4',
    ]);
  });

  test('spreads over regions before zones, and over zones of a region before its nodes', () => {
    const web = aService({ instances: 6 });
    const at = (region: string, zone: string, name: string) =>
      aNode({ name, labels: [`region=${region}`, `az=${zone}`] });
    const nodes = [
      at('eu', 'a', 'n1'),
      at('eu', 'a', 'n2'),
      at('eu', 'b', 'n3'),
      at('us', 'a', 'n4'),
      at('us', 'a', 'n5'),
    ];
    expect(nodesOf(planOf({ services: [web], nodes }))).toEqual([
      'n1',
      'n4',
      'n3',
      'n5',
      'n2',
      'n4',
    ]);
  });

  test('takes nodes without a region for a region of their own', () => {
    const web = aService({ instances: 2 });
    const nodes = [
      aNode({ name: 'n1', labels: ['region=eu', 'az=a'] }),
      aNode({ name: 'n2', labels: ['region=eu', 'az=b'] }),
      aNode({ name: 'n3', labels: ['az=c'] }),
    ];
    expect(nodesOf(planOf({ services: [web], nodes }))).toEqual(['n1', 'n3']);
  });

  test('moves nothing for the sake of a better spread', () => {
    const web = aService({ instances: 2 });
    const nodes = [
      aNodeRunning(
        'n1',
        [
          [web, 1],
          [web, 2],
        ],
        { labels: ['region=eu'] },
      ),
      aNode({ name: 'n2', labels: ['region=us'] }),
    ];
    expect(isConverged(planOf({ services: [web], nodes }))).toBe(true);
  });

  test('spreads over nodes, then starts over', () => {
    const web = aService({ instances: 5 });
    const nodes = ['c', 'a', 'b'].map((name) => aNode({ name }));
    expect(nodesOf(planOf({ services: [web], nodes }))).toEqual(['a', 'b', 'c', 'a', 'b']);
  });

  test('counts the instances that stay', () => {
    const web = aService({ instances: 3 });
    const nodes = [aNodeRunning('a', [[web, 1]]), aNode({ name: 'b' }), aNode({ name: 'c' })];
    expect(nodesOf(planOf({ services: [web], nodes }))).toEqual(['b', 'c']);
  });

  test('takes the node with least on it, then the first by name', () => {
    const api = aService({ name: 'api', instances: 3 });
    const nodes = [
      aNodeRunning('a', [
        [api, 1],
        [api, 2],
      ]),
      aNodeRunning('b', [[api, 3]]),
      aNodeRunning('c', []),
      aNodeRunning('d', []),
    ];
    expect(nodesOf(planOf({ services: [aService(), api], nodes }))).toEqual(['c']);
  });

  test('does not put all services on the same nodes', () => {
    const services = ['a', 'b', 'c'].map((name) => aService({ name }));
    expect(nodesOf(planOf({ services, nodes: inZones('', '', '') }))).toEqual(['n1', 'n2', 'n3']);
  });

  test('goes on to the next zone when one is full', () => {
    const web = aService({ instances: 3, spec: aSpec({ ports: [aPort(80)] }) });
    expect(nodesOf(planOf({ services: [web], nodes: inZones('a', 'b', 'b') }))).toEqual([
      'n1',
      'n2',
      'n3',
    ]);
  });
});

describe('daemon', () => {
  const log = aService({ name: 'log', strategy: 'daemon' });

  test('runs one on each node', () => {
    const made = planOf({ services: [log], nodes: inZones('a', 'a', 'b') });
    expect(places(made)).toEqual({ 'shop/log-1': 'n1', 'shop/log-2': 'n2', 'shop/log-3': 'n3' });
    expect(made.wanted).toBe(3);
  });

  test('runs as many as it says on each node', () => {
    const made = planOf({ services: [{ ...log, instances: 2 }], nodes: inZones('a', 'a') });
    expect(nodesOf(made)).toEqual(['n1', 'n2', 'n1', 'n2']);
    expect(made.wanted).toBe(4);
  });

  test('runs on matching nodes only', () => {
    const picky = { ...log, affinity: [anAffinity('label==az=a')] };
    expect(nodesOf(planOf({ services: [picky], nodes: inZones('a', 'b', 'a') }))).toEqual([
      'n1',
      'n3',
    ]);
  });

  test('warns when no node matches', () => {
    const picky = { ...log, affinity: [anAffinity('label==gpu')] };
    const made = planOf({ services: [picky], nodes: inZones('a') });
    expect(made.wanted).toBe(0);
    expect(made.warnings).toEqual(['shop/log has no node to run on']);
  });

  test('gives a new node a number of its own', () => {
    const nodes = [aNodeRunning('b', [[log, 1]]), aNode({ name: 'a' })];
    expect(reasons(planOf({ services: [log], nodes }))).toEqual([
      'create shop/log-2 on a: the node has none yet',
    ]);
  });

  test('only takes away what is on a draining node', () => {
    const nodes = [
      aNodeRunning('a', [[log, 1]], { availability: 'drain' }),
      aNodeRunning('b', [[log, 2]]),
    ];
    const made = planOf({ services: [log], nodes });
    expect(reasons(made)).toEqual(['remove shop/log-1 on a: node a is draining']);
    expect(made.confirmation).toBeNull();
  });

  test('needs confirmation to leave nodes that do not match any more', () => {
    const picky = { ...log, affinity: [anAffinity('node==b')] };
    const nodes = ['a', 'b', 'c'].map((name, at) => aNodeRunning(name, [[log, at + 1]]));
    const scene = { services: [picky], nodes };
    expect(planOf(scene).waves).toEqual([]);
    expect(waves(confirmedPlanOf(scene))).toEqual([
      ['remove shop/log-1 on a', 'remove shop/log-3 on c'],
    ]);
  });

  test('keeps the converged ones when there are fewer to be', () => {
    const two = { ...log, instances: 2 };
    const nodes = [
      aNodeRunning('a', [
        [{ ...two, specHash: 'aaaaaaaaaaaaaaaa' }, 1],
        [two, 2],
      ]),
    ];
    const made = planOf({ services: [log], nodes });
    expect(reasons(made)).toEqual(['remove shop/log-1 on a: scaled from 2 to 1 on each node']);
  });

  test('is blocked on a node without room, not moved to another', () => {
    const spec = aSpec({ ports: [aPort(80)] });
    const web = aService({ spec });
    const nodes = [aNodeRunning('a', [[web, 1]]), aNode({ name: 'b' })];
    const made = planOf({ services: [web, { ...log, spec }], nodes });
    expect(places(made)).toEqual({ 'shop/log-1': 'b' });
    expect(made.blocked.map(({ number, excluded }) => [number, excluded])).toEqual([
      [
        2,
        [
          { filter: 'ports', nodes: ['b'], reason: 'port 80 taken by shop/log-1' },
          { filter: 'ports', nodes: ['a'], reason: 'port 80 taken by shop/web-1' },
        ],
      ],
    ]);
  });
});

describe('random', () => {
  const job = aService({ name: 'job', strategy: 'random', instances: 4 });

  test('draws the same nodes every time', () => {
    const nodes = inZones('a', 'a', 'b', 'b', 'c');
    expect(places(planOf({ services: [job], nodes }))).toEqual(
      places(planOf({ services: [job], nodes: nodes.toReversed() })),
    );
  });

  test('uses every node about as often as any other', () => {
    const nodes = inZones('', '', '', '');
    const many = { ...job, instances: 1_000 };
    const counts = new Map<string, number>();
    for (const node of nodesOf(planOf({ services: [many], nodes })))
      counts.set(node, (counts.get(node) ?? 0) + 1);
    for (const count of counts.values()) expect(Math.abs(count - 250)).toBeLessThan(60);
    expect(counts.size).toBe(4);
  });

  test('sends an instance elsewhere only if its node goes', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{3}$/), { minLength: 2, maxLength: 8 });
    fc.assert(
      fc.property(names, (all) => {
        const nodes = all.map((name) => aNode({ name }));
        const before = places(planOf({ services: [job], nodes }));
        const after = places(planOf({ services: [job], nodes: nodes.slice(1) }));
        for (const [path, node] of Object.entries(before))
          if (node !== all[0]) expect(after[path]).toBe(node);
      }),
    );
  });
});
