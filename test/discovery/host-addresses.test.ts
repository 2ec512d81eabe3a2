import { expect, it } from 'vitest';
import { isHost, localAddresses } from '../../src/discovery/host-addresses.ts';

const ROUTES = `Main:
  +-- 0.0.0.0/0 3 0 4
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.76.1.0/24 2 0 2
        |-- 10.76.1.0
           /24 link UNICAST
        |-- 10.76.1.3
           /32 host LOCAL
        |-- 10.76.1.255
           /32 link BROADCAST
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
`;

it('knows the addresses of the host by the kernel’s routes', () => {
  expect([...localAddresses(ROUTES)]).toEqual(['10.76.1.3', '127.0.0.1']);
});

it.runIf(process.platform === 'linux')('knows those of this host', () => {
  expect(isHost('127.0.0.1')).toBe(true);
  expect(isHost('192.0.2.77')).toBe(false);
});
