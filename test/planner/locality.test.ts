import { describe, expect, it } from 'vitest';
import type { Service } from '../../src/model/grid.ts';
import type { ObservedNode } from '../../src/model/observed.ts';
import type { VolumeSpec } from '../../src/model/spec.ts';
import type { NetworkOutlook } from '../../src/planner/network-map.ts';
import { aNetworkMap, aNetworkNode } from '../support/a-network-map.ts';
import {
  aNode,
  aNodeRunning,
  anAffinity,
  aService,
  aSpec,
  aVolumeMount,
} from '../support/builders.ts';
import { planOf } from './planning.ts';

function outlook(overrides: Partial<NetworkOutlook> = {}): NetworkOutlook {
  return { map: aNetworkMap([aNetworkNode('a', 1)]), leftOut: [], tight: [], ...overrides };
}

describe('a node outside of the network of its grid', () => {
  const web = aService({ instances: 2 });
  const reason = 'docker desktop: its containers are in a machine of their own';
  const network = outlook({ leftOut: [{ node: 'b', reason, lacksRoom: false }] });
  const warning = `node b is not in the grid's network (${reason}): its containers are reached only from itself`;
  const both = [aNodeRunning('a', [[web, 1]]), aNodeRunning('b', [[web, 2]])];

  it('is told of when it has containers that are to be in the network', () => {
    expect(planOf({ services: [web], nodes: both, network }).warnings).toEqual([warning]);
  });

  it('is told of before it gets any', () => {
    const nodes = [aNode({ name: 'a' }), aNode({ name: 'b' })];

    expect(planOf({ services: [web], nodes, network }).warnings).toEqual([warning]);
  });

  it('is nobody to tell of when there is no other, or nothing on it for the network', () => {
    const onHost = aService({ instances: 2, spec: aSpec({ networkMode: 'host' }) });
    const hosts = [aNodeRunning('a', [[onHost, 1]]), aNodeRunning('b', [[onHost, 2]])];

    expect(planOf({ services: [web], nodes: both.slice(1), network }).warnings).toEqual([]);
    expect(planOf({ services: [onHost], nodes: hosts, network }).warnings).toEqual([]);
    expect(planOf({ services: [web], nodes: both }).warnings).toEqual([]);
  });

  it('for want of room is told of whatever is on it', () => {
    const full = {
      node: 'b',
      reason: '10.81.0.0/24 has no room for another node',
      lacksRoom: true,
    };

    expect(planOf({ nodes: both, network: outlook({ leftOut: [full] }) }).warnings).toEqual([
      `node b is not in the grid's network (10.81.0.0/24 has no room for another node): its containers are reached only from itself`,
    ]);
  });

  it('does not make another plan', () => {
    const without = planOf({ services: [web], nodes: both });

    expect(planOf({ services: [web], nodes: both, network })).toEqual({
      ...without,
      warnings: [warning],
    });
  });
});

describe('the network of a grid', () => {
  it('does not follow grid.yml in what is fixed, and says so', () => {
    const grid = { subnet: '10.90.0.0/16', mtu: 1450 };

    expect(planOf({ grid, network: outlook() }).warnings).toEqual([
      'the MTU of a grid is fixed when its first node joins: it stays 1370, and 1450 of grid.yml is not used',
      'the subnet of a grid is fixed when its first node joins: it stays 10.81.0.0/16, and 10.90.0.0/16 of grid.yml is not used',
    ]);
    expect(planOf({ grid, network: outlook({ map: aNetworkMap([]) }) }).warnings).toEqual([]);
  });

  it('says on which node addresses are running out', () => {
    const map = aNetworkMap([aNetworkNode('a', 1, { pools: [1, 255] })]);

    expect(planOf({ network: outlook({ map, tight: ['a'] }) }).warnings).toEqual([
      'node a has most of its 256 addresses for containers in use, and 10.81.0.0/16 has no more',
    ]);
  });
});

describe('a volume that is local to each node', () => {
  function warned(of: {
    readonly volume?: Partial<VolumeSpec>;
    readonly service?: Partial<Service>;
    readonly nodes?: (service: Service) => readonly ObservedNode[];
  }): readonly string[] {
    const mounts = [aVolumeMount({ scope: 'stack', ...of.volume })];
    const service = aService({
      name: 'files',
      instances: 2,
      spec: aSpec({ mounts }),
      ...of.service,
    });
    const spread = [aNodeRunning('b', [[service, 2]]), aNodeRunning('a', [[service, 1]])];
    return planOf({ services: [service], nodes: of.nodes?.(service) ?? spread }).warnings;
  }

  const different =
    'volume data of shop/files is local to each node: a and b have different contents';
  const left =
    'volume data of shop/files is local to each node: what is on a stays there when an instance moves';

  it('is told of where instances on several nodes look as if they shared it', () => {
    expect(warned({})).toEqual([different]);
    expect(warned({ volume: { scope: 'grid', driver: 'local' } })).toEqual([different]);
    expect(warned({ nodes: () => [aNode({ name: 'a' }), aNode({ name: 'b' })] })).toEqual([
      different,
    ]);
    expect(warned({ volume: { driverOptions: { type: 'none', o: 'bind' } } })).toEqual([different]);
  });

  it('is told of where the instance may move away from it', () => {
    const nodes = (service: Service) => [aNodeRunning('a', [[service, 1]]), aNode({ name: 'b' })];

    expect(warned({ service: { instances: 1 }, nodes })).toEqual([left]);
    expect(warned({ service: { instances: 1, stateful: true }, nodes })).toEqual([]);
    const affinity = [anAffinity('node==a')];
    expect(warned({ service: { instances: 1, affinity }, nodes })).toEqual([]);
  });

  it.each<[string, Partial<VolumeSpec>]>([
    ["is each instance's own", { scope: 'instance' }],
    ['is made by somebody else', { external: true }],
    ['is of another driver', { driver: 'rexray' }],
    ['is on a server', { driverOptions: { type: 'nfs', o: 'addr=10.0.0.5' } }],
  ])('is nothing to tell of when it %s', (_, volume) => {
    const nodes = (service: Service) =>
      [aNodeRunning('a', [[service, 1]]), aNodeRunning('b', [[service, 2]])].map((node) => ({
        ...node,
        facts: node.facts && { ...node.facts, volumeDrivers: ['local', 'rexray'] },
      }));

    expect(warned({ volume, nodes })).toEqual([]);
  });

  it('is what a daemon wants, and all that a grid of one node has', () => {
    expect(warned({ service: { strategy: 'daemon', instances: 1 } })).toEqual([]);
    expect(
      warned({
        nodes: (service) => [
          aNodeRunning('a', [
            [service, 1],
            [service, 2],
          ]),
        ],
      }),
    ).toEqual([]);
  });

  it('names the nodes that there will be, the first of many', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const nodes = () => names.map((name) => aNode({ name }));

    expect(warned({ service: { instances: 7 }, nodes })).toEqual([
      'volume data of shop/files is local to each node: a, b, c, d, e and 2 more have different contents',
    ]);
    expect(warned({ service: { instances: 6 }, nodes: () => nodes().slice(0, 6) })).toEqual([
      'volume data of shop/files is local to each node: a, b, c, d, e and f have different contents',
    ]);
  });

  it('is not told of with nodes that an instance leaves', () => {
    const gone = (service: Service) => [
      aNodeRunning('a', [
        [service, 1],
        [service, 2],
      ]),
      aNodeRunning('b', [[service, 3]]),
    ];

    expect(warned({ service: { stateful: true }, nodes: gone })).toEqual([]);
  });
});
