import { createHash, randomBytes } from 'node:crypto';
import { requestPath } from '../dist/discovery/exchange-message.js';
import { Publisher } from '../dist/discovery/publisher.js';
import { NetworkReports } from '../dist/master/network-reports.js';
import { assess, noMemory } from '../dist/overlay/assess.js';
import { deviceNames, EVERY_MAC } from '../dist/overlay/names.js';
import { stepsTowards } from '../dist/overlay/steps.js';
import { peersOf, wantedHost } from '../dist/overlay/wanted.js';
import { nextNetworkMap } from '../dist/planner/network-map.js';
import { decodeNetworkMap, encode } from '../dist/protocol/codec.js';
import { createKeyPair, open, seal } from '../dist/protocol/sign.js';
import { monotonicClock } from '../dist/runtime/clock.js';
import { fixed, median, table } from './measure.mjs';

const NOW = 1_800_000_000_000;
const GRID = 'bench';
/** Containers of a node whose names are exchanged. */
const RECORDS = 50;

/**
 * What a grid costs by its number of nodes: the master's part, what is sent, and what each node makes of it. All of it is the
 * code that runs, without any host.
 */
export async function benchNetworkScale({ sizes, rounds, log }) {
  const rows = [];
  for (const count of sizes) {
    log(`${count} nodes`);
    const grid = build(count);
    rows.push({
      count,
      ...planned(grid, rounds),
      ...derived(grid, rounds),
      ...(await exchanged(grid)),
    });
  }
  return rows;
}

export function printNetworkScale(rows) {
  const line = (name, print) => [name, ...rows.map(print)];
  return table([
    line('nodes', ({ count }) => count),
    line('master: a node joins', ({ join }) => `${fixed(join)} ms`),
    line('master: nothing has changed', ({ nothing }) => `${fixed(nothing)} ms`),
    line('master: store lost, all bring their map', ({ recalled }) => `${fixed(recalled)} ms`),
    line('master: sign and encode', ({ sealed }) => `${fixed(sealed)} ms`),
    line('signed map', ({ bytes }) => size(bytes)),
    line('sent for one change, to all', ({ bytes, count }) => size(bytes * count)),
    line('node: check and read a map', ({ read }) => `${fixed(read)} ms`),
    line('node: tunnels, forwarding entries', ({ entries }) => entries),
    line('node: firewall rules, all encrypted', ({ rules }) => rules),
    line('node: firewall rules, all trusted', ({ trustedRules }) => trustedRules),
    line('node: steps when nothing has changed', ({ idleSteps }) => idleSteps),
    line('node: steps when a node has joined', ({ joinSteps }) => joinSteps),
    line('node: a look, every 3 s', ({ look }) => `${fixed(look)} ms`),
    line('node: a look, half by one relay', ({ relayed }) => `${fixed(relayed)} ms`),
    line('node: questions of peers, and to peers', ({ count }) => `${count - 1}/s`),
    line('a question and its answer, idle', ({ heartbeat }) => size(heartbeat)),
    line('an answer with one changed record', ({ changed }) => size(changed)),
    line('an answer with whom a node hears', ({ hears }) => size(hears)),
    line('node: report to the master, each minute', ({ reported }) => size(reported)),
    line('master: to take one report', ({ taken }) => `${fixed(taken)} ms`),
  ]);
}

function size(bytes) {
  if (bytes < 10_000) return `${bytes} B`;
  return bytes < 10_000_000 ? `${fixed(bytes / 1e3, 0)} kB` : `${fixed(bytes / 1e6, 0)} MB`;
}

function build(count) {
  const wishes = {
    subnet: count > 256 ? '10.64.0.0/12' : '10.81.0.0/16',
    trustedSubnets: [],
    mtu: 1370,
  };
  const members = Array.from({ length: count }, (_, at) => member(at));
  const before = mapOf({ wishes, nodes: members.slice(0, -1) });
  const map = mapOf({ wishes, nodes: members, before });
  return { wishes, members, before, map };
}

