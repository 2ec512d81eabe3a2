import { describe, expect, it } from 'vitest';
import type { NetworkMap } from '../../src/model/network.ts';
import { guestSubnet, parseSubnet } from '../../src/model/subnet.ts';
import { nextNetworkMap } from '../../src/planner/network-map.ts';
import { networkFacts } from '../support/a-network-map.ts';

/** How a grid of this many nodes, each with as many containers, comes to be: one after the other, or all at once. */
function grown(of: {
  readonly subnet: string;
  readonly nodes: number;
  readonly containers: number;
  readonly steps: number;
}) {
  const members = Array.from({ length: of.nodes }, (_, at) => {
    const name = `node-${String(at + 1).padStart(4, '0')}`;
    return { name, facts: networkFacts(name), containers: of.containers };
  });
  const wishes = { subnet: of.subnet, trustedSubnets: [], mtu: 1370 };
  let map: NetworkMap | null = null;
  for (let step = 1; step <= of.steps; step += 1) {
    const nodes = members.slice(0, Math.ceil((of.nodes * step) / of.steps));
    map = nextNetworkMap({ grid: 'demo', before: map, wishes, nodes, claims: [] }).map;
  }
  const outlook = nextNetworkMap({ grid: 'demo', before: map, wishes, nodes: members, claims: [] });
  expect(outlook.map).toBe(map);
  return outlook;
}

function sizes({ map, leftOut, tight }: ReturnType<typeof grown>) {
  const pools = map?.nodes.flatMap((node) => node.pools) ?? [];
  expect(new Set(pools).size).toBe(pools.length);
  return {
    nodes: map?.nodes.length,
    pools: pools.length,
    leftOut: leftOut.length,
    tight: tight.length,
  };
}

describe('a grid with room for nodes and containers', () => {
  it.each([
    // subnet, nodes, containers on each → in the map, pools in use, left out, without the pool that they should have
    ['10.81.0.0/24', 8, 9, { nodes: 8, pools: 8, leftOut: 0, tight: 0 }],
    ['10.81.0.0/24', 9, 9, { nodes: 8, pools: 8, leftOut: 1, tight: 0 }],
    ['10.81.0.0/16', 254, 76, { nodes: 254, pools: 254, leftOut: 0, tight: 0 }],
    ['10.81.0.0/16', 254, 77, { nodes: 254, pools: 256, leftOut: 0, tight: 252 }],
    ['10.81.0.0/16', 128, 150, { nodes: 128, pools: 256, leftOut: 0, tight: 0 }],
    ['10.81.0.0/16', 1_000, 10, { nodes: 256, pools: 256, leftOut: 744, tight: 0 }],
    ['10.80.0.0/14', 1_000, 76, { nodes: 1_000, pools: 1_000, leftOut: 0, tight: 0 }],
    ['10.80.0.0/12', 1_000, 300, { nodes: 1_000, pools: 4_000, leftOut: 0, tight: 0 }],
  ])('%s with %i nodes of %i containers', (subnet, nodes, containers, expected) => {
    expect(sizes(grown({ subnet, nodes, containers, steps: 1 }))).toEqual(expected);
  });

  it('says for want of what a node is left out', () => {
    const { leftOut } = grown({ subnet: '10.81.0.0/24', nodes: 9, containers: 0, steps: 9 });

    expect(leftOut).toEqual([
      { node: 'node-0009', reason: '10.81.0.0/24 has no room for another node', lacksRoom: true },
    ]);
  });

  it('grows by one node after the other to what it is made of at once', () => {
    const of = { subnet: '10.81.0.0/16', nodes: 254, containers: 20 };

    const [slowly, atOnce] = [grown({ ...of, steps: 127 }), grown({ ...of, steps: 1 })];

    expect(slowly.map?.version).toBe(127);
    expect(slowly.map?.nodes).toEqual(atOnce.map?.nodes);
  });

  it('keeps node addresses below those of people on the VPN', () => {
    const { map } = grown({ subnet: '10.81.0.0/22', nodes: 300, containers: 0, steps: 1 });

    const subnet = parseSubnet('10.81.0.0/22');
    const last = Math.max(...(map?.nodes.map((node) => node.number) ?? []));
    expect(subnet.base + last).toBeLessThan(guestSubnet(subnet).base);
  });
});
