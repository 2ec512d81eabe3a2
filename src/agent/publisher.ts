import type { InstanceId } from '../model/identity.ts';
import type { Presence } from './containers.ts';

/** A container of this node that others may find. */
export interface PublishedContainer extends InstanceId, Presence {
  /** Id. */
  readonly container: string;
  /** Past everything that readiness asks for. */
  readonly ready: boolean;
  readonly healthy: boolean;
  /** About to be stopped: whoever listens is not to begin anything new with it. */
  readonly draining: boolean;
}

/** A container that asks for names. Hooks ask, too, and are found by nobody. */
export type AskingContainer = Pick<PublishedContainer, 'stack' | 'address' | 'links' | 'servers'>;

/** What is known of one instance's containers. */
export interface Publication {
  readonly containers: readonly PublishedContainer[];
  readonly askers: readonly AskingContainer[];
}

/** Tells who listens which containers of this node answer. */
export interface Publisher {
  /** All of one instance, instead of what was said of it before. */
  publish(path: string, publication: Publication): void;
  /** Resolves when everybody who listens has heard all that was published, or has had time enough to. */
  settled(signal: AbortSignal): Promise<void>;
}
