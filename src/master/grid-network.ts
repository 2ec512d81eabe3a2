import { errorMessage, GridError } from '../model/error.ts';
import { type NetworkFacts, type NetworkMap, networkPorts } from '../model/network.ts';
import {
  type NetworkMember,
  type NetworkOutlook,
  type NetworkWishes,
  nextNetworkMap,
} from '../planner/network-map.ts';
import { encode } from '../protocol/codec.ts';
import { type KeyPair, seal } from '../protocol/sign.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Fleet, FleetNode } from './fleet.ts';
import { MapRecalls } from './map-recalls.ts';
import { type Arrivals, NetworkDemand } from './network-demand.ts';

export interface GridNetworkOptions {
  readonly identity: KeyPair;
  readonly fleet: Fleet;
  /** Must be durable before it resolves; false when a version as high is already there. */
  readonly keep: (map: NetworkMap, at: number) => Promise<boolean>;
  readonly clock: Clock;
  readonly log: Log;
  /** What is known of a grid's network has changed: its plan may say something else. */
  readonly onChange: (grid: string) => void;
}

/** A session of a node that takes network maps. */
export interface Listener {
  /** The version that the node goes by; `null`: its agent knows of no maps. */
  readonly networkVersion: number | null;
  /** The whole message as text: it is the same for all. */
  sendNetwork(message: string): void;
}

/** A crowd of nodes that joins, or comes back, makes one map and not as many as there are nodes. */
const GATHER_MILLISECONDS = 50;
/** After a fault of ours (the store). */
const RETRY_MILLISECONDS = 1_000;

/**
 * One grid's network map: made when the grid's nodes or its definition change, stored, signed once, and sent to every node of
 * it that has an older one. Invariants:
 * - a map is durable before it is sent, and versions only grow;
 * - no node is told of an older map than it has;
 * - while a node is about to tell what this master does not know any more, nothing is decided.
 */
export class GridNetwork {
  readonly #grid: string;
  readonly #options: GridNetworkOptions;
  readonly #demand = new NetworkDemand();
  readonly #recalls: MapRecalls;
  readonly #stopping = new AbortController();
  #outlook: NetworkOutlook;
  /** The message with the newest map. */
  #message: string | null = null;
  #wishes: NetworkWishes | null = null;
  #arrivals: Arrivals = new Map();
  readonly #seenFrom = new Map<string, string | null>();
  /** The version that each session's node has. */
  readonly #listeners = new Map<Listener, number>();
  #isDue = false;
  #gathering: Promise<void> | null = null;
  #work: Promise<void> = Promise.resolve();

  constructor(grid: string, known: NetworkMap | null, options: GridNetworkOptions) {
    this.#grid = grid;
    this.#options = options;
    this.#recalls = new MapRecalls(options.clock, () => this.touch());
    this.#outlook = { map: known, leftOut: [], tight: [] };
  }

  get outlook(): NetworkOutlook {
    return this.#outlook;
  }

  /** A node is about to be let in. True: what it has is not known here, and it must bring it back first. */
  greet(node: string, of: { readonly version: number; readonly from: string | null }): boolean {
    this.#seenFrom.set(node, of.from);
    const { map } = this.#outlook;
    const isIn = map?.nodes.some((one) => one.name === node) === true;
    // Also an older one, of a node that is not in ours: it may know the node's number.
    const mayKnowMore = of.version > (isIn ? map.version : 0);
    if (mayKnowMore) this.#recalls.ask(node);
    return mayKnowMore;
  }

  opened(session: Listener): void {
    if (session.networkVersion !== null) this.#listeners.set(session, session.networkVersion);
    this.touch();
  }

  /** A newer session of its node has taken over. */
  left(session: Listener): void {
    this.#listeners.delete(session);
  }

  closed(node: string, session: Listener): void {
    this.left(session);
    this.#recalls.giveUp(node);
  }

