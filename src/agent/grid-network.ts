import type { NetworkFacts, NetworkMap } from '../model/network.ts';
import { type Answering, LocalAnswering } from './answering.ts';
import type { Networks } from './attachment.ts';
import type { Engine } from './containers.ts';
import type { NetworkObserver } from './network-observer.ts';
import type { Publisher } from './publisher.ts';

/** This node's part in its grid's network. */
export interface GridNetwork {
  /** How containers are connected. */
  readonly networks: Networks;
  /** How others learn of them. */
  readonly publisher: Publisher;
  /** Who answers in it. */
  readonly answering: Answering;
  /** What gets at images, also of registries in the grid. */
  readonly engine: Engine;
  /** What the master is told; looked at anew each time. */
  facts(): Promise<NetworkFacts>;
  /** Goes by a map from now on. The caller has made sure that it is genuine, of this grid and newer than the last. */
  apply(map: NetworkMap, node: string): void;
  /**
   * Everything that runs was looked at and published: from here on others can be told. `settled` resolves, in bounded time, when
   * those on this node who follow the names have caught up with them; peers hear of nothing as done before that.
   */
  begin(settled: () => Promise<void>): void;
  /** Looks at it for the master; absent where there is nothing to tell. */
  readonly observer?: NetworkObserver;
  /** The node's network goes on working; only the agent's part in it ends. */
  stop(): Promise<void>;
}

/** A network that the engine makes by itself, or none. */
export function plainNetwork(networks: Networks, facts: NetworkFacts, engine: Engine): GridNetwork {
  const answering = new LocalAnswering();
  let follow: (() => Promise<void>) | null = null;
  return {
    networks,
    answering,
    engine,
    publisher: {
      publish: (path, publication) => answering.publish(path, publication),
      settled: async () => await follow?.(),
    },
    facts: () => Promise.resolve(facts),
    apply: () => undefined,
    begin: (settled) => {
      follow = settled;
      answering.begin();
    },
    stop: () => Promise.resolve(),
  };
}
