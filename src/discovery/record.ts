import type { LinkAlias } from '../model/extras.ts';
import type { InstanceId } from '../model/identity.ts';

/** One container of a node that may answer to names. The agent writes it, peers get it as it is. */
export interface LocalRecord extends InstanceId {
  /** Short id. */
  readonly container: string;
  /** In one of its node's pools. */
  readonly address: string;
  /** Past its readiness checks. */
  readonly ready: boolean;
  /** False: unhealthy, answers to nothing. */
  readonly healthy: boolean;
  /** About to be stopped, answers to nothing. */
  readonly draining: boolean;
  /** Further names in the grid: network aliases, and the stack's own where the service is exposed. */
  readonly names: readonly string[];
  /** What a load balancer connects to; `null`: it said nothing (`io.kontena.load_balancer.internal_port`). */
  readonly port: number | null;
}

/** What only one asking container knows, by its address. It never leaves the node. */
export interface Asker {
  readonly address: string;
  /** Its own stack: link aliases are names in there. */
  readonly stack: string;
  readonly links: readonly LinkAlias[];
  /** Asked for names outside of the grid, in this order; none: those of the host. */
  readonly servers: readonly string[];
}

/** How a container is, the worst first that is true of it. Only the last two answer. */
export type Condition = 'draining' | 'unhealthy' | 'running' | 'ready';

export function conditionOf(record: LocalRecord): Condition {
  if (record.draining) return 'draining';
  if (!record.healthy) return 'unhealthy';
  return record.ready ? 'ready' : 'running';
}

export function isEqualRecord(a: LocalRecord, b: LocalRecord): boolean {
  return (
    a.container === b.container &&
    a.stack === b.stack &&
    a.service === b.service &&
    a.number === b.number &&
    a.address === b.address &&
    a.ready === b.ready &&
    a.healthy === b.healthy &&
    a.draining === b.draining &&
    a.port === b.port &&
    a.names.length === b.names.length &&
    a.names.every((name, index) => name === b.names[index])
  );
}
