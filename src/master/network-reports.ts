import { compareText } from '../model/identity.ts';
import type { NetworkMap } from '../model/network.ts';
import type { NetworkReport } from '../model/network-report.ts';

/** A node's last report, and when it came. */
export interface HeardReport {
  readonly at: number;
  readonly report: NetworkReport;
}

/** One line of history, about a grid's network. */
export interface NetworkEvent {
  readonly severity: 'info' | 'warning';
  readonly kind: 'network-way-lost' | 'network-way-found';
  readonly message: string;
}

export interface ReportContext {
  readonly map: NetworkMap | null;
  /** Names of nodes that are connected: of one that is away, its absence is told already. */
  readonly online: ReadonlySet<string>;
  readonly now: number;
}

/** A way that comes back soon, and a node whose loss this master has not noticed yet, are no news. */
const HOLD = 45_000;
/** Of two nodes that lose each other all the time history needs no more. */
const PAUSE = 600_000;

/** What is remembered of two nodes, as long as they have no way, or had none a while ago. */
interface Pair {
  /** Since when either of them reports no way; `null`: they have one. */
  lostAt: number | null;
  /** What was told last. */
  told: 'lost' | 'found';
  toldAt: number;
}

/** A report, and what events are made of. */
interface Kept extends HeardReport {
  /** Numbers of the nodes that it has no way to. */
  readonly lacks: ReadonlySet<number>;
}

/**
 * The last network report of each node of one grid, in memory: nodes tell again as soon as they connect. Of reports that
 * follow each other it makes events, few of them.
 */
export class NetworkReports {
  readonly #reports = new Map<string, Kept>();
  readonly #pairs = new Map<string, Pair>();

  of(node: string): HeardReport | null {
    return this.#reports.get(node) ?? null;
  }

  /** A node is gone for good. */
  remove(node: string): void {
    this.#reports.delete(node);
    for (const key of this.#pairs.keys())
      if (key.split(' ').includes(node)) this.#pairs.delete(key);
  }

  /** Takes what a node says, and returns what is to be told of it. */
  take(node: string, report: NetworkReport, context: ReportContext): readonly NetworkEvent[] {
    const lacks = report.peers.flatMap((peer) => (peer.way === 'none' ? [peer.node] : []));
    this.#reports.set(node, { at: context.now, report, lacks: new Set(lacks) });
    const own = context.map?.nodes.find(({ name }) => name === node)?.number ?? 0;
    const lost: string[] = [];
    const found: string[] = [];
    for (const { name, number } of peersOf(node, report, context)) {
      const isLost = this.#lacks(node, number) || this.#lacks(name, own);
      const news = this.#follow([node, name], isLost, context.now);
      if (news === 'lost') lost.push(name);
      if (news === 'found') found.push(name);
    }
    return [...lostEvent(node, lost), ...foundEvent(node, found)];
  }

  #follow(names: readonly string[], isLost: boolean, now: number): Pair['told'] | null {
    const key = names.toSorted(compareText).join(' ');
    const pair = this.#pairs.get(key) ?? { lostAt: null, told: 'found', toldAt: -PAUSE };
    if (isLost) pair.lostAt ??= now;
    else pair.lostAt = null;
    const state = isLost ? 'lost' : 'found';
    const isSettled = state === 'found' || now - (pair.lostAt ?? now) >= HOLD;
    const isNews =
      state !== pair.told && isSettled && (state === 'found' || now - pair.toldAt >= PAUSE);
    if (isNews) {
      pair.told = state;
      pair.toldAt = now;
    }
    const isForgotten = state === 'found' && pair.told === 'found' && now - pair.toldAt >= PAUSE;
    if (isForgotten) this.#pairs.delete(key);
    else this.#pairs.set(key, pair);
    return isNews ? state : null;
  }

  #lacks(node: string, number: number): boolean {
    return this.#reports.get(node)?.lacks.has(number) === true;
  }
}

/** Peers that are worth a word: those that are connected. */
function peersOf(
  node: string,
  report: NetworkReport,
  { map, online }: ReportContext,
): readonly { readonly name: string; readonly number: number }[] {
  const names = new Map(map?.nodes.map(({ number, name }) => [number, name]));
  return report.peers
    .map((peer) => ({ name: names.get(peer.node) ?? '', number: peer.node }))
    .filter(({ name }) => name !== node && online.has(name));
}

function lostEvent(node: string, peers: readonly string[]): readonly NetworkEvent[] {
  if (peers.length === 0) return [];
  const message = `${node} and ${listed(peers)} do not reach each other, though both are connected to the master; gridops network doctor says more`;
  return [{ severity: 'warning', kind: 'network-way-lost', message }];
}

function foundEvent(node: string, peers: readonly string[]): readonly NetworkEvent[] {
  if (peers.length === 0) return [];
  const message = `${node} and ${listed(peers)} reach each other again`;
  return [{ severity: 'info', kind: 'network-way-found', message }];
}

const MOST_NAMED = 10;

function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  const named = names.slice(0, MOST_NAMED).join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}
