import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NetworkMap } from '../../src/model/network.ts';
import {
  type NetworkInput,
  type NetworkMember,
  type NetworkOutlook,
  nextNetworkMap,
} from '../../src/planner/network-map.ts';
import { decodeNetworkMap } from '../../src/protocol/codec.ts';
import { aNetworkMap, aNetworkNode, networkFacts, wireguardKey } from '../support/a-network-map.ts';
import { deepFreeze } from '../support/builders.ts';

function member(name: string, overrides: Partial<NetworkMember> = {}): NetworkMember {
  return { name, facts: networkFacts(name), containers: 0, ...overrides };
}

function next(of: Partial<NetworkInput>): NetworkOutlook {
  return nextNetworkMap(
    deepFreeze({
      grid: 'demo',
      before: null,
      wishes: { subnet: '10.81.0.0/16', trustedSubnets: [], mtu: 1370 },
      nodes: [],
      claims: [],
      ...of,
    }),
  );
}

function mapOf(of: Partial<NetworkInput>): NetworkMap {
  const { map } = next(of);
  if (map === null) throw new Error('no map');
  return map;
}

function numbers({ map }: Pick<NetworkOutlook, 'map'>): Readonly<Record<string, number>> {
  return Object.fromEntries(map?.nodes.map(({ name, number }) => [name, number]) ?? []);
}

function pools({ map }: Pick<NetworkOutlook, 'map'>): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(map?.nodes.map((node) => [node.name, node.pools]) ?? []);
}

describe('the first map of a grid', () => {
  it('is made when the first node that can be in the network is there', () => {
    const nodes = [member('a', { facts: networkFacts('a', { mode: 'bridge', publicKey: null }) })];

    expect(next({}).map).toBeNull();
    expect(next({ nodes }).map).toBeNull();
    expect(next({ nodes: [...nodes, member('b')] }).map).toEqual({
      grid: 'demo',
      version: 1,
      subnet: '10.81.0.0/16',
      tunnelSubnet: '10.83.0.0/16',
      mtu: 1370,
      vni: expect.any(Number),
      trustedSubnets: [],
      nodes: [aNetworkNode('b', 1)],
    });
  });

  it('is as grid.yml wishes, with tunnels apart from it', () => {
    const wishes = { subnet: '10.80.0.0/13', trustedSubnets: ['10.88.0.0/16'], mtu: 8870 };

    expect(mapOf({ wishes, nodes: [member('a')] })).toMatchObject({
      ...wishes,
      tunnelSubnet: '10.89.0.0/16',
    });
  });

  it('has another network identifier for each grid', () => {
    const vnis = ['demo', 'demo2', 'prod'].map((grid) => mapOf({ grid, nodes: [member('a')] }).vni);

    expect(new Set(vnis).size).toBe(3);
    for (const vni of vnis) expect(vni).toBeLessThan(2 ** 24);
  });
});