  /** What a node goes by, signed by this master. True: it is newer than all that is known here. */
  recalled(node: string, map: NetworkMap): boolean {
    const known = [this.#outlook.map, ...this.#recalls.brought];
    const isNewest = known.every((one) => one === null || one.version < map.version);
    return this.#recalls.answer(node, map) && isNewest;
  }

  /** The grid as it is defined now, and what is about to be assigned: when it resolves, the nodes have been sent the map. */
  async prepare(wishes: NetworkWishes, arrivals: Arrivals): Promise<NetworkOutlook> {
    this.#isDue ||= arrivals.size > 0 || !isSame(wishes, this.#wishes);
    this.#wishes = wishes;
    this.#arrivals = arrivals;
    await this.settle();
    return this.#outlook;
  }

  /** A node is gone for good. */
  async removed(node: string): Promise<void> {
    this.#seenFrom.delete(node);
    this.#isDue = true;
    await this.settle();
  }

  /** Something about the nodes has changed. */
  touch(): void {
    this.#isDue = true;
    this.#gathering ??= this.#gather(GATHER_MILLISECONDS);
  }

  async settle(): Promise<void> {
    const run = this.#work.then(async () => await this.#renew());
    this.#work = run.catch(() => undefined);
    await run;
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopped'));
    this.#recalls.stop();
    await this.#gathering;
    await this.#work;
  }

  async #gather(milliseconds: number): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    try {
      await clock.sleep(milliseconds, signal);
      this.#gathering = null;
      await this.settle();
    } catch (error) {
      if (signal.aborted) return;
      log.error({ grid: this.#grid, error: errorMessage(error) }, 'network map not made');
      this.#gathering ??= this.#gather(RETRY_MILLISECONDS);
    }
  }

  async #renew(): Promise<void> {
    const wishes = this.#wishes;
    if (!this.#isDue || wishes === null || this.#recalls.isWaiting) return;
    this.#isDue = false;
    const claims = this.#recalls.brought;
    const before = this.#outlook;
    const outlook = nextNetworkMap({
      grid: this.#grid,
      before: before.map,
      wishes,
      nodes: this.#options.fleet.nodes(this.#grid).map((node) => this.#member(node)),
      claims,
    });
    if (outlook.map !== null && outlook.map !== before.map) await this.#keep(outlook.map);
    this.#outlook = outlook;
    this.#recalls.considered(claims);
    this.#tell();
    if (saysMore(outlook, before)) this.#options.onChange(this.#grid);
  }

  #member(node: FleetNode): NetworkMember {
    const { name, facts } = node;
    const seenFrom = this.#seenFrom.get(name);
    return {
      name,
      facts: facts === null ? null : (facts.network ?? withoutNetwork),
      containers: this.#demand.of(node, this.#arrivals.get(name) ?? []),
      ...(seenFrom === undefined ? {} : { seenFrom }),
    };
  }

  async #keep(map: NetworkMap): Promise<void> {
    const { keep, clock, log } = this.#options;
    try {
      if (!(await keep(map, clock.now()))) throw isThere(map);
    } catch (error) {
      this.#isDue = true;
      throw error;
    }
    this.#message = null;
    const { grid, version, nodes } = map;
    log.debug({ grid, version, nodes: nodes.length }, 'network map stored');
  }

  #tell(): void {
    const { map } = this.#outlook;
    if (map === null) return;
    for (const [session, version] of this.#listeners) {
      if (version >= map.version) continue;
      this.#message ??= encode({
        type: 'network',
        signed: seal(this.#options.identity, 'network', map),
      });
      session.sendNetwork(this.#message);
      this.#listeners.set(session, map.version);
    }
  }
}

/** What an agent says that does not know of networks yet. */
const withoutNetwork: NetworkFacts = {
  mode: 'none',
  reason: 'its agent is too old: update it',
  publicKey: null,
  port: networkPorts.wireguard,
  publicAddress: null,
  addresses: [],
  region: null,
};

function isThere({ grid, version }: NetworkMap): GridError {
  return new GridError({
    code: 'internal',
    message: `version ${version} of the network map of grid ${grid} exists already`,
    retry: 'later',
  });
}

function saysMore(after: NetworkOutlook, before: NetworkOutlook): boolean {
  return after.map !== before.map || remarksOf(after) !== remarksOf(before);
}

function remarksOf({ leftOut, tight }: NetworkOutlook): string {
  return JSON.stringify([leftOut, tight]);
}

function isSame(a: NetworkWishes, b: NetworkWishes | null): boolean {
  return (
    a.subnet === b?.subnet &&
    a.mtu === b.mtu &&
    a.trustedSubnets.length === b.trustedSubnets.length &&
    a.trustedSubnets.every((subnet, at) => subnet === b.trustedSubnets[at])
  );
}
