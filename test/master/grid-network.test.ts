import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Fleet, unheard } from '../../src/master/fleet.ts';
import { GridNetwork, type Listener } from '../../src/master/grid-network.ts';
import type { NetworkMap } from '../../src/model/network.ts';
import { decodeMasterMessage, decodeNetworkMap } from '../../src/protocol/codec.ts';
import { createKeyPair, open } from '../../src/protocol/sign.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { HandClock } from '../agent/hand-clock.ts';
import { aNetworkMap, aNetworkNode, networkFacts } from '../support/a-network-map.ts';
import { aGrid, NOW, someFacts } from '../support/builders.ts';

const identity = createKeyPair();
const none = new Map<string, readonly string[]>();
/** Time for changes to come together. */
const GATHERED = 50;

let clock: HandClock;
let fleet: Fleet;
let stored: NetworkMap[];
let changes: number;
let refusing: Error | null;
let network: GridNetwork;

beforeEach(() => {
  clock = new HandClock();
  fleet = new Fleet();
  stored = [];
  changes = 0;
  refusing = null;
  network = started(null);
});

afterEach(async () => {
  await network.stop();
});

function started(known: NetworkMap | null): GridNetwork {
  return new GridNetwork('demo', known, {
    identity,
    fleet,
    clock,
    log: silentLog,
    keep: async (map) => {
      await Promise.resolve();
      if (refusing !== null) throw refusing;
      const isNewer = map.version > (stored.at(-1)?.version ?? 0);
      if (isNewer) stored.push(map);
      return isNewer;
    },
    onChange: () => {
      changes += 1;
    },
  });
}

function exists(name: string, of: Partial<ReturnType<typeof networkFacts>> = {}): void {
  const facts = someFacts({ network: networkFacts(name, of) });
  fleet.put({ ...unheard({ grid: 'demo', name, now: NOW }), observed: true, online: true, facts });
}

class Ear implements Listener {
  readonly networkVersion: number | null;
  readonly texts: string[] = [];

  constructor(networkVersion: number | null = 0) {
    this.networkVersion = networkVersion;
  }

  sendNetwork(message: string): void {
    // Durable before it is sent.
    expect(stored.length).toBeGreaterThan(0);
    this.texts.push(message);
  }

  get maps(): readonly NetworkMap[] {
    return this.texts.map((text) => {
      const message = decodeMasterMessage(text);
      if (message.type !== 'network') throw new Error(message.type);
      return decodeNetworkMap(open(identity.publicKey, 'network', message.signed) ?? '');
    });
  }

  get versions(): readonly number[] {
    return this.maps.map((map) => map.version);
  }
}

/** A node that says hello and has the map of this version. */
function comes(name: string, version: number | null = 0): Ear {
  network.greet(name, { version: version ?? 0, from: null });
  exists(name);
  const ear = new Ear(version);
  network.opened(ear);
  return ear;
}

