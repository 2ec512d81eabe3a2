import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readReply,
  readRequest,
  requestPath,
  type ZoneReply,
} from '../../src/discovery/exchange-message.ts';
import { parseSubnet } from '../../src/model/subnet.ts';
import { aRecord } from './records.ts';

const epoch = '0123456789abcdef';
const trust = { grid: 'demo', node: 2, pools: [parseSubnet('10.81.128.0/25')] };
const reply: ZoneReply = {
  grid: 'demo',
  node: 2,
  epoch,
  version: 3,
  since: null,
  records: [aRecord('shop/web-1', { names: ['shop', 'shop.demo.kontena.local'], port: 80 })],
  removed: [],
  hears: [1, 3],
  seen: 4,
};
const read = (value: unknown) => readReply(JSON.stringify(value), trust);

describe('a reply', () => {
  it('is read as it was written', () => {
    expect(read(reply)).toEqual({ reply, doubtful: 0 });
  });

  it('leaves out whom a node hears where that is known', () => {
    const heartbeat = { ...reply, hears: null };
    expect(read(heartbeat)).toEqual({ reply: heartbeat, doubtful: 0 });
  });

  it.each([
    ['another grid', { grid: 'other' }, /another grid/],
    ['another node', { node: 3 }, /node 3/],
    ['a wrong epoch', { epoch: 'x' }, /not understood/],
    ['a negative version', { version: -1 }, /not understood/],
    ['no list', { records: {} }, /not understood/],
    ['too many records', { records: Array.from({ length: 4_097 }, () => 1) }, /not understood/],
    ['removals that are none', { removed: ['../x'] }, /not understood/],
    ['nodes that are none', { hears: ['1'] }, /not understood/],
  ])('with %s is refused', (_, own, why) => {
    expect(read({ ...reply, ...own })).toMatchObject({ fault: expect.stringMatching(why) });
  });

  it.each(['', '{', 'null', '[]', '"x"', '42'])('of %o is refused', (text) => {
    expect(readReply(text, trust)).toMatchObject({ fault: expect.any(String) });
  });

  it.each([
    ['an address of another node', { address: '10.81.129.5' }],
    ['no address', { address: '10.81.128' }],
    ['a name that is none', { names: ['a b'] }],
    ['too many names', { names: Array.from({ length: 65 }, (_, n) => `n${n}`) }],
    ['a service that is none', { service: 'a.b' }],
    ['no flag', { ready: 1 }],
    ['a port that is none', { port: 65_536 }],
    ['a container that is none', { container: '__proto__' }],
    ['a number that is none', { number: 1.5 }],
  ])('is believed without a record with %s', (_, own) => {
    const records = [...reply.records, { ...aRecord('shop/web-2'), ...own }];
    expect(read({ ...reply, records })).toEqual({ reply, doubtful: 1 });
  });

  it('is read without a fault of ours, whatever it is', () => {
    const bent = fc
      .tuple(fc.constantFrom(...Object.keys(reply)), fc.jsonValue())
      .map(([key, value]) => ({ ...reply, [key]: value }));
    const record = fc
      .tuple(fc.constantFrom(...Object.keys(aRecord('a/b-1'))), fc.jsonValue())
      .map(([key, value]) => ({ ...reply, records: [{ ...aRecord('a/b-1'), [key]: value }] }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), bent, record), (value) => {
        expect(read(value)).toSatisfy((result: object) => 'fault' in result || 'reply' in result);
      }),
    );
  });
});

describe('a request', () => {
  it('is read as it was written', () => {
    for (const since of [null, { epoch, version: 12 }]) {
      const request = { since, seen: 3, wait: 1_000 };
      expect(readRequest(new URL(requestPath(request), 'http://a').searchParams)).toEqual(request);
    }
  });

  it.each(['since=x.1', 'since=0123456789abcdef', 'since=0123456789abcdef.-1', 'seen=x&wait=1e9'])(
    'of %s asks for everything at once',
    (query) => {
      const nothing = { since: null, seen: 0, wait: 0 };
      expect(readRequest(new URLSearchParams(query))).toEqual(nothing);
    },
  );
});
