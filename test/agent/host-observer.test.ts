import { beforeEach, describe, expect, it } from 'vitest';
import { HostObserver, type PeerSight, sightsOf } from '../../src/agent/host-observer.ts';
import type { NetworkMap } from '../../src/model/network.ts';
import { aNetworkMap, aNetworkNode } from '../support/a-network-map.ts';
import { NOW } from '../support/builders.ts';
import { aHost } from './a-host.ts';

let map: NetworkMap | null;
let peers: PeerSight[];
let now: number;
let uptime: number;
let looks: number;
let sent: string[];
let observer: HostObserver;

const sight: PeerSight = { node: 2, way: 'tunnel', relay: null, endpoint: '10.77.0.2:6783' };

beforeEach(() => {
  map = aNetworkMap([aNetworkNode('node-1', 1), aNetworkNode('node-2', 2)], { version: 7 });
  peers = [sight];
  [now, uptime, looks, sent] = [NOW, 1_000, 0, []];
  observer = new HostObserver({
    node: 'node-1',
    map: () => map,
    peers: () => peers,
    look: async () => {
      looks += 1;
      return aHost();
    },
    send: async ({ address, size }) => {
      sent.push(`${address} ${size}`);
      return 0.7;
    },
    clock: { now: () => now, sleep: () => Promise.reject(new Error('no sleep')) },
    uptime: () => uptime,
  });
});

function pass(milliseconds: number): void {
  now += milliseconds;
  uptime += milliseconds;
}

describe('a report', () => {
  it('has the version, the ways, the times and the findings', async () => {
    expect(await observer.report()).toEqual({
      version: 7,
      peers: [{ ...sight, roundTrip: 0.7, fullSize: true }],
      findings: [],
    });
    expect(sent).toEqual(['10.81.0.2 64', '10.81.0.2 1370']);
  });

  it('of a peer without a way has no time, and nothing is sent there', async () => {
    peers = [{ ...sight, way: 'none', endpoint: null }];
    expect((await observer.report()).peers[0]).toMatchObject({ roundTrip: null, fullSize: null });
    expect(sent).toEqual([]);
  });

  it('without a map has only what is found on the host', async () => {
    map = null;
    expect(await observer.report()).toEqual({ version: 0, peers: [], findings: [] });
  });

  it('looks and sounds anew only after a while, or when the way is another one', async () => {
    await observer.report();
    pass(10_000);
    await observer.report();
    expect([looks, sent.length]).toEqual([1, 2]);
    pass(50_000);
    await observer.report();
    expect([looks, sent.length]).toEqual([2, 2]);
    peers = [{ ...sight, way: 'relay', relay: 3 }];
    await observer.report();
    expect(sent.length).toBe(4);
    pass(300_000);
    await observer.report();
    expect(sent.length).toBe(6);
  });

  it('tells of a clock that went back until it is right again', async () => {
    now -= 60_000;
    expect((await observer.report()).findings[0]?.code).toBe('clock-went-back');
    now += 60_000;
    expect((await observer.report()).findings).toEqual([]);
  });
});

it('a change reaches whoever listens, until they do no more', () => {
  let calls = 0;
  const end = observer.onChange(() => {
    calls += 1;
  });
  observer.changed();
  end();
  observer.changed();
  expect(calls).toBe(1);
});

it('what the overlay sees is put into numbers; what it cannot say yet is left out', () => {
  const unseen = { handshake: null, received: 0, sent: 0 };
  const seen = [
    { ...unseen, name: 'b', number: 2, way: 'relay', relay: 'c', endpoint: 'x' },
    { ...unseen, name: 'c', number: 3, way: 'nothing', relay: null, endpoint: null },
    { ...unseen, name: 'd', number: 4, way: 'waiting', relay: null, endpoint: null },
  ] as const;
  expect(sightsOf({ peers: seen })).toEqual([
    { node: 2, way: 'relay', relay: 3, endpoint: 'x' },
    { node: 3, way: 'none', relay: null, endpoint: null },
  ]);
});