function member(at) {
  const private4 = `192.168.${at >> 8}.${at & 255}`;
  const publicKey = createHash('sha256').update(`${at}`).digest('base64');
  return {
    name: `node-${at + 1}.example.com`,
    containers: RECORDS,
    seenFrom: `198.51.${at >> 8}.${at & 255}`,
    facts: {
      mode: 'overlay',
      publicKey,
      port: 6783,
      publicAddress: null,
      addresses: [private4, `2001:db8:0:1::${(at + 1).toString(16)}`],
      region: 'eu-central-1',
    },
  };
}

function mapOf({ wishes, nodes, before = null, claims = [] }) {
  return nextNetworkMap({ grid: GRID, wishes, nodes, before, claims }).map;
}

function planned({ wishes, members, before, map }, rounds) {
  const keys = createKeyPair();
  const signed = seal(keys, 'network', map);
  const message = encode({ type: 'network', signed });
  return {
    join: time(rounds, () => mapOf({ wishes, nodes: members, before })),
    nothing: time(rounds, () => mapOf({ wishes, nodes: members, before: map })),
    recalled: time(rounds, () => mapOf({ wishes, nodes: members, claims: [map] })),
    sealed: time(rounds, () => encode({ type: 'network', signed: seal(keys, 'network', map) })),
    bytes: Buffer.byteLength(message),
    read: time(rounds, () => decodeNetworkMap(open(keys.publicKey, 'network', signed))),
  };
}

function derived({ before, map }, rounds) {
  const self = map.nodes[0];
  const none = new Map();
  const wanted = wantedHost(map, self, self.publicKey, none);
  const trusted = wantedHost(
    { ...map, trustedSubnets: ['192.168.0.0/16'] },
    self,
    self.publicKey,
    none,
  );
  const seen = hostOf(wanted, none);
  // Every other peer by the first one.
  const relays = new Map(
    map.nodes.slice(2).flatMap(({ number }, at) => (at % 2 === 0 ? [[number, 2]] : [])),
  );
  const relayed = hostOf(wantedHost(map, self, self.publicKey, relays), relays);
  const ofBefore = hostOf(wantedHost(before, self, self.publicKey, none), none);
  const glance = (host) => glanceAt(map, self, host);
  return {
    entries: wanted.entries.size,
    rules: rulesOf(wanted),
    trustedRules: rulesOf(trusted),
    idleSteps: glance(seen).length,
    joinSteps: glance(ofBefore).length,
    look: time(rounds, () => glance(seen)),
    relayed: time(rounds, () => glance(relayed)),
  };
}

/** One pass of an agent, as in overlay/overlay.ts, without the host's tools. */
function glanceAt(map, self, { seen, memory, reports }) {
  const assessment = assess(memory, {
    map,
    self,
    peers: peersOf(map, self, self.publicKey),
    state: seen.wireguard.state,
    reports,
    resolve: () => [],
    now: NOW,
  });
  const wanted = wantedHost(map, self, self.publicKey, assessment.relays);
  return stepsTowards(wanted, seen, assessment.endpoints);
}

function rulesOf({ rules }) {
  return rules.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules)).length;
}

