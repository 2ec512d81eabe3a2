import type { NetworkFacts, NetworkMap } from '../model/network.ts';
import type { Networks } from './attachment.ts';
import type { Engine } from './containers.ts';
import type { NetworkObserver } from './network-observer.ts';
import { type Publisher, silentPublisher } from './publisher.ts';

/** This node's part in its grid's network. */
export interface GridNetwork {
  /** How containers are connected. */
  readonly networks: Networks;
  /** How others learn of them. */
  readonly publisher: Publisher;
  /** What gets at images, also of registries in the grid. */
  readonly engine: Engine;
  /** What the master is told; looked at anew each time. */
  facts(): Promise<NetworkFacts>;
  /** Goes by a map from now on. The caller has made sure that it is genuine, of this grid and newer than the last. */
  apply(map: NetworkMap, node: string): void;
  /** Everything that runs was looked at and published: from here on others can be told. */
  begin(): void;
  /** Looks at it for the master; absent where there is nothing to tell. */
  readonly observer?: NetworkObserver;
  /** The node's network goes on working; only the agent's part in it ends. */
  stop(): Promise<void>;
}

/** A network that the engine makes by itself, or none. */
export function plainNetwork(networks: Networks, facts: NetworkFacts, engine: Engine): GridNetwork {
  return {
    engine,
    networks,
    publisher: silentPublisher,
    facts: () => Promise.resolve(facts),
    apply: () => undefined,
    begin: () => undefined,
    stop: () => Promise.resolve(),
  };
}
