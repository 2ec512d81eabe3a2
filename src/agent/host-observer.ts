import pLimit from 'p-limit';
import type { NetworkMap } from '../model/network.ts';
import type { NetworkReport, PeerReport, PeerWay } from '../model/network-report.ts';
import { nodeAddress, parseSubnet } from '../model/subnet.ts';
import type { OverlayStatus } from '../overlay/status.ts';
import type { Clock } from '../runtime/clock.ts';
import { type SendProbe, type Sounding, sound } from './full-size.ts';
import type { HostState } from './host-state.ts';
import { networkFindings } from './network-findings.ts';
import type { NetworkObserver } from './network-observer.ts';
import type { Place } from './network-place.ts';

/** How a peer is reached, as the overlay sees it; what it cannot say yet it leaves out. */
export interface PeerSight {
  readonly node: number;
  readonly way: PeerWay;
  readonly relay: number | null;
  readonly endpoint: string | null;
}

export interface HostObserverOptions {
  /** Name of this node. */
  readonly node: string;
  readonly map: () => NetworkMap | null;
  readonly peers: () => readonly PeerSight[];
  /** Looks at the host (host-checks). */
  readonly look: () => Promise<HostState>;
  readonly send: SendProbe;
  readonly clock: Clock;
  /** Milliseconds of a clock that nobody sets. */
  readonly uptime: () => number;
}

/** A firewall is not changed every second, and a look starts a dozen programs. */
const LOOK_INTERVAL = 55_000;
const SOUND_INTERVAL = 300_000;
/** Peers that are sounded at the same time. */
const SOUNDINGS = 8;

/** Puts together what overlay, names and host say. */
export class HostObserver implements NetworkObserver {
  readonly #options: HostObserverOptions;
  readonly #listeners = new Set<() => void>();
  readonly #soundings = new Map<number, Sounded>();
  readonly #began: { readonly wall: number; readonly uptime: number };
  #wentBack = 0;
  #looked: { readonly at: number; readonly host: Promise<HostState> } | null = null;

  constructor(options: HostObserverOptions) {
    this.#options = options;
    this.#began = { wall: options.clock.now(), uptime: options.uptime() };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The overlay, or the map, has changed. */
  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  stop(): void {
    this.#listeners.clear();
  }

  async report(): Promise<NetworkReport> {
    const map = this.#options.map();
    const place = map === null ? null : placeIn(map, this.#options.node);
    const [host, peers] = await Promise.all([
      this.#look(),
      place === null ? [] : this.#peers(place),
    ]);
    const wentBack = this.#clockWentBack();
    return {
      version: map?.version ?? 0,
      peers,
      findings: networkFindings({ host, place, wentBack }),
    };
  }

  async #look(): Promise<HostState> {
    const now = this.#options.uptime();
    if (this.#looked === null || now - this.#looked.at >= LOOK_INTERVAL)
      this.#looked = { at: now, host: this.#options.look() };
    return await this.#looked.host;
  }

  /** Only backwards: forwards nobody minds, and it cannot be told from a host that was asleep. */
  #clockWentBack(): number {
    const { clock, uptime } = this.#options;
    const expected = this.#began.wall + uptime() - this.#began.uptime;
    // A clock that is where it was again is right again.
    this.#wentBack = Math.max(0, expected - clock.now());
    return this.#wentBack;
  }

  async #peers(place: Place): Promise<readonly PeerReport[]> {
    const limit = pLimit(SOUNDINGS);
    const sights = this.#options.peers().toSorted((a, b) => a.node - b.node);
    for (const number of this.#soundings.keys())
      if (!sights.some(({ node }) => node === number)) this.#soundings.delete(number);
    return await Promise.all(
      sights.map(async (sight) => {
        const sounding =
          sight.way === 'none' ? nothing : await limit(() => this.#sound(place, sight));
        return { ...sight, ...sounding };
      }),
    );
  }

  async #sound({ map }: Place, sight: PeerSight): Promise<Sounding> {
    const way = JSON.stringify([sight.way, sight.relay, sight.endpoint, map.mtu]);
    const known = this.#soundings.get(sight.node);
    const now = this.#options.uptime();
    if (known?.way === way && now - known.at < SOUND_INTERVAL) return known.sounding;
    const address = nodeAddress(parseSubnet(map.subnet), sight.node);
    const sounding = await sound(this.#options.send, address, map.mtu);
    this.#soundings.set(sight.node, { way, at: now, sounding });
    return sounding;
  }
}

interface Sounded {
  /** What the sounding is true of. */
  readonly way: string;
  readonly at: number;
  readonly sounding: Sounding;
}

const nothing: Sounding = { roundTrip: null, fullSize: null };

export function placeIn(map: NetworkMap, node: string): Place | null {
  const self = map.nodes.find(({ name }) => name === node);
  return self === undefined ? null : { map, self };
}

/** What the overlay sees, in the words of reports. */
export function sightsOf({ peers }: Pick<OverlayStatus, 'peers'>): readonly PeerSight[] {
  const numbers = new Map(peers.map(({ name, number }) => [name, number]));
  return peers.flatMap(({ number, way, relay, endpoint }) =>
    way === 'waiting'
      ? []
      : [
          {
            node: number,
            way: way === 'nothing' ? 'none' : way,
            relay: relay === null ? null : (numbers.get(relay) ?? null),
            endpoint,
          },
        ],
  );
}
