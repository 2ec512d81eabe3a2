import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEntries, parseLink, parseRoutes, parseWireguard } from '../../src/overlay/seen.ts';
import { parseChains } from '../../src/overlay/seen-rules.ts';
import { keyOf } from './a-map.ts';

const ignore = () => undefined;

describe('what tools print', () => {
  it('is read of a VXLAN device', () => {
    const output =
      '[{"ifindex":9,"ifname":"gridops-vx","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"mtu":1370,"master":"gridops0","operstate":"UNKNOWN","linkinfo":{"info_kind":"vxlan","info_data":{"id":81,"port_range":{"low":0,"high":0},"port":6784,"learning":true,"ageing":300},"info_slave_kind":"bridge"},"addr_info":[{"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link"}]}]';

    expect(parseLink(output, ignore)).toEqual({
      kind: 'vxlan',
      up: true,
      mtu: 1370,
      master: 'gridops0',
      addresses: [],
      vni: 81,
      port: 6784,
      learning: true,
    });
  });

  it('is read of an address, and of a device behind empty entries', () => {
    const output =
      '[{},{"ifname":"gridops-wg","flags":["POINTOPOINT","NOARP"],"mtu":1420,"linkinfo":{"info_kind":"tun"},"addr_info":[{"family":"inet","local":"10.83.0.1","prefixlen":32}]}]';

    expect(parseLink(output, ignore)).toMatchObject({
      kind: 'tun',
      up: false,
      addresses: ['10.83.0.1/32'],
    });
  });

  it('is read of forwarding entries that lead somewhere', () => {
    const output =
      '[{"mac":"46:91:b9:99:93:d4","master":"gridops0","flags":[],"state":""},{"mac":"00:00:00:00:00:00","dst":"10.83.0.2","flags":["self"],"state":"permanent"}]';

    expect(parseEntries(output, ignore)).toEqual([
      { mac: '00:00:00:00:00:00', address: '10.83.0.2' },
    ]);
  });

  it('is read of routes', () => {
    const output =
      '[{"type":"unicast","dst":"10.83.0.0/16","dev":"gridops-wg","scope":"link"},{"type":"blackhole","dst":"10.83.0.0/16","metric":4294967295}]';

    expect(parseRoutes(output, ignore)).toEqual([
      { destination: '10.83.0.0/16', device: 'gridops-wg' },
      { destination: '10.83.0.0/16', device: null },
    ]);
  });

  it('is read of WireGuard, but for its private key', () => {
    const output = [
      ['PRIVATE', keyOf(1), '6783', 'off'],
      [
        keyOf(2),
        '(none)',
        '[2001:db8::2]:6783',
        '10.83.0.2/32,10.83.0.3/32',
        '1700000000',
        '92',
        '148',
        '15',
      ],
      [keyOf(3), '(none)', '(none)', '(none)', '0', '0', '0', 'off'],
    ]
      .map((fields) => fields.join('\t'))
      .join('\n');

    const state = parseWireguard(`${output}\n`, ignore);

    expect(JSON.stringify(state)).not.toContain('PRIVATE');
    expect(state).toEqual({
      publicKey: keyOf(1),
      port: 6783,
      peers: [
        {
          publicKey: keyOf(2),
          endpoint: '[2001:db8::2]:6783',
          allowed: ['10.83.0.2/32', '10.83.0.3/32'],
          handshake: 1_700_000_000_000,
          received: 92,
          sent: 148,
          keepalive: 15,
        },
        {
          publicKey: keyOf(3),
          endpoint: null,
          allowed: [],
          handshake: null,
          received: 0,
          sent: 0,
          keepalive: 0,
        },
      ],
    });
  });

  it('is read of chains, of those without rules as well', () => {
    const output =
      '-P INPUT ACCEPT\n-N GRIDOPS-IN\n-N DOCKER-USER\n-A INPUT -j GRIDOPS-IN\n-A GRIDOPS-IN -s 10.0.0.1/32 -p udp -m udp --dport 6784 -j ACCEPT\n';

    expect([...parseChains(output)]).toEqual([
      ['INPUT', ['-j GRIDOPS-IN']],
      ['GRIDOPS-IN', ['-s 10.0.0.1/32 -p udp -m udp --dport 6784 -j ACCEPT']],
      ['DOCKER-USER', []],
    ]);
  });

  it('is not there where it cannot be read, and that is said', () => {
    const said: string[] = [];
    const note = (what: string) => said.push(what);

    expect(parseLink('[{"ifname":"gridops-wg"', note)).toBeNull();
    expect(parseWireguard('what?', note)).toBeNull();
    expect(parseWireguard(`x\t${keyOf(1)}\t6783\toff\nhalf a li`, note)?.peers).toEqual([]);
    expect(said).toEqual(['a device', 'the state of WireGuard', 'a peer of WireGuard']);
  });

  it('never makes a parser fail', () => {
    const anything = fc.oneof(fc.string(), fc.json());
    fc.assert(
      fc.property(anything, (output) => {
        parseLink(output, ignore);
        parseEntries(output, ignore);
        parseRoutes(output, ignore);
        parseWireguard(output, ignore);
        parseChains(output);
      }),
    );
  });
});
