import { describe, expect, it } from 'vitest';
import { type FactsInput, networkFacts, ownAddresses } from '../../src/overlay/facts.ts';
import { type HostTraits, obstacleOf } from '../../src/overlay/obstacle.ts';
import { keyOf } from './a-map.ts';

function on(address: string, internal = false) {
  const family = address.includes(':') ? ('IPv6' as const) : ('IPv4' as const);
  const common = { address, netmask: '', mac: '', internal, cidr: null };
  return family === 'IPv6' ? { ...common, family, scopeid: 0 } : { ...common, family };
}

const input: FactsInput = {
  mode: 'overlay',
  obstacle: null,
  publicKey: keyOf(1),
  port: 6783,
  publicAddress: null,
  privateAddress: null,
  region: null,
  interfaces: { eth0: [on('10.0.0.1')] },
};

describe('addresses of a host', () => {
  it('are those that others may know, private ones first', () => {
    const interfaces = {
      lo: [on('127.0.0.1', true)],
      docker0: [on('172.17.0.1')],
      'br-0123456789ab': [on('172.18.0.1')],
      gridops0: [on('10.81.0.1')],
      'gridops-wg': [on('10.83.0.1')],
      veth12: [on('10.9.9.9')],
      eth1: [on('198.51.100.1'), on('2001:db8::1'), on('fe80::1'), on('fd00::1')],
      eth0: [on('10.0.0.1'), on('169.254.3.4')],
      br0: [on('192.168.0.1')],
    };

    expect(ownAddresses(interfaces)).toEqual([
      '192.168.0.1',
      '10.0.0.1',
      '198.51.100.1',
      '2001:db8::1',
      'fd00::1',
    ]);
  });
});

describe('facts of a network', () => {
  it('have the address first that a person named', () => {
    const facts = networkFacts({ ...input, privateAddress: '10.5.5.5' });

    expect(facts.addresses).toEqual(['10.5.5.5', '10.0.0.1']);
    expect(facts).toMatchObject({ mode: 'overlay', publicKey: keyOf(1) });
    expect(facts).not.toHaveProperty('reason');
  });

  it('say why there is no overlay, and have a network for the host alone', () => {
    expect(networkFacts({ ...input, obstacle: 'no tools' })).toMatchObject({
      mode: 'bridge',
      reason: 'no tools',
      publicKey: null,
    });
  });

  it('give no reasons where no overlay was asked for', () => {
    const facts = networkFacts({ ...input, mode: 'none', obstacle: 'no tools' });

    expect(facts).toMatchObject({ mode: 'none', publicKey: null });
    expect(facts).not.toHaveProperty('reason');
  });
});

describe('an obstacle', () => {
  const able: HostTraits = {
    platform: 'linux',
    userId: 0,
    capabilities: 0x1fffffffffn,
    hasTun: true,
    kernelHasWireguard: false,
    missing: [],
    engine: { operatingSystem: 'Debian GNU/Linux 12', rootless: false },
  };

  it('is not there where root has the tools and a way to WireGuard', () => {
    expect(obstacleOf(able)).toBeNull();
    expect(obstacleOf({ ...able, hasTun: false, kernelHasWireguard: true })).toBeNull();
  });

  it.each([
    ['Linux', { platform: 'darwin' }],
    ['Docker Desktop', { engine: { operatingSystem: 'Docker Desktop', rootless: false } }],
    ['rootless', { engine: { operatingSystem: 'Debian', rootless: true } }],
    ['wg, bridge', { missing: ['wg', 'bridge'] }],
    ['user 1000', { userId: 1000 }],
    ['NET_ADMIN', { capabilities: 0x1n }],
    ['/dev/net/tun', { hasTun: false }],
  ] as const)('is one sentence about %s, with what to do', (word, traits) => {
    const sentence = obstacleOf({ ...able, ...traits });

    expect(sentence).toContain(word);
    expect(sentence).toContain(': ');
    expect(sentence).not.toContain('\n');
  });
});
