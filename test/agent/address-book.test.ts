import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseAddress, engineRange } from '../../src/agent/address-book.ts';
import { isInSubnet, parseSubnet, poolAt, subnetText } from '../../src/model/subnet.ts';

const subnet = parseSubnet('10.81.0.0/16');
const node = { pools: [3] };

describe('the addresses of a node', () => {
  it('are of its pools, and never one that the engine may pick by itself', () => {
    const pools = fc.uniqueArray(fc.nat(255), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(pools, fc.nat(), (own, preference) => {
        const address = chooseAddress({
          subnet,
          node: { pools: own },
          taken: new Set(),
          preference,
        });
        expect(own.some((pool) => isInSubnet(address ?? '', poolAt(subnet, pool)))).toBe(true);
        expect(isInSubnet(address ?? '', engineRange(subnet, { pools: own }))).toBe(false);
      }),
    );
  });

  it('are all given away before there are none left, each once', () => {
    for (const [text, pools, room] of [
      ['10.81.0.0/16', [3, 250], 112 + 128],
      ['10.81.0.0/24', [1], 14],
    ] as const) {
      const wish = { subnet: parseSubnet(text), node: { pools }, preference: 12_345 };
      const taken = new Set<string>();
      for (let address = chooseAddress({ ...wish, taken }); address !== null; ) {
        expect(taken.has(address)).toBe(false);
        taken.add(address);
        address = chooseAddress({ ...wish, taken });
      }
      const unliked = [...Array(room).keys()].length - taken.size;
      expect(unliked).toBeGreaterThanOrEqual(0);
      expect(unliked).toBeLessThanOrEqual(2);
    }
  });

  it('come back to an instance whose container is made again', () => {
    const first = chooseAddress({ subnet, node, taken: new Set(), preference: 77 });
    const other = chooseAddress({ subnet, node, taken: new Set([first ?? '']), preference: 77 });
    expect(other).not.toBe(first);
    expect(chooseAddress({ subnet, node, taken: new Set([other ?? '']), preference: 77 })).toBe(
      first,
    );
  });

  it('leave the engine the end of the first pool', () => {
    expect(subnetText(engineRange(subnet, node))).toBe('10.81.129.240/28');
  });
});
