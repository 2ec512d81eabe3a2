import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Attempt, candidates, nextTurn } from '../../src/overlay/endpoints.ts';
import { aNetworkMap } from '../support/a-network-map.ts';
import { aNode } from './a-map.ts';

const map = aNetworkMap([]);
const self = aNode(1, { region: 'eu', addresses: ['10.0.0.1', '2001:db8::1'] });
const peer = {
  publicAddress: '198.51.100.2',
  addresses: ['10.0.0.2'],
  seenFrom: '203.0.113.2',
};
const noNames = () => [];

describe('candidates', () => {
  it('are private addresses first in one region', () => {
    const near = aNode(2, { ...peer, region: 'eu' });

    expect(candidates(map, self, near, noNames)).toEqual([
      '10.0.0.2:6783',
      '198.51.100.2:6783',
      '203.0.113.2:6783',
    ]);
  });

  it('are public addresses first from elsewhere, an open one of its own before what was seen', () => {
    const far = aNode(2, { ...peer, addresses: ['10.0.0.2', '192.0.2.2'], region: 'us' });

    expect(candidates(map, self, far, noNames)).toEqual([
      '198.51.100.2:6783',
      '192.0.2.2:6783',
      '203.0.113.2:6783',
      '10.0.0.2:6783',
    ]);
  });

  it('have IPv6 in brackets and in one spelling, and IPv4 inside of it as IPv4', () => {
    const six = aNode(2, {
      addresses: ['2001:DB8:0:0::2', '2001:db8::2'],
      seenFrom: '::ffff:203.0.113.2',
      port: 7000,
    });

    expect(candidates(map, self, six, noNames)).toEqual(['[2001:db8::2]:7000', '203.0.113.2:7000']);
  });

  it('put IPv6 last on a host that has none', () => {
    const both = aNode(2, { addresses: ['2001:db8::2', '10.0.0.2'] });

    expect(candidates(map, aNode(1), both, noNames)).toEqual([
      '10.0.0.2:6783',
      '[2001:db8::2]:6783',
    ]);
  });

  it('have what is known of a host name', () => {
    const named = aNode(2, { addresses: [], publicAddress: 'node-2.example.com' });

    expect(candidates(map, self, named, noNames)).toEqual([]);
    expect(candidates(map, self, named, () => ['198.51.100.7'])).toEqual(['198.51.100.7:6783']);
  });

  it('never lead to this host, into the overlay, or to what is only valid on one link', () => {
    const odd = aNode(2, {
      addresses: [
        '10.0.0.1',
        '127.0.0.1',
        '::1',
        'fe80::1',
        '169.254.1.1',
        '10.81.0.2',
        '10.83.0.2',
      ],
    });

    expect(candidates(map, self, odd, noNames)).toEqual([]);
  });
});

const known = ['a:1', 'b:1', 'c:1'];

describe('the next turn', () => {
  it('leaves a peer alone that is heard, wherever it is', () => {
    fc.assert(
      fc.property(fc.constantFrom('a:1', 'x:9', null), fc.nat(), (endpoint, now) => {
        expect(nextTurn(null, { endpoint, isHeard: true, isAbsent: false }, known, now)).toEqual({
          attempt: null,
          endpoint: null,
        });
      }),
    );
  });

  it('starts with the likeliest', () => {
    expect(
      nextTurn(null, { endpoint: null, isHeard: false, isAbsent: false }, known, 5).endpoint,
    ).toBe('a:1');
  });

  it('gives an endpoint that is set its time before it takes the next', () => {
    const first = nextTurn(null, { endpoint: 'b:1', isHeard: false, isAbsent: false }, known, 0);
    // Said again, in case that the way there is another one now.
    expect(first.endpoint).toBe('b:1');

    const later = { endpoint: 'b:1', isHeard: false, isAbsent: false };
    expect(nextTurn(first.attempt, later, known, 5_999).endpoint).toBeNull();
    expect(nextTurn(first.attempt, later, known, 6_000).endpoint).toBe('c:1');
  });

  it('goes on where the device did not take an endpoint', () => {
    const attempt: Attempt = { endpoint: 'a:1', since: 0, turns: 0, known };

    expect(
      nextTurn(attempt, { endpoint: null, isHeard: false, isAbsent: false }, known, 1).endpoint,
    ).toBe('b:1');
  });

  it('sets the same endpoint again on a device that was made again', () => {
    const attempt: Attempt = { endpoint: 'a:1', since: 0, turns: 0, known };
    const absent = { endpoint: null, isHeard: false, isAbsent: true };

    expect(nextTurn(attempt, absent, known, 1).endpoint).toBe('a:1');
    expect(nextTurn(attempt, absent, known, 6_000).endpoint).toBe('b:1');
  });

  it('tries every candidate again and again, with pauses that grow up to a minute', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 6 }), (size) => {
        const all = Array.from({ length: size }, (_, index) => `${index}:1`);
        const tried: { endpoint: string; at: number }[] = [];
        let attempt: Attempt | null = null;
        let endpoint: string | null = null;
        for (let now = 0; now < 3_600_000; now += 3_000) {
          const turn = nextTurn(attempt, { endpoint, isHeard: false, isAbsent: false }, all, now);
          ({ attempt } = turn);
          if (turn.endpoint === null) continue;
          ({ endpoint } = turn);
          tried.push({ endpoint: turn.endpoint, at: now });
        }
        const pauses = tried.slice(1).map(({ at }, index) => at - (tried[index]?.at ?? 0));
        expect(new Set(tried.slice(0, size).map((one) => one.endpoint)).size).toBe(size);
        expect(Math.min(...pauses)).toBeGreaterThanOrEqual(6_000);
        expect(Math.max(...pauses)).toBeLessThanOrEqual(63_000);
        expect(tried.length).toBeGreaterThan(50);
      }),
    );
  });

  it('tries at once what was not known before, and begins to count anew', () => {
    const attempt: Attempt = { endpoint: 'a:1', since: 0, turns: 9, known: ['a:1', 'c:1'] };
    const lost = { endpoint: 'a:1', isHeard: false, isAbsent: false };

    const turn = nextTurn(attempt, lost, known, 1);
    expect(turn).toMatchObject({ endpoint: 'b:1', attempt: { turns: 0 } });
    // One that is gone is no news.
    expect(nextTurn(turn.attempt, { ...lost, endpoint: 'b:1' }, ['a:1', 'b:1'], 2).endpoint).toBe(
      null,
    );
  });

  it('leaves an only candidate as it is', () => {
    const attempt: Attempt = { endpoint: 'a:1', since: 0, turns: 0, known };

    expect(
      nextTurn(attempt, { endpoint: 'a:1', isHeard: false, isAbsent: false }, ['a:1'], 99_999)
        .endpoint,
    ).toBeNull();
  });
});
