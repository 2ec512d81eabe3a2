import type { HostState } from '../../src/agent/host-state.ts';
import { parseFilter } from '../../src/agent/packet-filter.ts';

/** A host that nothing is wrong with. */
export function aHost(overrides: Partial<HostState> = {}): HostState {
  return {
    missing: [],
    filters: [
      { variant: 'nft', table: parseFilter('*filter\n:INPUT ACCEPT [0:0]\n:DOCKER - [0:0]\n') },
    ],
    zones: [],
    synchronised: true,
    links: [
      { name: 'lo', mtu: 65_536, addresses: ['127.0.0.1'] },
      { name: 'eth0', mtu: 1_500, addresses: ['10.77.0.1'] },
      { name: 'gridops0', mtu: 1_370, addresses: ['10.81.0.1'] },
    ],
    routes: [
      { destination: '0.0.0.0/0', device: 'eth0', isDefault: true },
      { destination: '10.77.0.0/24', device: 'eth0', isDefault: false },
      { destination: '10.81.0.0/16', device: 'gridops0', isDefault: false },
      { destination: '10.83.0.0/16', device: 'gridops-wg', isDefault: false },
    ],
    hasIpv6: true,
    filtersBridges: true,
    engine: {
      version: '28.3.1',
      liveRestore: true,
      firewall: 'iptables',
      networks: [
        { name: 'bridge', subnets: ['172.17.0.0/16'], device: 'docker0', icc: true },
        { name: 'gridops-demo', subnets: ['10.81.0.0/16'], device: 'gridops0', icc: true },
      ],
    },
    ...overrides,
  };
}