describe('the next map', () => {
  const before = aNetworkMap([aNetworkNode('a', 1), aNetworkNode('b', 2), aNetworkNode('d', 4)], {
    version: 7,
  });
  const nodes = [member('a'), member('b'), member('d')];

  it('is the same one while nothing changes', () => {
    expect(next({ before, nodes }).map).toBe(before);
    expect(next({ before, nodes: nodes.toReversed() }).map).toBe(before);
  });

  it('gives a newcomer the lowest number that is free, and its pool', () => {
    const map = mapOf({ before, nodes: [...nodes, member('0'), member('e')] });

    expect(map.version).toBe(8);
    expect(numbers({ map })).toEqual({ a: 1, b: 2, '0': 3, d: 4, e: 5 });
    expect(map.nodes.map((node) => node.number)).toEqual([1, 2, 3, 4, 5]);
    expect(pools({ map })).toMatchObject({ '0': [3], e: [5] });
  });

  it('gives a newcomer the highest free pool where the one of its number is taken', () => {
    const crowded = { ...before, nodes: [aNetworkNode('a', 1, { pools: [1, 2, 255] })] };

    expect(
      pools(next({ before: crowded, nodes: [member('a', { containers: 9 }), member('b')] })),
    ).toEqual({ a: [1, 2, 255], b: [254] });
  });

  it('is without nodes that were removed, and their numbers are free', () => {
    const gone = next({ before, nodes: [member('a'), member('d')] });

    expect(numbers(gone)).toEqual({ a: 1, d: 4 });
    expect(numbers(next({ before: gone.map, nodes: [...nodes.slice(0, 1), member('x')] }))).toEqual(
      { a: 1, x: 2 },
    );
  });

  it('keeps nodes as they are of which nothing is known yet', () => {
    const silent = nodes.map((node) => ({ ...node, facts: null }));

    expect(next({ before, nodes: [...silent, member('z', { facts: null })] })).toEqual({
      map: before,
      leftOut: [],
      tight: [],
    });
  });

  it('is without nodes that cannot be in the network any more, and says why', () => {
    const reason = 'docker desktop: no access to the network of its machine';
    const facts = networkFacts('b', { mode: 'bridge', publicKey: null, reason });
    const outlook = next({
      before,
      nodes: [
        member('a'),
        member('b', { facts }),
        member('d', { facts: networkFacts('d', { mode: 'none', publicKey: null }) }),
        member('e', { facts: networkFacts('e', { publicKey: null }) }),
      ],
    });

    expect(numbers(outlook)).toEqual({ a: 1 });
    expect(outlook.leftOut).toEqual([
      { node: 'b', reason, lacksRoom: false },
      { node: 'd', reason: 'its agent runs with --network none', lacksRoom: false },
      { node: 'e', reason: 'its agent has told no key', lacksRoom: false },
    ]);
  });

  it('has what nodes say of themselves now', () => {
    const told = {
      addresses: ['10.77.0.9', 'fd00::9'],
      publicAddress: 'b.example.com',
      region: 'eu',
    };
    const key = wireguardKey('new');
    const facts = networkFacts('b', { ...told, publicKey: key });
    const map = mapOf({
      before,
      nodes: [member('a'), member('b', { facts, seenFrom: '192.0.2.7' }), member('d')],
    });

    expect(map.version).toBe(8);
    expect(map.nodes[1]).toEqual(
      aNetworkNode('b', 2, { ...told, publicKey: key, seenFrom: '192.0.2.7' }),
    );
  });

  it('remembers where a node was seen that has not come back since', () => {
    const seen = mapOf({ before, nodes: [member('a', { seenFrom: '192.0.2.7' }), member('b')] });

    expect(next({ before: seen, nodes: [member('a'), member('b')] }).map).toBe(seen);
    expect(
      mapOf({ before: seen, nodes: [member('a', { seenFrom: null }), member('b')] }).nodes[0]
        ?.seenFrom,
    ).toBeNull();
  });

  it('keeps subnet, tunnels, MTU and identifier whatever grid.yml says now, and trusts whom it trusts', () => {
    const wishes = { subnet: '10.90.0.0/16', trustedSubnets: ['192.168.0.0/16'], mtu: 1450 };

    expect(mapOf({ before, nodes, wishes })).toEqual({
      ...before,
      version: 8,
      trustedSubnets: ['192.168.0.0/16'],
    });
  });

  it('is made anew after the last node has left', () => {
    const wishes = { subnet: '10.90.0.0/16', trustedSubnets: [], mtu: 1450 };
    const empty = mapOf({ before });
    expect(empty).toEqual({ ...before, version: 8, nodes: [] });
    expect(next({ before: empty, wishes }).map).toBe(empty);

    expect(mapOf({ before: empty, wishes, nodes: [member('z')] })).toMatchObject({
      version: 9,
      subnet: '10.90.0.0/16',
      mtu: 1450,
      nodes: [{ name: 'z', number: 1 }],
    });
  });
});

