import { Resolver } from 'node:dns/promises';
import { Discovery, type DiscoveryPeer } from '../../src/discovery/discovery.ts';
import { type Clock, monotonicClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { testPort } from './name-server.ts';

export interface TestGridOptions {
  /** Second part of 127.x.0.0/16: one for each file, which may run side by side. */
  readonly net: number;
  readonly clock?: Clock;
  readonly resolvConf?: string;
  readonly socket?: string;
}

/** Nodes of a grid as Discovery objects of this process, at loopback addresses. */
export class TestGrid {
  readonly #options: TestGridOptions;
  readonly #nodes = new Map<number, Discovery>();

  constructor(options: TestGridOptions) {
    this.#options = options;
  }

  /** A container's address; pool 0 is node 1's. */
  address(node: number, last: number): string {
    const at = (node - 1) * 128 + last;
    return `127.${this.#options.net}.${128 + Math.floor(at / 256)}.${at % 256}`;
  }

  nodeAddress(node: number): string {
    return `127.${this.#options.net}.0.${node}`;
  }

  peer(number: number): DiscoveryPeer {
    const address = this.nodeAddress(number);
    return { number, name: `node-${number}`, address, pools: [number - 1] };
  }

  /** Knows of these nodes, itself among them. */
  start(number: number, all: readonly number[]): Discovery {
    const { net, clock = monotonicClock, resolvConf = '/nonexistent', socket } = this.#options;
    const discovery = new Discovery({
      grid: { name: 'demo', subnet: `127.${net}.0.0/16`, tunnelSubnet: '127.99.0.0/16' },
      node: { number, name: `node-${number}` },
      clock,
      log: silentLog,
      random: () => 0.5,
      resolvConf,
      ...(socket === undefined ? {} : { socket }),
      ports: { dns: testPort, zone: testPort + 1, upstream: testPort },
    });
    this.#nodes.set(number, discovery);
    discovery.start();
    discovery.peers(all.map((one) => this.peer(one)));
    return discovery;
  }

  async stop(...numbers: readonly number[]): Promise<void> {
    const wanted = numbers.length === 0 ? [...this.#nodes.keys()] : numbers;
    for (const number of wanted) {
      await this.#nodes.get(number)?.stop();
      this.#nodes.delete(number);
    }
  }

  /** Asks a node's DNS from a container's address. */
  resolver(node: number, from: string): Resolver {
    const resolver = new Resolver({ timeout: 3_000, tries: 1 });
    resolver.setServers([`${this.nodeAddress(node)}:${testPort}`]);
    resolver.setLocalAddress(from);
    return resolver;
  }
}
