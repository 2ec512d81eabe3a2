import type { InstanceId } from '../model/identity.ts';

/** A container that answers for a service, wherever it is. */
export interface Upstream extends InstanceId {
  /** Another container is another upstream. */
  readonly container: string;
  /** An IP address. */
  readonly address: string;
  /** What its own label says; `null`: what the load balancer was told. */
  readonly port: number | null;
  readonly ready: boolean;
  /** About to be stopped: it gets nothing new, and finishes what it has. */
  readonly draining: boolean;
}
