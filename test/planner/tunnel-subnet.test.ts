import { expect, test } from 'vitest';
import { overlaps, parseSubnet } from '../../src/model/subnet.ts';
import { freeTunnelSubnet } from '../../src/planner/tunnel-subnet.ts';

test.each([
  [['10.81.0.0/16'], [], '10.83.0.0/16'],
  [['10.80.0.0/12'], [], '10.96.0.0/16'],
  [['10.81.0.0/16'], ['10.83.0.7', 'fd00::7', 'node-1.example.com'], '10.84.0.0/16'],
  [['10.83.0.0/24', '10.84.0.0/16', '10.85.128.0/17'], [], '10.86.0.0/16'],
  [['10.81.0.0/16', '10.0.0.0/8'], [], '172.16.0.0/16'],
  [['10.0.0.0/8', '172.16.0.0/12'], [], '100.64.0.0/16'],
])('beside %j and %j the tunnels have %s', (networks, hosts, expected) => {
  const found = freeTunnelSubnet(networks, hosts);

  expect(found).toBe(expected);
  for (const network of networks)
    expect(overlaps(parseSubnet(network), parseSubnet(found))).toBe(false);
});

test('where everything is trusted there is still one', () => {
  expect(freeTunnelSubnet(['0.0.0.0/0'], [])).toBe('10.83.0.0/16');
});
