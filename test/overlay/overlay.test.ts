import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { NetworkMap } from '../../src/model/network.ts';
import type { OverlayEvent } from '../../src/overlay/events.ts';
import { Overlay, type OverlayOptions } from '../../src/overlay/overlay.ts';
import type { Helper } from '../../src/overlay/ports.ts';
import { takeOverlayAway } from '../../src/overlay/take-away.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { aNetworkMap } from '../support/a-network-map.ts';
import { untilPasses } from '../support/until-passes.ts';
import { aNode, keyOf } from './a-map.ts';
import { FakeHost } from './fake-host.ts';

const threeNodes = aNetworkMap([aNode(1), aNode(2), aNode(3)]);
const started: Overlay[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map(async (overlay) => await overlay.stop()));
});

function helperOf(host: FakeHost): Helper {
  return {
    ensure: async (device) => host.addLink(device, 'tun'),
    remove: async (device) => host.removeLink(device),
  };
}

/** Node 1 on a host in memory. Time stands still until it is told not to. */
function aHost(overrides: Partial<OverlayOptions> = {}) {
  const host = new FakeHost(keyOf(1));
  const events: OverlayEvent[] = [];
  const probed: string[] = [];
  const time = { now: 1_000_000 };
  const own = { addresses: ['192.168.0.1'], moves: 0 };
  const clock: Clock = {
    now: () => time.now,
    sleep: async (_, signal) =>
      await new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
      }),
  };
  const overlay = new Overlay({
    node: 'node-1',
    key: { file: '/keys/wireguard.key', publicKey: keyOf(1) },
    tools: host,
    helper: helperOf(host),
    bridge: {
      ensure: async (_, device) => {
        if (!host.links.has(device)) host.addLink(device, 'bridge');
      },
    },
    probe: { send: (address) => probed.push(address), close: () => undefined },
    resolve: async () => [],
    clock,
    log: silentLog,
    addresses: () => own.addresses,
    onEvent: (event) => events.push(event),
    onMoved: () => {
      own.moves += 1;
    },
    ...overrides,
  });
  started.push(overlay);
  const look = async () => {
    overlay.wake();
    await overlay.idle();
  };
  return { host, overlay, events, probed, time, own, look };
}

async function aGrid(map: NetworkMap = threeNodes, overrides: Partial<OverlayOptions> = {}) {
  const world = aHost(overrides);
  world.overlay.apply(map);
  await world.overlay.idle();
  return world;
}

/** All that the host has. */
function stateOf(host: FakeHost): unknown {
  const { links, peers, chains, settings, entries, routes, publicKey, port } = host;
  const byText = (values: readonly object[]) =>
    values.map((value) => JSON.stringify(value)).toSorted();
  return structuredClone({
    links: [...links].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    peers: [...peers].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    chains,
    settings,
    entries: byText(entries),
    routes: byText(routes),
    publicKey,
    port,
  });
}

/** Somebody else's: it stays, but behind ours. */
const STRANGE_RULE = '-s 1.2.3.4/32 -j ACCEPT';

/** What people and other programs do to a host. */
const vandalism: Readonly<Record<string, (host: FakeHost) => void>> = {
  'end WireGuard': (host) => host.removeLink('gridops-wg'),
  'remove the VXLAN device': (host) => host.removeLink('gridops-vx'),
  'detach the port': (host) => change(host, 'gridops-vx', { master: null }),
  'take a device down': (host) => {
    change(host, 'gridops-wg', { up: false });
    host.routes = host.routes.filter(({ dev }) => dev === undefined);
  },
  'change an MTU': (host) => change(host, 'gridops-vx', { mtu: 1500 }),
  'add an address': (host) => change(host, 'gridops-wg', { addresses: ['1.2.3.4/8'] }),
  'flush the forwarding table': (host) => {
    host.entries = [];
  },
  'learn from a stranger': (host) => {
    if (host.links.has('gridops-vx')) host.entries.push({ mac: 'de:ad', dst: '6.6.6.6' });
  },
  'flush the guard': (host) => host.chains.get('iptables filter')?.set('GRIDOPS-IN', []),
  'flush INPUT': (host) => host.chains.get('iptables filter')?.set('INPUT', []),
  'put a rule first': (host) =>
    host.chains.get('iptables filter')?.get('INPUT')?.unshift(STRANGE_RULE),
  'jump twice': (host) =>
    host.chains.get('iptables raw')?.get('PREROUTING')?.push('-j GRIDOPS-PRE'),
  'flush routes': (host) => {
    host.routes = [];
  },
  'remove a peer': (host) => host.peers.delete(keyOf(2)),
  'add a peer': (host) =>
    host.links.has('gridops-wg') &&
    host.peers.set(keyOf(66), {
      endpoint: null,
      allowed: ['10.83.0.66/32'],
      keepalive: 0,
      handshake: 0,
      received: 0,
    }),
  'stop forwarding': (host) => host.settings.clear(),
  'change the key': (host) => {
    host.publicKey = keyOf(77);
  },
};

