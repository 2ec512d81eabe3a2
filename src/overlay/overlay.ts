import { errorMessage } from '../model/error.ts';
import type { NetworkMap, NetworkNode } from '../model/network.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import { type Assessment, assess, type Memory, noMemory } from './assess.ts';
import { changesOf, type OverlayEvent, type SaidWays } from './events.ts';
import { chooseFirewall, type FirewallVariant } from './firewall.ts';
import { HostNames } from './host-names.ts';
import type { WireguardKey } from './key.ts';
import { lookAt } from './look.ts';
import { deviceNames } from './names.ts';
import { performAll } from './perform.ts';
import type { Bridge, Helper } from './ports.ts';
import type { Probe } from './probe.ts';
import type { SeenHost } from './seen.ts';
import { devicesOf, type OverlayStatus } from './status.ts';
import { stepsTowards } from './steps.ts';
import type { Tools } from './tools.ts';
import { peersOf, tunnelAddress, wantedHost } from './wanted.ts';

export interface OverlayOptions {
  /** Name of the node that this host is. */
  readonly node: string;
  readonly key: WireguardKey;
  readonly tools: Tools;
  readonly helper: Helper;
  readonly bridge: Bridge;
  readonly probe: Probe;
  /** Addresses of a host name, IPv4 and IPv6. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** The host's own addresses. */
  readonly addresses: () => readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly onEvent: (event: OverlayEvent) => void;
  /** The host has other addresses than before: those who were told of them do not know yet. */
  readonly onMoved: () => void;
}

/** What people and other programs undo is done again after this. A look costs some 30 ms of one processor. */
const INTERVAL = 3_000;
/** An engine that works makes a network, or says that it is there, in less. */
const BRIDGE_PATIENCE = 2_000;
/** Failures in a row that are worth an event: what heals by itself is none. */
const FAILURES_TOLD = 3;

/**
 * The data plane of this host's node. Looks at everything from time to time, and whenever it is woken, and makes good what
 * differs from the last network map that it was given. Without a map it touches nothing. When the process ends, the data plane
 * stays and works; `takeOverlayAway` ends it.
 */
export class Overlay {
  readonly #options: OverlayOptions;
  readonly #flight: SingleFlight;
  readonly #names: HostNames;
  readonly #stopping = new AbortController();
  #map: NetworkMap | null = null;
  #reports: ReadonlyMap<number, ReadonlySet<number>> = new Map();
  #firewall: FirewallVariant | null = null;
  #memory: Memory = noMemory;
  #assessedAt = 0;
  #addresses: string | null = null;
  #heard: ReadonlySet<number> = new Set();
  #said: SaidWays = new Map();
  #wasMute = false;
  #failures = 0;
  #unreadable: ReadonlySet<string> = new Set();
  #status: OverlayStatus = nothingSeen;
  #ticking: Promise<void> | null = null;
  #bridging: Promise<readonly string[]> | null = null;

