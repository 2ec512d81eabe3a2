import type { FilterTable } from './packet-filter.ts';

/** What was found on a host, as far as it could be looked at. `null` is always: not known. */
export interface HostState {
  /** Programs that the overlay needs and that are not there. */
  readonly missing: readonly string[];
  /** Those that have rules, or are the only one. */
  readonly filters: readonly PacketFilter[];
  /** Zones with devices, while firewalld runs. */
  readonly zones: readonly FirewalldZone[];
  /** Whether somebody sets the clock. */
  readonly synchronised: boolean | null;
  readonly links: readonly HostLink[];
  readonly routes: readonly HostRoute[];
  readonly hasIpv6: boolean;
  /** Frames inside of a bridge go through the packet filter, too. */
  readonly filtersBridges: boolean;
  readonly engine: EngineState | null;
}

export interface PacketFilter {
  readonly variant: 'nft' | 'legacy';
  readonly table: FilterTable;
}

export interface FirewalldZone {
  readonly name: string;
  readonly devices: readonly string[];
  /** Whatever is not named: `ACCEPT` lets it in. */
  readonly target: string;
  /** Like `6783/udp` and `6000-7000/udp`. */
  readonly ports: readonly string[];
  /** There are rules that were not understood. */
  readonly hasMore: boolean;
}

export interface HostLink {
  readonly name: string;
  readonly mtu: number;
  readonly addresses: readonly string[];
}

export interface HostRoute {
  /** IPv4, CIDR. */
  readonly destination: string;
  /** Empty: by none, packets are thrown away. */
  readonly device: string;
  readonly isDefault: boolean;
}

export interface EngineState {
  readonly version: string;
  readonly liveRestore: boolean;
  /** What makes its rules, where the engine says so. */
  readonly firewall: string | null;
  readonly networks: readonly EngineNetwork[];
}

export interface EngineNetwork {
  readonly name: string;
  /** IPv4, CIDR. */
  readonly subnets: readonly string[];
  /** Name of its device, where it is a bridge. */
  readonly device: string | null;
  /** Its containers may talk to each other. */
  readonly icc: boolean;
}
