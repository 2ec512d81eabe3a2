import { beforeEach, describe, expect, it } from 'vitest';
import { NetworkReports } from '../../src/master/network-reports.ts';
import type { PeerWay } from '../../src/model/network-report.ts';
import { aNetworkMap, aNetworkNode } from '../support/a-network-map.ts';
import { NOW } from '../support/builders.ts';

const map = aNetworkMap(['a', 'b', 'c'].map((name, at) => aNetworkNode(name, at + 1)));
const MINUTE = 60_000;

let reports: NetworkReports;
let now: number;
let online: Set<string>;

beforeEach(() => {
  reports = new NetworkReports();
  now = NOW;
  online = new Set(['a', 'b', 'c']);
});

/** What a node says of its ways, by number; told as `kind: message`. */
function say(node: string, ways: Readonly<Record<number, PeerWay>>): readonly string[] {
  const peers = Object.entries(ways).map(([number, way]) => ({
    node: Number(number),
    way,
    relay: null,
    endpoint: null,
    roundTrip: null,
    fullSize: null,
  }));
  const events = reports.take(node, { version: 1, peers, findings: [] }, { map, online, now });
  return events.map(({ kind, message }) => `${kind}: ${message}`);
}

describe('of what nodes report', () => {
  it('the last one stays, with its time', () => {
    say('a', { 2: 'tunnel' });
    expect(reports.of('a')).toMatchObject({ at: NOW, report: { peers: [{ way: 'tunnel' }] } });
    expect(reports.of('b')).toBe(null);
    reports.remove('a');
    expect(reports.of('a')).toBe(null);
  });

  it('a lost way becomes history when it stays lost, once for both ends, and when it is back', () => {
    expect(say('a', { 2: 'none', 3: 'tunnel' })).toEqual([]);
    expect(say('b', { 1: 'none', 3: 'tunnel' })).toEqual([]);
    now += MINUTE;
    expect(say('a', { 2: 'none', 3: 'tunnel' })).toEqual([
      expect.stringContaining('network-way-lost: a and b do not reach each other'),
    ]);
    expect(say('b', { 1: 'none', 3: 'tunnel' })).toEqual([]);
    now += MINUTE;
    expect(say('a', { 2: 'tunnel', 3: 'tunnel' })).toEqual([]);
    expect(say('b', { 1: 'tunnel', 3: 'tunnel' })).toEqual([
      'network-way-found: b and a reach each other again',
    ]);
  });

  it('one event names all peers that are lost', () => {
    say('a', { 2: 'none', 3: 'none' });
    now += MINUTE;
    expect(say('a', { 2: 'none', 3: 'none' })).toEqual([
      expect.stringContaining('a and b, c do not'),
    ]);
  });

  it('a way that is back soon is no news', () => {
    say('a', { 2: 'none' });
    now += 10_000;
    expect(say('a', { 2: 'tunnel' })).toEqual([]);
    now += MINUTE;
    expect(say('a', { 2: 'none' })).toEqual([]);
  });

  it('nothing is told of a node that is away: that it is, is told already', () => {
    online.delete('b');
    say('a', { 2: 'none' });
    now += MINUTE;
    expect(say('a', { 2: 'none' })).toEqual([]);
  });

  it('a way that comes and goes is told of every ten minutes at most', () => {
    const events: string[] = [];
    for (let round = 0; round < 60; round += 1) {
      events.push(...say('a', { 2: round % 3 === 2 ? 'tunnel' : 'none' }));
      now += MINUTE;
    }
    expect(events.length).toBeGreaterThan(2);
    expect(events.length).toBeLessThanOrEqual(12);
  });

  it('numbers that are in no map are left alone', () => {
    expect(say('a', { 9: 'none' })).toEqual([]);
    now += MINUTE;
    expect(say('a', { 9: 'none' })).toEqual([]);
  });
});

describe('a report in a large grid', () => {
  it('costs as much as is in it, not as much as all pairs', () => {
    const count = 2_000;
    const nodes = Array.from({ length: count }, (_, at) => aNetworkNode(`n${at + 1}`, at + 1));
    online = new Set(nodes.map(({ name }) => name));
    const own = nodes[count - 1];
    let looks = 0;
    const counted = new Proxy(nodes, {
      get: (target, key, receiver) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) looks += 1;
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
    const peers = nodes.slice(0, -1).map(({ number }) => ({
      node: number,
      way: 'tunnel' as const,
      relay: null,
      endpoint: null,
      roundTrip: null,
      fullSize: null,
    }));
    const report = { version: 1, peers, findings: [] };
    reports.take(own?.name ?? '', report, { map: aNetworkMap(counted), online, now });
    expect(looks).toBeLessThan(4 * count);
  });
});