describe('pools of a node', () => {
  const before = aNetworkMap([aNetworkNode('a', 1), aNetworkNode('b', 2)]);

  it.each([
    [76, [1]],
    [77, [1, 255]],
    [153, [1, 255]],
    [154, [1, 255, 254]],
  ])('for %i containers are %j', (containers, expected) => {
    const outlook = next({ before, nodes: [member('a', { containers }), member('b')] });

    expect(pools(outlook)).toEqual({ a: expected, b: [2] });
    expect(outlook.tight).toEqual([]);
  });

  it('beyond the first are given back only when nothing can have an address of them', () => {
    const large = mapOf({ before, nodes: [member('a', { containers: 100 }), member('b')] });
    const after = (containers: number | null) =>
      pools(next({ before: large, nodes: [member('a', { containers }), member('b')] }))['a'];

    expect([after(1), after(null), after(0)]).toEqual([[1, 255], [1, 255], [1]]);
  });

  it('that would be needed and are not there are told of', () => {
    const wishes = { subnet: '10.81.0.0/24', trustedSubnets: [], mtu: 1370 };
    const outlook = next({
      wishes,
      nodes: [member('a', { containers: 1_000 }), member('b', { containers: 10 })],
    });

    expect(pools(outlook)).toEqual({ a: [1, 7, 6, 5, 4, 3, 0], b: [2] });
    expect(outlook.tight).toEqual(['a', 'b']);
  });
});

describe('maps that nodes bring back after the store was lost', () => {
  const old = aNetworkMap([aNetworkNode('a', 1, { pools: [1, 255] }), aNetworkNode('b', 2)], {
    version: 17,
    subnet: '10.90.0.0/16',
    vni: 5,
  });

  it('are taken as they are when all is as they say', () => {
    const nodes = [member('a', { containers: null }), member('b', { facts: null })];

    expect(next({ nodes, claims: [old] }).map).toBe(old);
  });

  it('win over a younger one of a lower version', () => {
    const before = aNetworkMap([aNetworkNode('c', 1), aNetworkNode('a', 2)]);
    const nodes = [
      member('a', { containers: null }),
      member('b', { facts: null }),
      member('c', { containers: 0 }),
    ];
    const map = mapOf({ before, nodes, claims: [old] });

    expect(map).toMatchObject({ version: 18, subnet: '10.90.0.0/16', vni: 5 });
    expect(numbers({ map })).toEqual({ a: 1, b: 2, c: 3 });
    expect(pools({ map })).toEqual({ a: [1, 255], b: [2], c: [3] });
  });

  it('that are older give a node back what is still free', () => {
    const before = aNetworkMap([aNetworkNode('a', 1), aNetworkNode('b', 2)], { version: 20 });
    const claim = aNetworkMap(
      [aNetworkNode('x', 9, { pools: [9, 200] }), aNetworkNode('y', 2), aNetworkNode('gone', 3)],
      { version: 5 },
    );
    const nodes = ['a', 'b', 'x', 'y'].map((name) => member(name, { containers: null }));
    const map = mapOf({
      before,
      nodes: [...nodes, member('gone', { facts: null })],
      claims: [claim],
    });

    expect(map.version).toBe(21);
    expect(numbers({ map })).toEqual({ a: 1, b: 2, x: 9, y: 3 });
    expect(pools({ map })['x']).toEqual([9, 200]);
  });

  it('of one version and different contents are settled by name, and become another version', () => {
    const one = aNetworkMap([aNetworkNode('b', 1)], { version: 3 });
    const other = aNetworkMap([aNetworkNode('a', 1)], { version: 3 });
    const nodes = [member('a'), member('b')];

    const made = [
      mapOf({ nodes, claims: [one, other] }),
      mapOf({ nodes, before: one, claims: [other] }),
      mapOf({ nodes, before: other, claims: [one] }),
    ];

    for (const map of made) expect(map).toEqual(made[0]);
    expect(made[0]?.version).toBe(4);
    expect(numbers({ map: made[0] ?? null })).toEqual({ a: 1, b: 2 });
  });
});

