import type { NetworkMap } from '../model/network.ts';
import type { NetworkReport } from '../model/network-report.ts';
import type { NetworkStatus } from '../protocol/network-api.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Fleet } from './fleet.ts';
import { type NetworkEvent, NetworkReports } from './network-reports.ts';
import { networkStatus } from './network-view.ts';
import type { NodeEvent } from './node-event.ts';

export interface NetworkWatchOptions {
  readonly fleet: Fleet;
  /** The newest map of a grid; `null` without one. */
  readonly map: (grid: string) => NetworkMap | null;
  readonly clock: Clock;
  readonly onEvent: (event: NodeEvent) => void;
}

/** What nodes say of the networks of all grids: kept for whoever asks, and made into history. Nothing is decided by it. */
export class NetworkWatch {
  readonly #options: NetworkWatchOptions;
  readonly #grids = new Map<string, NetworkReports>();

  constructor(options: NetworkWatchOptions) {
    this.#options = options;
  }

  async take(from: {
    readonly grid: string;
    readonly node: string;
    readonly report: NetworkReport;
  }): Promise<void> {
    const { grid, node, report } = from;
    const { fleet, clock } = this.#options;
    const map = this.#options.map(grid);
    const online = new Set(fleet.nodes(grid).flatMap((one) => (one.online ? [one.name] : [])));
    const events = this.#of(grid).take(node, report, { map, online, now: clock.now() });
    for (const event of events) this.#tell(grid, node, event);
  }

  /** A node is gone for good. */
  removed(grid: string, node: string): void {
    this.#grids.get(grid)?.remove(node);
  }

  async status(grid: string): Promise<NetworkStatus> {
    const { fleet, clock } = this.#options;
    const map = this.#options.map(grid);
    const reports = this.#of(grid);
    const nodes = fleet.nodes(grid);
    return networkStatus({
      grid,
      now: clock.now(),
      map,
      nodes,
      reportOf: (node) => reports.of(node),
    });
  }

  #of(grid: string): NetworkReports {
    const reports = this.#grids.get(grid) ?? new NetworkReports();
    this.#grids.set(grid, reports);
    return reports;
  }

  #tell(grid: string, node: string, event: NetworkEvent): void {
    this.#options.onEvent({ grid, node, at: this.#options.clock.now(), path: '', ...event });
  }
}