/** A host that is as it is wanted; peers that have a relay are not heard. */
function hostOf(wanted, relays) {
  const numbers = [...wanted.wireguard.peers.keys()].map((key, at) => [key, at + 2]);
  const lost = new Set(numbers.flatMap(([key, number]) => (relays.has(number) ? [key] : [])));
  const device = { up: true, master: null, vni: null, port: null, learning: false };
  const state = {
    publicKey: wanted.wireguard.publicKey,
    port: wanted.wireguard.port,
    peers: [...wanted.wireguard.peers].map(([publicKey, { allowed }], at) => ({
      publicKey,
      endpoint: `192.168.${(at + 1) >> 8}.${(at + 1) & 255}:6783`,
      allowed,
      handshake: lost.has(publicKey) ? null : NOW - 1_000,
      received: lost.has(publicKey) ? 0 : 1_000,
      sent: 1_000,
      keepalive: 15,
    })),
  };
  const { mtu, address } = wanted.wireguard;
  const seen = {
    bridge: true,
    wireguard: { link: { ...device, kind: 'wireguard', mtu, addresses: [address] }, state },
    vxlan: {
      ...device,
      kind: 'vxlan',
      learning: true,
      mtu: wanted.vxlan.mtu,
      vni: wanted.vxlan.vni,
      port: wanted.vxlan.port,
      master: deviceNames.bridge,
      addresses: [],
    },
    entries: [...wanted.entries].map((one) => ({ mac: EVERY_MAC, address: one })),
    routes: wanted.routes,
    rules: new Map(
      wanted.rules.map(({ family, table: name, chains }) => [
        `${family}-${name}`,
        new Map(
          chains.flatMap((chain) => [
            [chain.from, [`-j ${chain.name}`]],
            [chain.name, chain.rules],
          ]),
        ),
      ]),
    ),
    forwards: true,
  };
  const hears = new Set([1, ...numbers.map(([, number]) => number)]);
  const reports = new Map(
    numbers.filter(([key]) => !lost.has(key)).map(([, number]) => [number, hears]),
  );
  const settled = (publicKey) => ({
    received: lost.has(publicKey) ? 0 : 1_000,
    heardAt: lost.has(publicKey) ? null : NOW - 1_000,
    isHeard: !lost.has(publicKey),
    since: NOW - 60_000,
    endpoint: null,
  });
  const hearings = new Map(numbers.map(([publicKey]) => [publicKey, settled(publicKey)]));
  return { seen, memory: { ...noMemory, hearings }, reports };
}

async function exchanged({ map }) {
  const [self, ...peers] = map.nodes;
  const epoch = randomBytes(8).toString('hex');
  const publisher = new Publisher({ grid: GRID, node: self.number, epoch, clock: monotonicClock });
  const records = Array.from({ length: RECORDS }, (_, at) => record(at));
  const version = publisher.publish(records);
  publisher.setHears(peers.map(({ number }) => number));
  const ask = async (of) =>
    await publisher.answer(
      2,
      { since: { epoch, version }, wait: 0, ...of },
      new AbortController().signal,
    );
  const told = await ask({ seen: 0 });
  const { seen } = JSON.parse(told);
  const idle = await ask({ seen });
  publisher.publish(records.with(0, { ...records[0], ready: false }));
  return {
    heartbeat: Buffer.byteLength(
      requestPath({ since: { epoch, version }, seen, wait: 1_000 }) + idle,
    ),
    hears: Buffer.byteLength(told),
    changed: Buffer.byteLength(await ask({ seen })),
    ...reportsOf(map),
  };
}

function record(at) {
  return {
    stack: 'shop',
    service: `service-${at}`,
    number: 1,
    container: createHash('sha256').update(`container ${at}`).digest('hex').slice(0, 12),
    address: '10.81.128.7',
    ready: true,
    healthy: true,
    draining: false,
    names: [],
    port: 8_080,
  };
}

function reportsOf(map) {
  const reports = new NetworkReports();
  const context = { map, online: new Set(map.nodes.map(({ name }) => name)), now: NOW };
  const [self, ...peers] = map.nodes;
  const report = {
    version: map.version,
    peers: peers.map(({ number, addresses: [address] }) => ({
      node: number,
      way: 'tunnel',
      relay: null,
      endpoint: `${address}:6783`,
      roundTrip: 0.42,
      fullSize: true,
    })),
    findings: [],
  };
  return {
    reported: Buffer.byteLength(encode({ type: 'network-report', report })),
    taken: time(15, () => reports.take(self.name, report, context)),
  };
}

/** Milliseconds, the median of some rounds after one that warms up. */
function time(rounds, act) {
  act();
  return median(
    Array.from({ length: rounds }, () => {
      const began = performance.now();
      act();
      return performance.now() - began;
    }),
  );
}