describe('whatever happens to a grid', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'];
  const subnet = fc.constantFrom('10.81.0.0/24', '10.81.0.0/22', '10.81.0.0/16');
  const event = fc.record({
    name: fc.constantFrom(...names),
    kind: fc.constantFrom('join', 'join', 'join', 'leave', 'fill', 'empty', 'move', 'restart'),
    containers: fc.nat(400),
  });

  function happens(
    members: Map<string, NetworkMember>,
    { name, kind, containers }: { name: string; kind: string; containers: number },
  ): void {
    const known = members.get(name);
    if (kind === 'join') members.set(name, known ?? member(name));
    if (kind === 'leave') members.delete(name);
    if (known === undefined) return;
    if (kind === 'fill') members.set(name, { ...known, containers });
    if (kind === 'empty') members.set(name, { ...known, containers: 0 });
    if (kind === 'move')
      members.set(name, {
        ...known,
        facts: networkFacts(name, { addresses: [`10.0.0.${containers % 250}`] }),
      });
  }

  it('numbers and pools are unique and stay, the map is stable, and any agent can read it', () => {
    fc.assert(
      fc.property(subnet, fc.array(event, { maxLength: 40 }), (of, events) => {
        const wishes = { subnet: of, trustedSubnets: [], mtu: 1370 };
        const members = new Map<string, NetworkMember>();
        let before: NetworkMap | null = null;
        for (const each of events) {
          happens(members, each);
          const nodes = [...members.values()];
          const outlook: NetworkOutlook = next({ wishes, before, nodes });
          const { map } = outlook;
          expect(next({ wishes, before, nodes: nodes.toReversed() })).toEqual(outlook);
          if (map === null) continue;
          expect(next({ wishes, before: map, nodes }).map).toBe(map);
          // A master that starts again has the text only, and has heard of nobody.
          const read = decodeNetworkMap(JSON.stringify(map));
          const silent = nodes.map((one) => ({ ...one, containers: null }));
          expect(next({ wishes, before: read, nodes: silent }).map).toBe(read);
          expectSound(map, outlook, nodes);
          if (before !== null) expectSticky(before, map);
          before = map;
        }
      }),
      { numRuns: 200 },
    );
  });

  function expectSound(map: NetworkMap, outlook: NetworkOutlook, nodes: readonly NetworkMember[]) {
    const all = map.nodes.flatMap((node) => node.pools);
    expect(new Set(map.nodes.map((node) => node.number)).size).toBe(map.nodes.length);
    expect(new Set(all).size).toBe(all.length);
    const told = [...map.nodes.map((node) => node.name), ...outlook.leftOut.map((one) => one.node)];
    expect(told.toSorted()).toEqual(nodes.map((node) => node.name).toSorted());
  }

  function expectSticky(before: NetworkMap, after: NetworkMap): void {
    expect(after.version - before.version).toBe(after === before ? 0 : 1);
    const known = new Map(before.nodes.map((node) => [node.name, node]));
    for (const { name, number, pools: mine } of after.nodes) {
      const had = known.get(name);
      if (had === undefined) continue;
      expect(number).toBe(had.number);
      expect(mine[0]).toBe(had.pools[0]);
    }
  }

  it('maps that disagree are brought together in one way, whoever brings them first', () => {
    const node = fc.record({
      name: fc.constantFrom(...names),
      number: fc.integer({ min: 1, max: 6 }),
    });
    const claim = fc
      .record({
        version: fc.integer({ min: 1, max: 3 }),
        nodes: fc.uniqueArray(node, { maxLength: 5, selector: (one) => one.name }),
      })
      .map(({ version, nodes }) =>
        aNetworkMap(
          nodes.map((one) => aNetworkNode(one.name, one.number)),
          { version },
        ),
      );
    fc.assert(
      fc.property(fc.array(claim, { minLength: 1, maxLength: 4 }), (claims) => {
        const nodes = names.map((name) => member(name, { containers: null }));
        const map = mapOf({ nodes, claims });

        expect(mapOf({ nodes: nodes.toReversed(), claims: claims.toReversed() })).toEqual(map);
        expectSound(map, next({ nodes, claims }), nodes);
        for (const one of claims) expect(map.version).toBeGreaterThanOrEqual(one.version);
        expect(
          next({ nodes, before: map, claims: claims.filter((one) => one.version < map.version) })
            .map,
        ).toBe(map);
      }),
    );
  });
});
