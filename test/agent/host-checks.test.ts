import { describe, expect, it } from 'vitest';
import { lookAtHost, parseZones } from '../../src/agent/host-checks.ts';
import { type HostPrograms, hostPrograms } from '../../src/agent/host-programs.ts';

/** Programs by their command line, files by their path; whatever is not here is not there. */
function aWorld(
  outputs: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): HostPrograms {
  return {
    run: async (program, args) => {
      const output = outputs[[program, ...args].join(' ')];
      const missing = !Object.keys(outputs).some((line) => line.split(' ')[0] === program);
      return { ok: output !== undefined, missing, output: output ?? '' };
    },
    read: async (file) => files[file] ?? null,
  };
}

const noEngine = () => Promise.reject(new Error('not there'));

describe('a look at a host', () => {
  it('finds nothing where nothing answers, and does not fail', async () => {
    expect(await lookAtHost(aWorld({}), noEngine)).toEqual({
      missing: ['ip', 'bridge', 'wg', 'iptables', 'iptables-restore'],
      filters: [],
      zones: [],
      synchronised: null,
      links: [],
      routes: [],
      hasIpv6: false,
      filtersBridges: false,
      engine: null,
    });
  });

  it('reads devices and routes as ip prints them', async () => {
    const links = [
      { ifname: 'eth0', mtu: 1400, addr_info: [{ local: '10.0.0.5' }, { local: 'fe80::1' }] },
      null,
      7,
    ];
    const routes = [
      { dst: 'default', dev: 'eth0' },
      { dst: '10.0.0.1', dev: 'eth0' },
      // The overlay's own, as it stands behind the one by its device.
      { type: 'blackhole', dst: '10.83.0.0/16', protocol: '183', metric: 4_278_198_272 },
      { type: 'blackhole', dst: '10.9.0.0/16' },
    ];
    const world = aWorld({
      'ip -j addr show': JSON.stringify(links),
      'ip -j -4 route show': JSON.stringify(routes),
    });
    const host = await lookAtHost(world, noEngine);
    expect(host.links).toEqual([{ name: 'eth0', mtu: 1400, addresses: ['10.0.0.5', 'fe80::1'] }]);
    expect(host.routes).toEqual([
      { destination: '0.0.0.0/0', device: 'eth0', isDefault: true },
      { destination: '10.0.0.1/32', device: 'eth0', isDefault: false },
      { destination: '10.9.0.0/16', device: '', isDefault: false },
    ]);
  });

  it('finds both packet filters where both have rules, and the old one only where it is loaded', async () => {
    const rules = '*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n';
    const outputs = {
      'iptables-nft-save -t filter': rules,
      'iptables-legacy-save -t filter': rules,
    };
    const loaded = aWorld(outputs, { '/proc/net/ip_tables_names': 'nat\nfilter\n' });
    const both = await lookAtHost(loaded, noEngine);
    expect(both.filters.map(({ variant }) => variant)).toEqual(['nft', 'legacy']);
    const one = await lookAtHost(aWorld(outputs), noEngine);
    expect(one.filters.map(({ variant }) => variant)).toEqual(['nft']);
  });

  it.each([
    [{ 'timedatectl show -p NTPSynchronized --value': 'no\n' }, false],
    [{ 'timedatectl show -p NTPSynchronized --value': 'yes\n' }, true],
    [{ 'chronyc tracking': 'Leap status     : Not synchronised\n' }, false],
    [{ 'chronyc tracking': 'Leap status     : Normal\n' }, true],
    [{ 'busybox adjtimex': '    mode:         0\n    status:       64 (UNSYNC)\n' }, false],
    [{ 'busybox adjtimex': '    status:       8193 (PLL|NANO)\n' }, true],
    [{}, null],
  ])('learns from %o whether the clock is kept right', async (outputs, expected) => {
    expect((await lookAtHost(aWorld(outputs), noEngine)).synchronised).toBe(expected);
  });

  it('reads the zones of firewalld', () => {
    const text = [
      'docker (active)',
      '  target: ACCEPT',
      '  interfaces: docker0 br-1',
      '  ports: ',
      '',
      'public (default, active)',
      '  target: default',
      '  icmp-block-inversion: no',
      '  interfaces: eth0',
      '  services: dhcpv6-client ssh',
      '  ports: 6783/udp 80/tcp',
      '  rich rules: ',
      '',
      'home',
      '  target: default',
      '  interfaces: ',
      '  services: tor-socks',
      '  rich rules: ',
      '\trule family="ipv4" accept',
    ].join('\n');
    expect(parseZones(text)).toEqual([
      { name: 'docker', devices: ['docker0', 'br-1'], target: 'ACCEPT', ports: [], hasMore: false },
      {
        name: 'public',
        devices: ['eth0'],
        target: 'default',
        ports: ['6783/udp', '80/tcp'],
        hasMore: false,
      },
      { name: 'home', devices: [], target: 'default', ports: [], hasMore: true },
    ]);
  });
});

describe('programs of this host', () => {
  it('are run without a shell, and say whether they are there', async () => {
    expect(await hostPrograms.run('echo', ['$HOME', ';'])).toEqual({
      ok: true,
      missing: false,
      output: '$HOME ;\n',
    });
    expect(await hostPrograms.run('false', [])).toMatchObject({ ok: false, missing: false });
    expect(await hostPrograms.run('no-such-program-here', [])).toMatchObject({ missing: true });
    expect(await hostPrograms.read('/nonexistent')).toBe(null);
  });
});
