import { skewText } from '../model/clock-skew.ts';
import { isOlder } from '../model/version-order.ts';
import { ClockSkews, type SkewNews } from './clock-skews.ts';
import type { NodeEvent } from './node-event.ts';

/** One line of a node's history. */
type Remark = Pick<NodeEvent, 'severity' | 'kind' | 'path' | 'message'>;

/** What there is to remark on a node that has nothing to do with its containers. */
export interface NodeRemark {
  /** How far its clock is ahead of this master's; absent where nobody knows. */
  readonly skewSeconds?: number;
  /** Its agent is older than this master. Absent: it is not. */
  readonly outdated?: true;
}

/** Clocks and versions of nodes, as their agents tell them. In memory: agents tell again as soon as they connect. */
export class NodeRemarks {
  readonly #version: string;
  readonly #skews = new ClockSkews();
  /** The version of each node's agent that was remarked on, or is not worth it. */
  readonly #versions = new Map<string, string>();

  /** `version`: this master's. */
  constructor(version: string) {
    this.#version = version;
  }

  of(node: string): NodeRemark {
    const skewSeconds = this.#skews.of(node);
    const version = this.#versions.get(node);
    return {
      ...(skewSeconds === null ? {} : { skewSeconds }),
      ...(version !== undefined && isOlder(version, this.#version) ? { outdated: true } : {}),
    };
  }

  /** A session begins. `skew`: milliseconds that its clock is ahead. */
  greet(node: string, of: { readonly skew: number; readonly version: string }): readonly Remark[] {
    const news = this.#skews.begin(node, of.skew);
    const isKnown = this.#versions.get(node) === of.version;
    this.#versions.set(node, of.version);
    const isNews = !isKnown && isOlder(of.version, this.#version);
    return [...this.#clock(node, news), ...(isNews ? [outdated(of.version, this.#version)] : [])];
  }

  clocked(node: string, skew: number): readonly Remark[] {
    return this.#clock(node, this.#skews.take(node, skew));
  }

  /** Its session is over: how its clock goes nobody knows. */
  left(node: string): void {
    this.#skews.forget(node);
  }

  #clock(node: string, news: SkewNews): readonly Remark[] {
    if (news === null) return [];
    if (news === 'right')
      return [remark('info', 'clock-right', "the node's clock agrees with the master's again")];
    const skew = skewText(this.#skews.of(node) ?? undefined) ?? "not the master's";
    const message = `the node's clock is ${skew}; set up NTP on it`;
    return [remark('warning', 'clock-skew', message)];
  }
}

function outdated(version: string, master: string): Remark {
  const message = `its agent (${version}) is older than the master (${master}): it goes on working, without what is new; update it`;
  return remark('warning', 'agent-outdated', message);
}

function remark(severity: Remark['severity'], kind: string, message: string): Remark {
  return { severity, kind, path: '', message };
}
