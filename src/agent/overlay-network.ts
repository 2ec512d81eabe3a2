import { Discovery } from '../discovery/discovery.ts';
import type { LocalRecord } from '../discovery/record.ts';
import type { NetworkFacts, NetworkMap } from '../model/network.ts';
import { nodeAddress, parseSubnet } from '../model/subnet.ts';
import type { Overlay } from '../overlay/overlay.ts';
import type { Probe } from '../overlay/probe.ts';
import { type Clock, monotonicClock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { type Answering, upstreamsOf } from './answering.ts';
import type { Engine } from './containers.ts';
import type { GridNetwork } from './grid-network.ts';
import { type HostObserver, type HostObserverOptions, sightsOf } from './host-observer.ts';
import type { OverlayNetworks, OverlayNetworksOptions, OverlayPlace } from './overlay-networks.ts';
import type { AskingContainer, Publication, PublishedContainer, Publisher } from './publisher.ts';

export interface OverlayNetworkOptions {
  readonly overlay: Overlay;
  readonly probe: Probe;
  /** Of a place, how containers are attached to it. */
  readonly networks: (of: Pick<OverlayNetworksOptions, 'place' | 'onAttached'>) => OverlayNetworks;
  readonly facts: () => NetworkFacts;
  readonly engine: (of: {
    readonly grid: () => string | null;
    readonly lookup: (host: string) => readonly string[];
  }) => Engine & { namesChanged(): Promise<void>; stop(): Promise<void> };
  readonly observer: (of: Pick<HostObserverOptions, 'map' | 'peers'>) => HostObserver;
  /** Unix socket of the names, for people on this host. */
  readonly socket: string;
  readonly clock: Clock;
  readonly log: Log;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A peer that has not heard of a change by then is on its way out itself. */
const SETTLE_LIMIT = 3_000;
/** Between looks at which peers are heard by which way. */
const HEARING_INTERVAL = 1_000;
/** Whatever fails to be made is forgotten by and by. */
const MOST_EARLY = 500;

/** This node in its grid's overlay: the data plane, how containers are attached to it, and their names. */
export class OverlayNetwork implements GridNetwork {
  readonly networks: OverlayNetworks;
  readonly publisher: Publisher;
  readonly observer: HostObserver;
  readonly engine: ReturnType<OverlayNetworkOptions['engine']>;
  readonly answering: Answering;
  readonly #options: OverlayNetworkOptions;
  readonly #shown = new Map<string, Publication>();
  /** Of containers that were made just now, by address: nobody has looked at them yet. */
  readonly #early = new Map<string, AskingContainer>();
  readonly #stopping = new AbortController();
  #place: OverlayPlace | null = null;
  #discovery: Discovery | null = null;
  #identity = '';
  #ways = '';
  /** Before everything that runs was looked at, what is published would not be all of it. */
  #isComplete = false;
  #isDue = false;
  #isKnown = false;
  #follow: () => Promise<void> = () => Promise.resolve();
  readonly #listeners = new Set<() => void>();
  #hearing: Promise<void> | null = null;

  constructor(options: OverlayNetworkOptions) {
    this.#options = options;
    this.networks = options.networks({
      place: () => this.#place,
      onAttached: (asker) => this.#expect(asker),
    });
    this.publisher = {
      publish: (path, publication) => this.#show(path, publication),
      settled: async (signal) => await this.#settled(signal),
    };
    this.answering = {
      of: (service) => this.#answersOf(service),
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    };
    this.engine = options.engine({
      grid: () => this.#place?.map.grid ?? null,
      lookup: (host) => this.#discovery?.lookup(host) ?? [],
    });
    this.observer = options.observer({
      map: () => this.#place?.map ?? null,
      peers: () => sightsOf(this.#options.overlay.status()),
    });
  }

  facts(): Promise<NetworkFacts> {
    return Promise.resolve(this.#options.facts());
  }

  /** A node that is not in the map has no part in it: what it has stays as it is. */
  apply(map: NetworkMap, name: string): void {
    const node = map.nodes.find((one) => one.name === name);
    if (node === undefined) return;
    this.#place = { map, node };
    this.observer.changed();
    this.#options.overlay.apply(map);
    this.#discover({ map, node });
  }

  begin(settled: () => Promise<void>): void {
    this.#isComplete = true;
    this.#follow = settled;
    this.#due();
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the agent stops'));
    const { overlay } = this.#options;
    await Promise.all([this.#discovery?.stop(), overlay.stop(), this.#hearing]);
    await this.engine.stop();
    this.#options.probe.close();
    this.observer.stop();
  }

  #discover({ map, node }: OverlayPlace): void {
    const identity = JSON.stringify([map.subnet, map.tunnelSubnet, node.number]);
    if (identity !== this.#identity) {
      void this.#discovery?.stop();
      this.#identity = identity;
      this.#discovery = this.#newDiscovery({ map, node });
      this.#discovery.start();
      this.#followNames(this.#discovery);
      this.#due();
    }
    this.#discovery?.peers(
      map.nodes.map(({ number, name: peer, pools }) => ({
        number,
        name: peer,
        pools,
        address: nodeAddress(parseSubnet(map.subnet), number),
      })),
    );
    this.#hearing ??= this.#hear();
  }

  /** What is not known yet is no reason to send anybody away. */
  #followNames(discovery: Discovery): void {
    this.#isKnown = false;
    discovery.onChange(() => this.#tell());
    void discovery.complete.then(() => {
      this.#isKnown ||= this.#discovery === discovery;
      this.#tell();
      return undefined;
    });
  }

  #newDiscovery({ map, node }: OverlayPlace): Discovery {
    const { log, random, socket } = this.#options;
    const { subnet, tunnelSubnet } = map;
    const { number, name } = node;
    return new Discovery({
      grid: { name: map.grid, subnet, tunnelSubnet },
      node: { number, name },
      clock: monotonicClock,
      log,
      random,
      socket,
      applied: async () => await this.#follow(),
    });
  }

  #answersOf(service: Parameters<Answering['of']>[0]): ReturnType<Answering['of']> {
    if (this.#discovery === null || !this.#isKnown) return null;
    return upstreamsOf(this.#discovery.service(service));
  }

  #tell(): void {
    void this.engine.namesChanged();
    for (const listener of this.#listeners) listener();
  }

  /** Peers tell each other whom they hear by their own tunnels: by that relays are chosen. */
  async #hear(): Promise<void> {
    const { clock, overlay } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const discovery = this.#discovery;
      if (discovery !== null) {
        discovery.tellTunnels([...overlay.heard()]);
        const others = [...discovery.hears()].filter(
          ([number]) => number !== this.#place?.node.number,
        );
        overlay.hearOf(new Map(others.map(([number, heard]) => [number, new Set(heard)])));
      }
      this.#tellWays();
      await clock.sleep(HEARING_INTERVAL, signal).catch(() => undefined);
    }
  }

  #tellWays(): void {
    const ways = this.#options.overlay.status().peers.map(({ number, way }) => `${number} ${way}`);
    if (ways.join() === this.#ways) return;
    this.#ways = ways.join();
    this.observer.changed();
  }

  #show(path: string, publication: Publication): void {
    const { containers, askers } = publication;
    for (const { address } of askers) this.#early.delete(address);
    if (containers.length + askers.length === 0) this.#shown.delete(path);
    else this.#shown.set(path, publication);
    this.#due();
  }

  /** It may ask before anybody has looked at it. */
  #expect(asker: AskingContainer): void {
    this.#early.set(asker.address, asker);
    const [oldest] = this.#early.keys();
    if (this.#early.size > MOST_EARLY && oldest !== undefined) this.#early.delete(oldest);
    this.#publish();
  }

  /** What changes in the same moment is published in one. */
  #due(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => this.#publish());
  }

  /** Returns the version of what is published; `null` where nobody can be told. */
  #publish(): number | null {
    this.#isDue = false;
    if (this.#discovery === null || !this.#isComplete) return null;
    const all = [...this.#shown.values()];
    return this.#discovery.publish(
      all.flatMap(({ containers }) => containers.map(recordOf)),
      [...this.#early.values(), ...all.flatMap(({ askers }) => askers)],
    );
  }

  async #settled(signal: AbortSignal): Promise<void> {
    const version = this.#publish();
    if (version === null || this.#discovery === null) return;
    const settled = [this.#discovery.settled(version, { limit: SETTLE_LIMIT }), this.#follow()];
    await raced(Promise.all(settled), signal);
  }
}

function recordOf(one: PublishedContainer): LocalRecord {
  const { stack, service, number, container, address, ready, healthy, draining, names, port } = one;
  return {
    stack,
    service,
    number,
    container: container.slice(0, 12),
    address,
    ready,
    healthy,
    draining,
    names,
    port,
  };
}

/** Rejects with the signal's reason as soon as it is aborted. */
async function raced(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    void work
      .then(() => resolve())
      .catch(reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}
