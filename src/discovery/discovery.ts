import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { networkPorts } from '../model/network.ts';
import { isInSubnet, nodeAddress, parseSubnet, poolAt, type Subnet } from '../model/subnet.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { Teardown } from '../runtime/teardown.ts';
import { DnsServer } from './dns-server.ts';
import type { ZoneReply } from './exchange-message.ts';
import { openExchange } from './exchange-server.ts';
import { isHost } from './host-addresses.ts';
import { Listening } from './listening.ts';
import { canonical } from './names.ts';
import { type NamesView, type NodeView, viewName, viewRecords } from './names-view.ts';
import { PeerPoll, type PeerState } from './peer-poll.ts';
import { Publisher } from './publisher.ts';
import type { Asker, LocalRecord } from './record.ts';
import { HostServers } from './resolv-conf.ts';
import { resolve } from './resolve.ts';
import { Responder } from './responder.ts';
import { type ServiceChange, ServiceWatch } from './service-watch.ts';
import { Upstream } from './upstream.ts';
import { Zone } from './zone.ts';

export interface DiscoveryOptions {
  readonly grid: { readonly name: string; readonly subnet: string; readonly tunnelSubnet: string };
  readonly node: { readonly number: number; readonly name: string };
  /** For ages, so one that nobody sets: `monotonicClock`. */
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
  /**
   * Resolves when everybody on this node who was told of a change goes by it; before that no peer hears that this node has it.
   * Bounded in time by whoever gives it.
   */
  readonly applied?: () => Promise<void>;
  /** Unix socket for `gridops dns`; none where it is absent. */
  readonly socket?: string;
  /** The host's list of name servers. */
  readonly resolvConf?: string;
  readonly ports?: { readonly dns?: number; readonly zone?: number; readonly upstream?: number };
}

export interface DiscoveryPeer {
  readonly number: number;
  readonly name: string;
  /** In the overlay. */
  readonly address: string;
  /** Indexes, as they stand in the network map. */
  readonly pools: readonly number[];
}

/** From the start to when the zone counts as known, whoever has not been heard by then. */
const COMPLETE_LIMIT = 1_000;

/**
 * The names of a grid on one of its nodes: publishes the node's own records, follows those of its peers, answers to DNS. It
 * asks nobody for anything but its peers, and goes on with what it knows while they are away.
 */