  constructor(options: OverlayOptions) {
    this.#options = options;
    this.#flight = new SingleFlight(
      async (signal) => await this.#reconcile(signal),
      (error) => this.#failed(errorMessage(error)),
    );
    this.#names = new HostNames({ ...options, onChange: () => this.wake() });
  }

  /** From now on this is what is wanted. */
  apply(map: NetworkMap): void {
    this.#map = map;
    this.#ticking ??= this.#tick();
    this.wake();
  }

  /** Whom each peer hears, by numbers, as far as peers have told. Decides who can be a relay. */
  hearOf(reports: ReadonlyMap<number, ReadonlySet<number>>): void {
    this.#reports = reports;
  }

  /** Whom this node hears: what it has to tell its peers. */
  heard(): ReadonlySet<number> {
    return this.#heard;
  }

  /** Something may have changed. */
  wake(): void {
    this.#flight.wake();
  }

  status(): OverlayStatus {
    return this.#status;
  }

  /** Resolves when nothing is going on and nothing is due. */
  async idle(): Promise<void> {
    await this.#flight.idle();
  }

  /** Ends this object's work. What it has made stays. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    await this.#flight.stop();
    await this.#ticking;
  }

  async #tick(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#options.clock.sleep(INTERVAL, signal).catch(() => undefined);
      this.wake();
    }
  }

  async #reconcile(signal: AbortSignal): Promise<void> {
    if (this.#map !== null) await this.#make(this.#map, signal);
  }

  async #make(map: NetworkMap, signal: AbortSignal): Promise<void> {
    const self = map.nodes.find(({ name }) => name === this.#options.node);
    if (self === undefined)
      throw new Error(`node ${this.#options.node} is not in the network map of ${map.grid}`);
    const withoutBridge = await this.#ensureBridge(map);
    const seen = await this.#look();
    const assessment = this.#assess(map, self, seen);
    const { key } = this.#options;
    const wanted = wantedHost(map, self, key.publicKey, assessment.relays);
    const endpoints = this.#hasMoved()
      ? new Map([...endpointsOf(seen), ...assessment.endpoints])
      : assessment.endpoints;
    const failures = await this.#perform(stepsTowards(wanted, seen, endpoints), signal);
    if (signal.aborted) return;
    for (const number of assessment.quiet) this.#options.probe.send(tunnelAddress(map, number));
    this.#done([...withoutBridge, ...failures], seen, assessment);
  }

  /** Tunnels do not wait for Docker, nor for one that hangs: what becomes of it is seen at a later look. */
  async #ensureBridge(map: NetworkMap): Promise<readonly string[]> {
    this.#bridging ??= this.#makeBridge(map).finally(() => {
      this.#bridging = null;
    });
    const waiting = new AbortController();
    const { clock } = this.#options;
    const late = clock.sleep(BRIDGE_PATIENCE, waiting.signal).then(
      () => [`Docker does not say whether there is a bridge ${deviceNames.bridge}`],
      () => [],
    );
    const failures = await Promise.race([this.#bridging, late]);
    waiting.abort(new Error('answered'));
    return failures;
  }

  async #makeBridge(map: NetworkMap): Promise<readonly string[]> {
    try {
      await this.#options.bridge.ensure(map, deviceNames.bridge);
      return [];
    } catch (error) {
      return [`there is no bridge ${deviceNames.bridge} yet: ${errorMessage(error)}`];
    }
  }

  async #look(): Promise<SeenHost> {
    const { tools } = this.#options;
    const unreadable = new Set<string>();
    this.#firewall ??= await chooseFirewall(tools);
    const seen = await lookAt(tools, this.#firewall, (what) => unreadable.add(what));
    for (const what of unreadable)
      if (!this.#unreadable.has(what)) this.#options.log.warn({}, `cannot read ${what}`);
    this.#unreadable = unreadable;
    this.#refuseFirstSilence(seen);
    return seen;
  }

  /** A program that was just started answers a moment later. One that does not answer twice is made to start again. */
  #refuseFirstSilence({ wireguard }: SeenHost): void {
    const isMute = wireguard !== null && wireguard.state === null;
    const isFirst = isMute && !this.#wasMute;
    this.#wasMute = isMute && isFirst;
    if (isFirst) throw new Error(`no program answers for ${deviceNames.wireguard}`);
  }

  #assess(map: NetworkMap, self: NetworkNode, seen: SeenHost): Assessment {
    const { key, clock } = this.#options;
    const now = clock.now();
    // What is remembered of a time that is yet to come would keep everything waiting until then.
    if (now < this.#assessedAt - INTERVAL) this.#memory = noMemory;
    this.#assessedAt = now;
    const peers = peersOf(map, self, key.publicKey);
    this.#names.follow(
      peers.flatMap(({ publicAddress }) => (publicAddress === null ? [] : [publicAddress])),
    );
    return assess(this.#memory, {
      map,
      self,
      peers,
      state: seen.wireguard?.state ?? null,
      reports: this.#reports,
      resolve: (host) => this.#names.addresses(host),
      now,
    });
  }

  /** WireGuard in user space goes on sending from an address that is gone until it is told once more where its peers are. */
  #hasMoved(): boolean {
    const before = this.#addresses;
    this.#addresses = this.#options.addresses().toSorted().join(' ');
    if (before === null || before === this.#addresses) return false;
    this.#options.log.info({ before, now: this.#addresses }, 'the host has other addresses');
    this.#options.onMoved();
    return true;
  }

  async #perform(
    steps: ReturnType<typeof stepsTowards>,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    if (steps.length === 0) return [];
    const { tools, helper, key, log } = this.#options;
    const firewall = this.#firewall ?? '';
    log.debug({ steps: steps.map(({ kind }) => kind) }, 'the overlay differs');
    return await performAll({ tools, helper, firewall, keyFile: key.file }, steps, signal);
  }

  #done(failures: readonly string[], seen: SeenHost, assessment: Assessment): void {
    this.#memory = assessment.memory;
    this.#heard = assessment.heard;
    this.#status = {
      at: this.#options.clock.now(),
      error: null,
      devices: devicesOf(seen),
      peers: assessment.peers,
    };
    const { said, events } = changesOf(this.#said, assessment.peers);
    this.#said = said;
    for (const event of events) this.#options.onEvent(event);
    if (failures[0] === undefined) this.#succeeded();
    else this.#failed(failures[0]);
  }

  #succeeded(): void {
    if (this.#failures >= FAILURES_TOLD)
      this.#options.onEvent({
        severity: 'info',
        kind: 'overlay-repaired',
        message: 'the overlay on this host is as it should be again',
      });
    this.#failures = 0;
  }

  /** Said when it begins, and told when it stays. */
  #failed(error: string): void {
    this.#failures += 1;
    this.#status = { ...this.#status, at: this.#options.clock.now(), error };
    if (this.#failures === 1) this.#options.log.warn({ error }, 'the overlay could not be made');
    if (this.#failures === FAILURES_TOLD)
      this.#options.onEvent({
        severity: 'error',
        kind: 'overlay-failed',
        message: `the overlay on this host cannot be made: ${error}`,
      });
  }
}

function endpointsOf({ wireguard }: SeenHost): readonly (readonly [string, string])[] {
  return (wireguard?.state?.peers ?? []).flatMap(({ publicKey, endpoint }) =>
    endpoint === null ? [] : [[publicKey, endpoint] as const],
  );
}

const nothingSeen: OverlayStatus = { at: null, error: null, devices: [], peers: [] };