describe('the map of a grid', () => {
  it('is not made before the grid is known', async () => {
    const ear = comes('a');
    await clock.turn(10_000);
    expect([stored, ear.texts]).toEqual([[], []]);

    await network.prepare(aGrid({ mtu: 1450 }), none);

    expect(ear.maps).toEqual(stored);
    expect(stored).toMatchObject([{ version: 1, mtu: 1450, nodes: [{ name: 'a', number: 1 }] }]);
  });

  it('is one for a crowd of nodes, and one text for all of them', async () => {
    await network.prepare(aGrid(), none);
    const ears = ['a', 'b', 'c', 'd'].map((name) => comes(name));
    await clock.turn(GATHERED - 1);
    expect(stored).toEqual([]);

    await clock.turn(1);

    expect(stored.map((map) => map.nodes.length)).toEqual([4]);
    expect(new Set(ears.flatMap((ear) => ear.texts)).size).toBe(1);
  });

  it('follows nodes that change, definitions that change, and nodes that are removed', async () => {
    await network.prepare(aGrid(), none);
    const ear = comes('a');
    comes('b');
    await clock.turn(GATHERED);

    exists('b', { addresses: ['10.77.0.2'] });
    network.touch();
    await clock.turn(GATHERED);
    await network.prepare(aGrid({ trustedSubnets: ['10.77.0.0/24'] }), none);
    fleet.remove('demo', 'b');
    await network.removed('b');

    expect(ear.maps.map(({ trustedSubnets, nodes }) => [trustedSubnets, nodes.length])).toEqual([
      [[], 2],
      [[], 2],
      [['10.77.0.0/24'], 2],
      [['10.77.0.0/24'], 1],
    ]);
  });

  it('is neither stored nor sent again while nothing changes', async () => {
    await network.prepare(aGrid(), none);
    const ear = comes('a');
    await clock.turn(GATHERED);
    const before = changes;

    for (let pass = 0; pass < 3; pass += 1) await network.prepare(aGrid(), none);
    network.touch();
    await clock.turn(10_000);

    expect([stored.length, ear.texts.length, changes]).toEqual([1, 1, before]);
  });

  it('has pools for what is about to be assigned before it is', async () => {
    await network.prepare(aGrid(), none);
    const ear = comes('a');
    await clock.turn(GATHERED);

    const arriving = Array.from({ length: 100 }, (_, at) => `shop/web-${at + 1}`);
    const { map } = await network.prepare(aGrid(), new Map([['a', arriving]]));

    expect(map?.nodes[0]?.pools).toEqual([1, 255]);
    expect(ear.maps.at(-1)).toEqual(map);
  });

  it('is sent to who is behind, and to nobody else', async () => {
    for (const name of ['a', 'b', 'c']) exists(name);
    await network.prepare(aGrid(), none);
    exists('d');
    await network.removed('gone');

    const [behind, current, ahead, old] = [
      comes('a', 1),
      comes('b', 2),
      comes('c', 3),
      comes('d', null),
    ];
    // It was asked for its newer one, and says nothing.
    await clock.turn(10_000);

    expect([behind.versions, current.versions, ahead.versions, old.texts]).toEqual([
      [2],
      [],
      [],
      [],
    ]);
  });

  it('is not sent to a session that another one has replaced', async () => {
    await network.prepare(aGrid(), none);
    const older = comes('a');
    network.left(older);
    const newer = comes('a');
    await clock.turn(GATHERED);

    expect([older.versions, newer.versions]).toEqual([[], [1]]);
  });

  it('tells why nodes are not in it, and says so once', async () => {
    exists('a');
    exists('b', { mode: 'bridge', publicKey: null, reason: 'docker desktop' });
    fleet.put({ ...unheard({ grid: 'demo', name: 'c', now: NOW }), facts: someFacts() });
    const { leftOut } = await network.prepare(aGrid(), none);

    expect(leftOut.map(({ node, reason }) => `${node}: ${reason}`)).toEqual([
      'b: docker desktop',
      'c: its agent is too old: update it',
    ]);
    expect(changes).toBe(1);
  });

  it('is made later when the store refuses it now, and not sent before', async () => {
    refusing = new Error('disk full');
    const ear = comes('a');
    await expect(network.prepare(aGrid(), none)).rejects.toThrow('disk full');
    await clock.turn(3_000);
    expect([ear.texts, network.outlook.map]).toEqual([[], null]);

    refusing = null;
    await clock.turn(3_000);

    expect(ear.versions).toEqual([1]);
  });
});

describe('a map that this master does not know', () => {
  const old = aNetworkMap([aNetworkNode('a', 5), aNetworkNode('b', 6)], { version: 17 });

  it('is asked for, and nothing is decided meanwhile', async () => {
    await network.prepare(aGrid(), none);
    const newcomer = comes('c');
    expect(network.greet('a', { version: 17, from: null })).toBe(true);
    const ear = comes('a', 17);
    await clock.turn(1_000);
    await network.prepare(aGrid({ trustedSubnets: ['10.0.0.0/8'] }), none);
    expect(stored).toEqual([]);

    expect(network.recalled('a', old)).toBe(true);
    fleet.expect('demo', 'b', NOW);
    await clock.turn(GATHERED);

    expect(newcomer.maps.map((map) => map.nodes.map((node) => [node.name, node.number]))).toEqual([
      [
        ['c', 1],
        ['a', 5],
        ['b', 6],
      ],
    ]);
    expect(ear.versions).toEqual([18]);
  });

  it('is waited for until its node is gone, or does not answer', async () => {
    await network.prepare(aGrid(), none);
    const newcomer = comes('c');
    const ear = comes('a', 17);
    await clock.turn(GATHERED);
    expect(stored).toEqual([]);

    network.closed('a', ear);
    await clock.turn(GATHERED);
    expect(newcomer.versions).toEqual([1]);

    const again = comes('b', 17);
    comes('d');
    await clock.turn(5_000 + GATHERED);
    expect(newcomer.versions).toEqual([1, 2]);
    // It has a newer one than this master will have for long; that is what it goes by.
    expect(again.versions).toEqual([]);
  });

  it('is heard only from whom it was asked', async () => {
    await network.prepare(aGrid(), none);
    comes('c');

    expect(network.recalled('c', old)).toBe(false);
    await clock.turn(GATHERED);

    expect(stored).toMatchObject([{ version: 1 }]);
  });

  it('is asked for, too, of a node with an older one that this master does not have in its own', () => {
    const known = aNetworkMap([aNetworkNode('a', 1)], { version: 20 });
    network = started(known);

    expect(network.greet('a', { version: 17, from: null })).toBe(false);
    expect(network.greet('x', { version: 17, from: null })).toBe(true);
    expect(network.greet('y', { version: 0, from: null })).toBe(false);
  });
});