export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #zone: Zone;
  readonly #subnet: Subnet;
  readonly #tunnel: Subnet;
  readonly #address: string;
  readonly #publisher: Publisher;
  readonly #watch: ServiceWatch;
  readonly #dns: DnsServer;
  readonly #servers: readonly Listening[];
  readonly #polls = new Map<number, { readonly peer: DiscoveryPeer; readonly poll: PeerPoll }>();
  readonly #byAddress = new Map<string, number>();
  readonly #askers = new Map<string, Asker>();
  readonly #complete = createGate();
  /** Peers that this node reaches by ways of their own, told to all; by what is heard here before it is known. */
  #tunnels: readonly number[] | null = null;
  #told = '';
  /** Whether it was said who the peers are. */
  #isPlaced = false;
  readonly #stopping = new AbortController();
  readonly #teardown: Teardown;

  constructor(options: DiscoveryOptions) {
    const { grid, node, clock, log } = options;
    this.#options = options;
    this.#teardown = new Teardown(log);
    this.#subnet = parseSubnet(grid.subnet);
    this.#tunnel = parseSubnet(grid.tunnelSubnet);
    this.#address = nodeAddress(this.#subnet, node.number);
    this.#zone = new Zone(grid.name);
    this.#zone.putNode(node.number, { name: node.name, address: this.#address });
    const epoch = randomBytes(8).toString('hex');
    this.#publisher = new Publisher({ grid: grid.name, node: node.number, epoch, clock });
    this.#watch = new ServiceWatch(this.#zone, { clock, log });
    this.#dns = this.#createDns();
    this.#servers = this.#createServers();
  }

  /** Begins to listen and to answer; addresses that are not there yet are waited for. */
  start(): void {
    this.#dns.start();
    this.#teardown.push('names', () => this.#dns.stop());
    for (const server of this.#servers) {
      server.start();
      this.#teardown.push('exchange of names', () => server.stop());
    }
    this.#options.clock.sleep(COMPLETE_LIMIT, this.#stopping.signal).then(
      () => this.#complete.resolve(),
      () => this.#complete.resolve(),
    );
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    const polls = [...this.#polls.values()];
    this.#polls.clear();
    await Promise.all(polls.map(({ poll }) => poll.stop()));
    await this.#teardown.all();
  }

  /** All records of this node, and who asks from where. Returns the version that `settled` can be waited for. */
  publish(records: readonly LocalRecord[], askers: readonly Asker[]): number {
    this.#askers.clear();
    for (const asker of askers) this.#askers.set(asker.address, asker);
    this.#zone.replace(this.#options.node.number, records);
    const version = this.#publisher.publish(records);
    this.#watch.notice();
    this.#checkComplete();
    return version;
  }

  /** All other nodes of the grid; one that is no longer among them is forgotten with its records. */
  peers(list: readonly DiscoveryPeer[]): void {
    const wanted = new Map(list.map((peer) => [peer.number, peer]));
    wanted.delete(this.#options.node.number);
    for (const [number, { peer, poll }] of this.#polls) {
      const next = wanted.get(number);
      if (next !== undefined && isSamePeer(peer, next)) wanted.delete(number);
      else void poll.stop();
      if (next === undefined) this.#forget(number);
    }
    for (const peer of wanted.values()) this.#follow(peer);
    this.#isPlaced = true;
    this.#byAddress.clear();
    for (const { peer } of this.#polls.values()) this.#byAddress.set(peer.address, peer.number);
    this.#tellHears();
    this.#watch.notice();
    this.#checkComplete();
  }

  get zone(): Zone {
    return this.#zone;
  }

  /** Resolves when own records are published and every peer was heard, or a second after the start. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  /** Calls with each service that has changed, some milliseconds later; returns how to end it. */
  onChange(listener: (change: ServiceChange) => void): () => void {
    return this.#watch.add(listener);
  }

  /** Of one service, as `onChange` tells it. */
  service(of: { readonly stack: string; readonly service: string }): ServiceChange {
    return this.#watch.look(of);
  }

  /** Addresses behind a whole name, as somebody without links of their own would have them. */
  lookup(name: string): readonly string[] {
    const found = resolve(this.#zone, canonical(name), null);
    return found?.answers.map(({ record }) => record.address) ?? [];
  }

  /** Whether every live peer has applied a version; false: not all within `limit` milliseconds. */
  settled(version: number, { limit }: { readonly limit: number }): Promise<boolean> {
    const peers = () => [...this.#polls.keys()];
    return this.#publisher.settled(version, { limit, peers });
  }

  /**
   * Which peers this node reaches by no other. An answer of a peer says less: it may have come by a relay, and a relay that is
   * chosen for what it hears must hear it by itself.
   */
  tellTunnels(numbers: readonly number[]): void {
    this.#tunnels = numbers.toSorted((a, b) => a - b);
    this.#tellHears();
  }

  /** Which nodes hear which: this one, and every peer that it hears itself. */
  hears(): ReadonlyMap<number, readonly number[]> {
    const others = [...this.#polls].filter(([, { poll }]) => poll.state === 'heard');
    return new Map([
      [this.#options.node.number, this.#heard()],
      ...others.map(([number, { poll }]): [number, readonly number[]] => [number, poll.hears]),
    ]);
  }

  /** What `gridops dns` shows. */
  view(): NamesView {
    const { grid, node } = this.#options;
    const { isListening: listening, fault } = this.#dns;
    const own = { ...node, address: this.#address };
    return {
      grid: grid.name,
      domain: this.#zone.domain,
      node: own,
      dns: { address: this.#address, port: this.#dnsPort, listening, fault },
      nodes: [
        { ...own, state: 'self' as const, age: 0, fault: null, hears: this.#heard() },
        ...[...this.#polls.values()].map(viewNode),
      ].toSorted((a, b) => a.number - b.number),
      records: viewRecords(this.#zone),
    };
  }

  get #dnsPort(): number {
    return this.#options.ports?.dns ?? 53;
  }

  get #zonePort(): number {
    return this.#options.ports?.zone ?? networkPorts.zone;
  }

  #createDns(): DnsServer {
    const { clock, log, random, resolvConf = '/etc/resolv.conf', ports } = this.#options;
    const context = {
      zone: this.#zone,
      subnet: this.#subnet,
      askers: this.#askers,
      isHost,
      random,
    };
    const responder = new Responder({
      context,
      upstream: new Upstream({ clock, log, port: ports?.upstream ?? 53 }),
      host: new HostServers(resolvConf, clock),
      isOurs: (address) => address === this.#address || this.#byAddress.has(address),
      complete: this.#complete.promise,
      log,
    });
    return new DnsServer({ address: this.#address, port: this.#dnsPort, responder, clock, log });
  }

  #createServers(): readonly Listening[] {
    const { clock, log, socket } = this.#options;
    const overlay = { host: this.#address, port: this.#zonePort, exclusive: true };
    const exchange = this.#exchange();
    const open = new Listening({
      what: `exchange of names at ${this.#address}:${this.#zonePort}`,
      open: (failed) => openExchange({ at: overlay, isPrivate: false, exchange, log }, failed),
      clock,
      log,
    });
    if (socket === undefined) return [open];
    const local = new Listening({
      what: `exchange of names at ${socket}`,
      open: async (failed) => {
        // Left over from a crash.
        await rm(socket, { force: true });
        return await openExchange({ at: { path: socket }, isPrivate: true, exchange, log }, failed);
      },
      clock,
      log,
    });
    return [open, local];
  }

  #exchange() {
    const { number } = this.#options.node;
    return {
      peerAt: (address: string) => (address === this.#address ? number : this.#peerAt(address)),
      zone: (peer: number, request: Parameters<Publisher['answer']>[1], signal: AbortSignal) => {
        this.#polls.get(peer)?.poll.knock();
        const isThere = this.#publisher.version > 0;
        return isThere ? this.#publisher.answer(peer, request, signal) : null;
      },
      names: (query: URLSearchParams) => this.#names(query),
    };
  }

  #names(query: URLSearchParams): string {
    const name = query.get('name');
    if (name === null) return JSON.stringify(this.view());
    const asker = this.#askers.get(query.get('from') ?? '') ?? null;
    return JSON.stringify(viewName(this.#zone, name, { asker, stack: query.get('stack') }));
  }

  /** By its address in the overlay or inside of the tunnels. */
  #peerAt(address: string): number | null {
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    if (!isInSubnet(address, this.#tunnel)) return null;
    const all = [...this.#polls.keys()];
    return all.find((number) => nodeAddress(this.#tunnel, number) === address) ?? null;
  }

  #follow(peer: DiscoveryPeer): void {
    const { grid, clock, log, random } = this.#options;
    const { number, name, address } = peer;
    this.#zone.putNode(number, { name, address });
    const poll = new PeerPoll({
      grid: grid.name,
      peer: { ...peer, pools: peer.pools.map((index) => poolAt(this.#subnet, index)) },
      port: this.#zonePort,
      from: this.#address,
      clock,
      log,
      random,
      silent: () => this.#polls.size - this.#heard().length,
      heard: async (reply) => await this.#take(number, poll, reply),
      changed: (state) => this.#turn(number, { poll, state }),
    });
    this.#polls.set(number, { peer, poll });
  }

  async #take(
    number: number,
    poll: PeerPoll,
    { since, records, removed }: ZoneReply,
  ): Promise<void> {
    if (this.#polls.get(number)?.poll !== poll) return;
    if (since === null) this.#zone.replace(number, records);
    else for (const container of removed) this.#zone.remove(number, container);
    for (const record of records) this.#zone.put(number, record);
    this.#watch.notice();
    const { applied } = this.#options;
    if (applied === undefined) return;
    this.#watch.flush();
    await applied();
  }

  #turn(number: number, { poll, state }: { poll: PeerPoll; state: PeerState }): void {
    if (this.#polls.get(number)?.poll !== poll) return;
    this.#zone.setStale(number, state !== 'heard');
    this.#tellHears();
    this.#watch.notice();
    this.#checkComplete();
  }

  #forget(number: number): void {
    this.#polls.delete(number);
    this.#zone.removeNode(number);
    this.#publisher.forget(number);
  }

  #heard(): readonly number[] {
    const all = [...this.#polls].filter(([, { poll }]) => poll.state === 'heard');
    return all.map(([number]) => number).toSorted((a, b) => a - b);
  }

  #tellHears(): void {
    const heard = this.#tunnels ?? this.#heard();
    if (heard.join() === this.#told) return;
    this.#told = heard.join();
    this.#publisher.setHears(heard);
  }

  #checkComplete(): void {
    const all = [...this.#polls.values()].every(({ poll }) => poll.state === 'heard');
    if (all && this.#isPlaced && this.#publisher.version > 0) this.#complete.resolve();
  }
}

/** A promise that is resolved from outside. */
function createGate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  const opened = new AbortController();
  const promise = new Promise<void>((open) => {
    opened.signal.addEventListener('abort', () => open(), { once: true });
  });
  return { promise, resolve: () => opened.abort() };
}

function isSamePeer(a: DiscoveryPeer, b: DiscoveryPeer): boolean {
  return a.name === b.name && a.address === b.address && a.pools.join() === b.pools.join();
}

function viewNode({ peer, poll }: { peer: DiscoveryPeer; poll: PeerPoll }): NodeView {
  const { number, name, address } = peer;
  const { state, age, fault, hears } = poll;
  return { number, name, address, state, age, fault, hears };
}
