import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addressNumber,
  addressText,
  guestSubnet,
  isInSubnet,
  nodeAddress,
  overlaps,
  parseSubnet,
  poolAt,
  poolCount,
  poolSize,
  subnetSize,
  subnetText,
} from '../../src/model/subnet.ts';

const anySubnet = fc
  .tuple(fc.integer({ min: 8, max: 24 }), fc.nat(0xffffffff))
  .map(([length, bits]) => ({ base: bits - (bits % 2 ** (32 - length)), length }));

describe('a grid’s subnet', () => {
  test('has Kontena’s layout where it is Kontena’s', () => {
    const subnet = parseSubnet('10.81.0.0/16');
    expect(nodeAddress(subnet, 3)).toBe('10.81.0.3');
    expect(subnetText(poolAt(subnet, 0))).toBe('10.81.128.0/25');
    expect(subnetText(poolAt(subnet, 255))).toBe('10.81.255.128/25');
    expect(poolCount(subnet)).toBe(256);
    expect(subnetText(guestSubnet(subnet))).toBe('10.81.64.0/18');
  });

  test('has room for several nodes also where it is small', () => {
    const subnet = parseSubnet('192.168.7.0/24');
    expect(poolSize(subnet)).toBe(16);
    expect(poolCount(subnet)).toBe(8);
  });

  test('keeps nodes, guests and the pools of containers apart, and all of them inside', () => {
    fc.assert(
      fc.property(anySubnet, fc.nat(), (subnet, pick) => {
        const count = poolCount(subnet);
        const index = pick % count;
        const pool = poolAt(subnet, index);
        const guests = guestSubnet(subnet);
        expect(overlaps(pool, subnet)).toBe(true);
        expect(overlaps(pool, guests)).toBe(false);
        expect(pool.base + subnetSize(pool)).toBeLessThanOrEqual(subnet.base + subnetSize(subnet));
        if (index > 0) expect(overlaps(pool, poolAt(subnet, index - 1))).toBe(false);
        const node = nodeAddress(subnet, index);
        expect(isInSubnet(node, subnet)).toBe(true);
        expect(isInSubnet(node, pool)).toBe(false);
        expect(isInSubnet(node, guests)).toBe(false);
      }),
    );
  });

  test('is written as it is read', () => {
    fc.assert(
      fc.property(anySubnet, (subnet) => {
        expect(parseSubnet(subnetText(subnet))).toEqual(subnet);
        expect(addressNumber(addressText(subnet.base))).toBe(subnet.base);
      }),
    );
  });

  test('takes nothing but an address and a length', () => {
    for (const text of ['', '10.81.0.0', '10.81.0/16', '300.1.1.1/8', 'a.b.c.d/8', '10.0.0.0/x'])
      expect(() => parseSubnet(text)).toThrow('not a subnet');
    expect(addressNumber('10.0.0.')).toBeNull();
  });
});
