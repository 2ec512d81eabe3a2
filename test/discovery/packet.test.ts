import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CODE, type Query, readQuery, writeFault, writeReply } from '../../src/discovery/packet.ts';

function aQuery(own: Partial<dnsPacket.Packet> = {}): Buffer {
  return dnsPacket.encode({
    type: 'query',
    id: 4711,
    flags: dnsPacket.RECURSION_DESIRED,
    questions: [{ type: 'A', name: 'WeB.shop.demo.kontena.local' }],
    ...own,
  });
}

function withSize(udpPayloadSize: number): Partial<dnsPacket.Packet> {
  const options = { type: 'OPT', name: '.', udpPayloadSize, flags: 0, options: [] };
  return { additionals: [options as unknown as dnsPacket.OptAnswer] };
}

function read(bytes: Buffer): Query {
  const result = readQuery(bytes);
  if (result.kind !== 'query') throw new Error(result.kind);
  return result.query;
}

const addresses = (count: number) =>
  Array.from(
    { length: count },
    (_, index) => `10.81.${128 + Math.floor(index / 256)}.${index % 256}`,
  );

describe('an answer', () => {
  it('is what another implementation reads', () => {
    const reply = writeReply(
      read(aQuery()),
      { code: 0, addresses: ['10.81.128.1', '10.81.128.2'] },
      'udp',
    );
    const { id, type, questions, answers, flag_aa, flag_ra, flag_rd, flag_tc } =
      dnsPacket.decode(reply);
    expect({ id, type, flag_aa, flag_ra, flag_rd, flag_tc }).toEqual({
      id: 4711,
      type: 'response',
      flag_aa: true,
      flag_ra: true,
      flag_rd: true,
      flag_tc: false,
    });
    // The case of letters goes back as it came: some askers check it.
    expect(questions?.[0]?.name).toBe('WeB.shop.demo.kontena.local');
    expect(answers).toMatchObject([
      { name: 'WeB.shop.demo.kontena.local', type: 'A', ttl: 1, data: '10.81.128.1' },
      { type: 'A', data: '10.81.128.2' },
    ]);
  });

  it('names the owner of an address', () => {
    const query = read(aQuery({ questions: [{ type: 'PTR', name: '1.128.81.10.in-addr.arpa' }] }));
    const { answers } = dnsPacket.decode(
      writeReply(query, { code: 0, names: ['web-1.shop.demo.kontena.local'] }, 'udp'),
    );
    expect(answers).toMatchObject([{ type: 'PTR', data: 'web-1.shop.demo.kontena.local' }]);
  });

  it.each([
    [{}, 512],
    [withSize(100), 512],
    [withSize(800), 800],
    [withSize(1_232), 1_232],
    [withSize(65_000), 1_232],
  ])('of many addresses by UDP is as long as the asker takes, at most (%#)', (own, most) => {
    const query = read(aQuery(own));
    const reply = writeReply(query, { code: 0, addresses: addresses(400) }, 'udp');
    const { flag_tc, answers } = dnsPacket.decode(reply);
    expect(reply.length).toBeLessThanOrEqual(most);
    expect(reply.length).toBeGreaterThan(most - 16);
    expect([flag_tc, (answers?.length ?? 0) > 20]).toEqual([true, true]);
  });

  it('by TCP has all of them', () => {
    const reply = writeReply(read(aQuery()), { code: 0, addresses: addresses(400) }, 'tcp');
    const { flag_tc, answers } = dnsPacket.decode(reply);
    expect([flag_tc, answers?.length]).toEqual([false, 400]);
  });

  it('tells EDNS to who speaks it, and to nobody else', () => {
    const options = (own: Partial<dnsPacket.Packet>, code = 0) =>
      dnsPacket.decode(writeReply(read(aQuery(own)), { code }, 'udp')).additionals;
    expect(options({})).toEqual([]);
    expect(options(withSize(4_096))).toMatchObject([{ type: 'OPT', udpPayloadSize: 1_232 }]);
    expect(options(withSize(4_096), CODE.badVersion)).toMatchObject([{ extendedRcode: 1 }]);
  });
});

describe('a message', () => {
  it('that is an answer is never answered', () => {
    expect(readQuery(aQuery({ type: 'response' }))).toEqual({ kind: 'noise' });
    expect(readQuery(Buffer.alloc(11))).toEqual({ kind: 'noise' });
  });

  it.each([
    [
      'two questions',
      aQuery({ questions: [1, 2].map(() => ({ type: 'A' as const, name: 'a.b' })) }),
    ],
    ['no question', aQuery({ questions: [] })],
    ['a name that has no end', Buffer.concat([aQuery().subarray(0, 12), Buffer.from([3, 97, 97])])],
    [
      'a name that points to itself',
      Buffer.concat([aQuery().subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
    ],
    [
      'two EDNS records',
      aQuery({
        additionals: [...(withSize(800).additionals ?? []), ...(withSize(900).additionals ?? [])],
      }),
    ],
    ['a length of 5 KB', Buffer.concat([aQuery(), Buffer.alloc(5_000)])],
  ])('with %s is a format error', (_, bytes) => {
    expect(readQuery(bytes)).toEqual({ kind: 'faulty', id: 4711, code: CODE.formatError });
  });

  it('that asks for something other than a name is not implemented', () => {
    const bytes = aQuery();
    bytes.writeUInt16BE(5 << 11, 2);
    expect(readQuery(bytes)).toMatchObject({ kind: 'faulty', code: CODE.notImplemented });
    expect(dnsPacket.decode(writeFault(4711, CODE.notImplemented))).toMatchObject({
      id: 4711,
      rcode: 'NOTIMP',
    });
  });

  it('with dots or unseen signs inside of a label is for no name of ours', () => {
    const header = aQuery().subarray(0, 12);
    const name = Buffer.from('\x0bkontena.\x00lo\x03abc\x00', 'latin1');
    const bytes = Buffer.concat([header, name, Buffer.from([0, 1, 0, 1])]);
    expect(read(bytes).question.name).toBe('kontena\\046\\000lo.abc');
  });

  it('of any bytes is read without a fault of ours, and quickly', () => {
    const whole = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
    const bent = fc
      .tuple(fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 8 }), fc.nat(80))
      .map(([changes, end]) => {
        const bytes = aQuery(withSize(800));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes.subarray(0, end);
      });
    fc.assert(
      fc.property(fc.oneof(whole, bent), (bytes) => {
        const result = readQuery(bytes);
        if (result.kind !== 'query') return;
        const reply = writeReply(result.query, { code: 0, addresses: addresses(100) }, 'udp');
        expect(reply.length).toBeLessThanOrEqual(1_232);
        expect(dnsPacket.decode(reply).questions).toHaveLength(1);
      }),
      { numRuns: 5_000 },
    );
  });
});
