import { describe, expect, it } from 'vitest';
import type { EngineState, FirewalldZone, HostState } from '../../src/agent/host-state.ts';
import { networkFindings } from '../../src/agent/network-findings.ts';
import type { Place } from '../../src/agent/network-place.ts';
import { parseFilter } from '../../src/agent/packet-filter.ts';
import type { NetworkNode } from '../../src/model/network.ts';
import { aNetworkMap, aNetworkNode } from '../support/a-network-map.ts';
import { aHost } from './a-host.ts';

const self = aNetworkNode('node-1', 1);
const peer = aNetworkNode('node-2', 2, { addresses: ['10.77.0.2'] });

function place(
  own: Partial<NetworkNode> = {},
  peers: readonly NetworkNode[] = [peer],
  map: Parameters<typeof aNetworkMap>[1] = {},
): Place {
  const node = { ...self, ...own };
  return { map: aNetworkMap([node, ...peers], map), self: node };
}

function look(host: Partial<HostState>, where: Place | null = place(), wentBack = 0) {
  return networkFindings({ host: aHost(host), place: where, wentBack });
}

function codes(host: Partial<HostState>, where: Place | null = place(), wentBack = 0) {
  return look(host, where, wentBack).map(({ severity, code }) => `${severity} ${code}`);
}

function filterOf(text: string, variant: 'nft' | 'legacy' = 'nft') {
  return { variant, table: parseFilter(`*filter\n${text}\n:DOCKER - [0:0]`) };
}

function engine(overrides: Partial<EngineState>): EngineState {
  return { version: '28.3.1', liveRestore: true, firewall: null, networks: [], ...overrides };
}

function zone(overrides: Partial<FirewalldZone> = {}): FirewalldZone {
  return {
    name: 'public',
    devices: ['eth0'],
    target: 'default',
    ports: [],
    hasMore: false,
    ...overrides,
  };
}

describe('on a host', () => {
  it('nothing is found where nothing is wrong, with a map and without', () => {
    expect(codes({})).toEqual([]);
    expect(codes({}, null)).toEqual([]);
  });

  it('programs are missing', () => {
    const [finding] = look({ missing: ['wg', 'bridge'] });
    expect(finding).toMatchObject({ severity: 'error', code: 'program-missing' });
    expect(finding?.hint).toContain('wireguard-tools');
  });

  it('the worst comes first', () => {
    const found = codes({
      synchronised: false,
      missing: ['wg'],
      engine: engine({ liveRestore: false }),
    });
    expect(found).toEqual([
      'error program-missing',
      'warning clock-not-synchronised',
      'info live-restore-off',
    ]);
  });
});

describe('a packet filter', () => {
  const ufw =
    ':INPUT DROP [0:0]\n:ufw-user-input - [0:0]\n-A INPUT -j ufw-user-input\n-A ufw-user-input -p tcp --dport 22 -j ACCEPT';

  it('drops our port: ufw is told how to let it in', () => {
    const [finding] = look({ filters: [filterOf(ufw)] });
    expect(finding).toMatchObject({
      severity: 'error',
      code: 'udp-port-blocked',
      hint: 'Let it in: ufw allow 6783/udp',
    });
    expect(finding?.message).toContain('eth0');
  });

  it('drops it for some peers only', () => {
    const third = aNetworkNode('node-3', 3, { addresses: ['192.0.2.3'] });
    const filter = filterOf(
      ':INPUT DROP [0:0]\n-A INPUT -s 10.77.0.0/24 -p udp --dport 6783 -j ACCEPT',
    );
    const [finding] = look({ filters: [filter] }, place({}, [peer, third]));
    expect(finding?.message).toContain('drops UDP 6783 from 192.0.2.3');
    expect(finding?.hint).toContain('iptables -I INPUT -p udp --dport 6783');
  });

  it('has to let the port for trusted peers in, too, where there are any', () => {
    const filter = filterOf(':INPUT DROP [0:0]\n-A INPUT -p udp --dport 6783 -j ACCEPT');
    expect(codes({ filters: [filter] })).toEqual([]);
    const trusted = place({}, [peer], { trustedSubnets: ['10.77.0.0/24'] });
    expect(look({ filters: [filter] }, trusted)[0]?.message).toContain('UDP 6784');
  });

  it('is there twice', () => {
    const filters = [filterOf('-A INPUT -j ACCEPT'), filterOf('-A INPUT -j ACCEPT', 'legacy')];
    expect(codes({ filters })).toEqual(['warning mixed-packet-filters']);
  });

  it('drops what goes from container to container', () => {
    const filter = filterOf(':FORWARD DROP [0:0]\n-A FORWARD -i docker0 -o docker0 -j ACCEPT');
    expect(codes({ filters: [filter] })).toEqual(['error bridge-traffic-dropped']);
    expect(codes({ filters: [filter], filtersBridges: false })).toEqual([]);
    const open = filterOf(':FORWARD DROP [0:0]\n-A FORWARD -i gridops0 -o gridops0 -j ACCEPT');
    expect(codes({ filters: [open] })).toEqual([]);
  });
});

describe('firewalld', () => {
  it('keeps our port closed in the zone that peers come in by', () => {
    const [finding] = look({ zones: [zone(), zone({ name: 'docker', devices: ['docker0'] })] });
    expect(finding).toMatchObject({ severity: 'error', code: 'udp-port-blocked' });
    expect(finding?.hint).toContain('--zone=public --add-port=6783/udp');
  });

  it.each([
    ['opened', { ports: ['6783/udp'] }],
    ['in an open range', { ports: ['80/tcp', '6000-7000/udp'] }],
    ['in a zone that accepts all', { target: 'ACCEPT' }],
    ['perhaps in a rule that is not understood', { hasMore: true }],
  ])('is fine where it is %s', (_how, overrides) => {
    expect(codes({ zones: [zone(overrides)] })).toEqual([]);
  });
});