function change(host: FakeHost, name: string, values: object): void {
  const link = host.links.get(name);
  if (link !== undefined) Object.assign(link, values);
}

describe('the overlay of a host', () => {
  it('touches nothing without a map', async () => {
    const { host, look } = aHost();

    await look();

    expect(host.done).toEqual([]);
  });

  it('is made from nothing, the guard first', async () => {
    const { host, overlay } = await aGrid();

    expect(overlay.status()).toMatchObject({ error: null });
    expect(host.done[0]).toContain('iptables-restore');
    expect(host.links.get('gridops-wg')).toMatchObject({
      up: true,
      mtu: 1420,
      addresses: ['10.83.0.1/32'],
    });
    expect(host.links.get('gridops-vx')).toMatchObject({
      up: true,
      mtu: 1370,
      master: 'gridops0',
      vni: 81,
      port: 6784,
    });
    expect(host.entries.map(({ dst }) => dst)).toEqual(['10.83.0.2', '10.83.0.3']);
    expect(host.peers.get(keyOf(2))).toMatchObject({
      allowed: ['10.83.0.2/32'],
      endpoint: '192.168.0.2:6783',
      keepalive: 15,
    });
    expect(host.routes).toContainEqual({ dst: '10.83.0.0/16', type: 'blackhole' });
  });

  it('does nothing where nothing differs', async () => {
    const { host, look } = await aGrid();
    const before = host.done.length;

    await look();

    expect(host.done.slice(before)).toEqual([]);
  });

  it('heals whatever is done to it, and whenever its own work is cut off', async () => {
    const { host } = await aGrid();
    const wanted = stateOf(host);
    const acts = fc.subarray(Object.keys(vandalism), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(acts, fc.nat(25), async (names, writes) => {
        for (const name of names) vandalism[name]?.(host);
        host.writesLeft = writes;
        // A new process, which is killed after some steps, and its successor.
        await aGridOn(host);
        host.writesLeft = Number.POSITIVE_INFINITY;
        await aGridOn(host);

        expect(host.chains.get('iptables filter')?.get('INPUT')?.[0]).toBe('-j GRIDOPS-IN');
        removeStrange(host);
        expect(stateOf(host)).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
  });

  it('leaves alone what is not its own', async () => {
    const { host, overlay } = aHost();
    host.addLink('wg0', 'wireguard');
    host.addLink('docker0', 'bridge');
    host.chains.get('iptables filter')?.get('FORWARD')?.push('-j DOCKER');
    host.routes.push({ dst: '10.0.0.0/8', dev: 'eth0' });
    const before = stateOf(host);
    // Routes with our mark are ours.
    host.routes = [];

    overlay.apply(threeNodes);
    await overlay.idle();
    await overlay.stop();
    await takeOverlayAway(host, helperOf(host));
    host.removeLink('gridops0');
    host.settings.clear();
    host.routes.push({ dst: '10.0.0.0/8', dev: 'eth0' });

    expect(stateOf(host)).toEqual(before);
  });

  it('opens no VXLAN port that nothing guards', async () => {
    const { host, overlay } = aHost();
    const run = host.run.bind(host);
    host.run = async (program, args, input) => {
      if (program.includes('restore')) throw new Error('no firewall');
      return await run(program, args, input);
    };

    overlay.apply(threeNodes);
    await overlay.idle();

    expect(host.links.has('gridops-wg')).toBe(true);
    expect(host.links.has('gridops-vx')).toBe(false);
    expect(overlay.status().error).toBe('no firewall');
  });

  it('makes tunnels while there is no bridge, and the rest when there is one', async () => {
    let isThere = false;
    const { host, overlay, look } = aHost({
      bridge: {
        ensure: async (_, device) => {
          if (!isThere) throw new Error('the engine does not answer');
          if (!host.links.has(device)) host.addLink(device, 'bridge');
        },
      },
    });
    overlay.apply(threeNodes);
    await overlay.idle();
    expect(host.peers.size).toBe(2);
    expect(host.links.has('gridops-vx')).toBe(false);
    expect(overlay.status().error).toContain('there is no bridge gridops0 yet');

    isThere = true;
    await look();

    expect(host.links.get('gridops-vx')?.master).toBe('gridops0');
    expect(overlay.status().error).toBeNull();
  });

  it('makes tunnels while Docker hangs, asks it once, and does the rest when it is back', async () => {
    const asked: (() => void)[] = [];
    const ensure = async () => await new Promise<void>((resolve) => asked.push(resolve));
    const stopped = async (_: number, signal?: AbortSignal) =>
      await new Promise<void>((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error));
      });
    let isImpatient = true;
    // Looks are woken by hand; only what waits for Docker is not.
    const sleep: Clock['sleep'] = async (milliseconds, signal) =>
      isImpatient && milliseconds < 3_000 ? undefined : await stopped(milliseconds, signal);
    const clock = { now: () => 1_000_000, sleep };
    const { host, look } = await aGrid(threeNodes, { bridge: { ensure }, clock });
    await look();

    expect(host.links.get('gridops-wg')).toMatchObject({ up: true });
    expect(asked).toHaveLength(1);

    isImpatient = false;
    host.addLink('gridops0', 'bridge');
    asked[0]?.();
    await new Promise(setImmediate);
    const looked = look();
    await untilPasses(() => expect(asked).toHaveLength(2));
    asked[1]?.();
    await looked;
    expect(host.links.get('gridops-vx')).toMatchObject({ master: 'gridops0', up: true });
  });

  it('has its helper make WireGuard where the kernel cannot, and again when it does not answer', async () => {
    const { host, overlay, look } = aHost();
    host.kernelHasWireguard = false;
    overlay.apply(threeNodes);
    await overlay.idle();
    expect(host.links.get('gridops-wg')?.kind).toBe('tun');

    host.isMute = true;
    await look();
    // It may just have been started.
    expect(overlay.status().error).toContain('no program answers');
    await look();

    expect(host.isMute).toBe(false);
    expect(host.peers.size).toBe(2);
  });

  it('points frames for a trusted peer at its own address, and forgets what was learned before', async () => {
    const { host, overlay } = await aGrid(
      aNetworkMap(threeNodes.nodes, { trustedSubnets: ['192.168.0.0/24'] }),
    );
    expect(host.entries.map(({ dst }) => dst)).toEqual(['192.168.0.2', '192.168.0.3']);
    host.entries.push({ mac: '02:42:0a:51:82:05', dst: '192.168.0.2' });

    overlay.apply(threeNodes);
    await overlay.idle();

    expect(host.entries.map(({ dst }) => dst)).toEqual(['10.83.0.2', '10.83.0.3']);
    expect(host.chains.get('iptables filter')?.get('GRIDOPS-IN')?.join()).not.toContain('192.168');
  });

  it('reaches a silent peer by a node that hears both, and directly when it is heard again', async () => {
    const { host, overlay, events, time, look } = await aGrid();
    heardFrom(host, time.now, 3);
    await look();
    overlay.hearOf(new Map([[3, new Set([1, 2])]]));
    time.now += 21_000;
    heardFrom(host, time.now, 3);
    await look();

    expect(host.peers.get(keyOf(3))?.allowed).toEqual(['10.83.0.2/32', '10.83.0.3/32']);
    expect(host.peers.get(keyOf(2))?.allowed).toEqual([]);
    expect(overlay.status().peers).toContainEqual(
      expect.objectContaining({ name: 'node-2', way: 'relay', relay: 'node-3' }),
    );

    heardFrom(host, time.now, 2);
    await look();

    expect(host.peers.get(keyOf(2))?.allowed).toEqual(['10.83.0.2/32']);
    expect(host.peers.get(keyOf(3))?.allowed).toEqual(['10.83.0.3/32']);
    expect(events.map(({ kind }) => kind)).toEqual(['peer-relayed', 'peer-reachable']);
  });

  it('says once more where its peers are when the host has another address', async () => {
    const { host, own, look } = await aGrid();
    const before = host.done.length;

    own.addresses = ['192.168.0.1', '192.168.7.1'];
    await look();
    await look();

    const said = host.done.slice(before);
    expect(said).toHaveLength(2);
    expect(said[0]).toContain('endpoint 192.168.0.2:6783');
    expect(own.moves).toBe(1);
  });

  it('tells once of peers that are lost, and of those that are back', async () => {
    const { host, events, probed, time, look } = await aGrid();
    heardFrom(host, time.now, 2, 3);
    await look();
    time.now += 3_000;
    await look();
    expect(probed).toEqual(['10.83.0.2', '10.83.0.3']);
    for (let seconds = 0; seconds < 60; seconds += 3) {
      time.now += 3_000;
      await look();
    }
    expect(events).toEqual([
      {
        severity: 'warning',
        kind: 'peer-unreachable',
        message: 'cannot reach node-2, node-3 on the overlay, neither directly nor by a relay',
      },
    ]);

    heardFrom(host, time.now, 2, 3);
    await look();

    expect(events.slice(1).map(({ kind }) => kind)).toEqual(['peer-reachable']);
  });

  it('goes on looking for ways to peers when the clock was put back', async () => {
    const { host, overlay, time, look } = await aGrid();
    heardFrom(host, time.now, 3);
    await look();

    time.now -= 600_000;
    for (let seconds = 0; seconds < 12; seconds += 3) {
      time.now += 3_000;
      heardFrom(host, time.now, 3);
      await look();
    }

    expect(overlay.status().peers.map(({ way }) => way)).toEqual(['nothing', 'tunnel']);
  });

  it('tells when it cannot be made, and when it is again', async () => {
    const { host, events, look } = await aGrid();
    host.removeLink('gridops-vx');
    host.writesLeft = 0;
    for (let count = 0; count < 10; count += 1) await look();
    host.writesLeft = Number.POSITIVE_INFINITY;
    await look();

    expect(events.map(({ kind }) => kind)).toEqual(['overlay-failed', 'overlay-repaired']);
  });

  it('stays as it is when the process ends', async () => {
    const { host, overlay } = await aGrid();
    const before = stateOf(host);

    await overlay.stop();

    expect(stateOf(host)).toEqual(before);
  });

  it('says of a node that is not in the map that it is not', async () => {
    const { host, overlay } = await aGrid(aNetworkMap([aNode(2)]));

    expect(overlay.status().error).toContain('node-1 is not in the network map of demo');
    expect(host.done).toEqual([]);
  });
});

function removeStrange(host: FakeHost): void {
  const rules = host.chains.get('iptables filter')?.get('INPUT') ?? [];
  rules.splice(0, rules.length, ...rules.filter((rule) => rule !== STRANGE_RULE));
}

/** One look by a new process on a host that is there already. */
async function aGridOn(host: FakeHost): Promise<void> {
  const { overlay } = aHost({
    tools: host,
    bridge: { ensure: async () => undefined },
    helper: { ensure: async () => undefined, remove: async () => undefined },
  });
  overlay.apply(threeNodes);
  await overlay.idle();
  await overlay.stop();
}

function heardFrom(host: FakeHost, now: number, ...numbers: readonly number[]): void {
  for (const number of numbers) {
    const peer = host.peers.get(keyOf(number));
    if (peer === undefined) throw new Error(`there is no peer ${number}`);
    peer.handshake = now / 1_000;
    peer.received += 148;
  }
}
