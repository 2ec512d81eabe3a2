import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trustedAddress, trustedSources } from '../../src/overlay/trust.ts';
import { aNetworkMap } from '../support/a-network-map.ts';
import { aNode } from './a-map.ts';

const map = aNetworkMap([], { trustedSubnets: ['10.1.0.0/16', '10.2.0.0/16'] });

describe('trust', () => {
  it('is for a pair with addresses in one trusted subnet', () => {
    const self = aNode(1, { addresses: ['192.168.0.1', '10.2.0.1'] });

    expect(trustedAddress(map, self, aNode(2, { addresses: ['10.2.3.4'] }))).toBe('10.2.3.4');
    expect(trustedAddress(map, self, aNode(2, { addresses: ['10.1.3.4'] }))).toBeNull();
    expect(trustedAddress(map, self, aNode(2, { addresses: ['192.168.0.2'] }))).toBeNull();
  });

  it('is not for IPv6, nor for an address that both have', () => {
    const self = aNode(1, { addresses: ['10.1.0.1', '2001:db8::1'] });

    expect(trustedAddress(map, self, aNode(2, { addresses: ['2001:db8::2'] }))).toBeNull();
    expect(trustedAddress(map, self, aNode(2, { addresses: ['10.1.0.1'] }))).toBeNull();
  });

  it('takes frames from all addresses of the peer that are trusted, and no others', () => {
    const self = aNode(1, { addresses: ['10.1.0.1'] });
    const peer = aNode(2, { addresses: ['10.1.0.2', '10.2.0.2', '192.168.0.2'] });

    expect(trustedSources(map, self, peer)).toEqual(['10.1.0.2', '10.2.0.2']);
  });

  it('is mutual', () => {
    const addresses = fc.array(
      fc.constantFrom('10.1.0.1', '10.1.0.2', '10.2.0.1', '10.2.0.2', '10.3.0.1', '2001:db8::1'),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(addresses, addresses, (a, b) => {
        const there = trustedAddress(map, { addresses: a }, { addresses: b });
        const back = trustedAddress(map, { addresses: b }, { addresses: a });
        expect(there === null).toBe(back === null);
      }),
    );
  });
});