describe('the clock', () => {
  it('is not kept right', () => {
    expect(codes({ synchronised: false })).toEqual(['warning clock-not-synchronised']);
    expect(codes({ synchronised: null })).toEqual([]);
  });

  it('went back, which WireGuard does not forgive', () => {
    expect(codes({}, place(), 90_000)).toEqual(['error clock-went-back']);
    expect(codes({}, place(), 500)).toEqual([]);
  });
});

describe('the MTU of the underlay', () => {
  function withMtu(mtu: number) {
    return look({ links: [{ name: 'eth0', mtu, addresses: ['10.77.0.1'] }] });
  }

  it('is large enough', () => {
    expect(withMtu(1_500)).toEqual([]);
  });

  it('is enough by IPv4 only, or not at all', () => {
    expect(withMtu(1_490)[0]?.message).toContain('not by IPv6');
    const [finding] = withMtu(1_400);
    expect(finding).toMatchObject({ severity: 'warning', code: 'underlay-mtu' });
    expect(finding?.hint).toContain('mtu: 1270');
  });
});

describe('the subnets of the grid', () => {
  it('overlap with a Docker network', () => {
    const networks = [
      { name: 'shop_default', subnets: ['10.81.4.0/24'], device: 'br-1', icc: true },
    ];
    const [finding] = look({ engine: engine({ networks }) });
    expect(finding).toMatchObject({ severity: 'error', code: 'subnet-overlap' });
    expect(finding?.hint).toContain('docker network rm shop_default');
  });

  it('overlap with a route into them; a wider one is only worth a note', () => {
    const inside = { destination: '10.83.7.0/24', device: 'tun0', isDefault: false };
    expect(codes({ routes: [inside] })).toEqual(['error subnet-overlap']);
    const around = { destination: '10.0.0.0/8', device: 'tun0', isDefault: false };
    expect(codes({ routes: [around] })).toEqual(['info subnet-overlap', 'info subnet-overlap']);
  });
});

describe('the engine', () => {
  it.each([
    ['25.0.0', ['warning engine-duplicate-macs']],
    ['25.0.1+dfsg1', ['warning engine-duplicate-macs']],
    ['25.0.2', []],
    ['28.0.0', ['warning engine-needs-ipset']],
    ['28.0.1', []],
    ['20.10.24+dfsg1', []],
    ['dev', []],
  ])('%s has the faults that are known of it', (version, expected) => {
    expect(codes({ engine: engine({ version }) })).toEqual(expected);
  });

  it('does not answer', () => {
    expect(codes({ engine: null })).toEqual(['error engine-silent']);
  });

  it('keeps containers of a grid apart; of the default bridge it does not matter', () => {
    const closed = (name: string) => [{ name, subnets: [], device: 'x', icc: false }];
    expect(codes({ engine: engine({ networks: closed('gridops-demo') }) })).toEqual([
      'error icc-off',
    ]);
    expect(codes({ engine: engine({ networks: closed('bridge') }) })).toEqual([]);
  });

  it('makes no rules, where it would make them with iptables', () => {
    const filters = [
      { variant: 'nft', table: parseFilter('*filter\n:INPUT ACCEPT [0:0]') },
    ] as const;
    expect(codes({ filters })).toEqual(['warning engine-without-rules']);
    expect(codes({ filters, engine: engine({ firewall: 'nftables' }) })).toEqual([]);
    expect(codes({ filters: [] })).toEqual([]);
  });
});

describe('addresses', () => {
  it('are of IPv6 only at a peer, and this host has it switched off', () => {
    const six = aNetworkNode('node-6', 6, { addresses: ['2001:db8::6'] });
    const [finding] = look({ hasIpv6: false }, place({}, [peer, six]));
    expect(finding).toMatchObject({ severity: 'error', code: 'ipv6-disabled' });
    expect(finding?.message).toContain('node-6 can');
    expect(codes({ hasIpv6: false })).toEqual([]);
  });

  it('are hidden behind NAT: alone that is fine', () => {
    const [finding] = look({}, place({ seenFrom: '203.0.113.9' }));
    expect(finding).toMatchObject({ severity: 'info', code: 'behind-nat' });
    expect(finding?.hint).toContain('forward UDP 6783 at 203.0.113.9 to 10.77.0.1');
  });

  it('of two nodes are hidden: with a third one it is a detour, without it there is no way', () => {
    const hidden = aNetworkNode('node-2', 2, {
      addresses: ['192.168.1.2'],
      seenFrom: '198.51.100.7',
    });
    const open = aNetworkNode('node-3', 3, { addresses: ['203.0.113.3'], seenFrom: '203.0.113.3' });
    const own = { seenFrom: '203.0.113.9' };
    expect(codes({}, place(own, [hidden, open]))).toEqual(['info behind-nat']);
    expect(codes({}, place(own, [hidden]))).toEqual(['error behind-nat']);
    expect(codes({}, place({ ...own, publicAddress: '203.0.113.9' }, [hidden]))).toEqual([]);
  });

  it('in private networks tell nothing of NAT', () => {
    expect(codes({}, place({ seenFrom: '172.17.0.1' }))).toEqual([]);
  });
});
