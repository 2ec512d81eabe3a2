import type { AssignedInstance } from '../model/assignment.ts';
import type { NetworkMode } from '../model/network.ts';
import type { Scope } from './containers.ts';

/** How one container is connected. */
export type Attachment =
  /** To the engine's own bridge, without names. */
  | { readonly kind: 'none' }
  /** To the grid's bridge on this engine, whose names are the engine's. */
  | { readonly kind: 'bridge'; readonly network: string }
  /** To the grid's overlay, whose names are the agent's. */
  | {
      readonly kind: 'overlay';
      readonly network: string;
      readonly address: string;
      /** Address of the agent's DNS server. */
      readonly resolver: string;
    };

/** An attachment on its way: nobody else is given its address until it is let go of. */
export interface HeldAttachment {
  readonly attachment: Attachment;
  /** Once the container was created, or was not. */
  readonly release: () => void;
}

/** The container networks of this node. */
export interface Networks {
  readonly mode: NetworkMode;
  /** Throws `GridError`: `engine-refused` for what has to be put right on the host, and what the engine's calls throw. */
  attach(scope: Scope, instance: AssignedInstance): Promise<HeldAttachment>;
  /** Somebody may have removed a network: the next attachment looks again. */
  forget(): void;
}

/** Docker derives a hardware address from the IP address; newer engines do not, and one network must have no two of one. */
export function hardwareAddress(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['02', '42', ...bytes].join(':');
}
