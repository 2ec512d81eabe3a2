import { execFile, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import dnsPacket from 'dns-packet';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Discovery } from '../../src/discovery/discovery.ts';
import { DnsServer } from '../../src/discovery/dns-server.ts';
import { FrameReader, frame } from '../../src/discovery/tcp-frame.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { HandClock } from '../agent/hand-clock.ts';
import { withFolder } from '../cli/test-cli.ts';
import { untilPasses } from '../support/until-passes.ts';
import { TestGrid } from './grid.ts';
import { type NameServer, reply, startNameServer, testPort } from './name-server.ts';
import { anAsker, aRecord } from './records.ts';

const net = 81;
const world = '127.82.0.1';
const dead = '127.82.0.9';
let grid: TestGrid;
let one: Discovery;
let server: NameServer;

const stranger = () => grid.address(1, 100);
const asking = () => grid.address(1, 101);
const lost = () => grid.address(1, 102);

beforeAll(async () => {
  server = await startNameServer(world, (query) => [
    reply(
      query,
      query.questions?.[0]?.name.startsWith('no.') === true ? { code: 3 } : { data: '192.0.2.1' },
    ),
  ]);
  await withFolder({ conf: `nameserver ${world}\n` }, async (folder) => {
    grid = new TestGrid({ net, resolvConf: join(folder, 'conf') });
    one = grid.start(1, [1]);
    const many = Array.from({ length: 90 }, (_, index) => crowd(index + 1));
    one.publish(
      [...many, aRecord('shop/db-1', { address: grid.address(1, 95), container: 'db' })],
      [
        anAsker({ address: asking(), links: [{ target: 'db.shop', alias: 'crowd' }] }),
        anAsker({ address: lost(), servers: [dead] }),
      ],
    );
    await untilPasses(() => expect(one.view().dns.listening).toBe(true));
    // Reads the list while it is there; it is kept when it is gone.
    await grid.resolver(1, stranger()).resolve4('first.example.com');
  });
});

afterAll(async () => {
  await grid.stop();
  await server.close();
});

function crowd(number: number) {
  return aRecord(`shop/crowd-${number}`, {
    address: grid.address(1, number),
    container: `c${number}`,
  });
}

describe('the DNS server', () => {
  it('answers with all addresses, by TCP where they are too many for UDP, in another order each time', async () => {
    const resolver = grid.resolver(1, stranger());
    const first = await resolver.resolve4('crowd.shop.demo.kontena.local', { ttl: true });
    const second = await resolver.resolve4('CROWD.shop.demo.kontena.local');
    const wanted = Array.from({ length: 90 }, (_, index) => grid.address(1, index + 1));
    expect(first.map(({ address }) => address).toSorted()).toEqual(wanted.toSorted());
    expect(second.toSorted()).toEqual(wanted.toSorted());
    expect(new Set(first.map(({ ttl }) => ttl))).toEqual(new Set([1]));
  });

  it('answers to who asks by the links of who asks', async () => {
    const name = 'crowd.shop.demo.kontena.local';
    expect(await grid.resolver(1, asking()).resolve4(name)).toEqual([grid.address(1, 95)]);
    expect(await grid.resolver(1, stranger()).resolve4(name)).toHaveLength(90);
  });

  it('says what is not there, and what has no such address', async () => {
    const resolver = grid.resolver(1, stranger());
    await expect(resolver.resolve4('no.shop.demo.kontena.local')).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
    await expect(resolver.resolve4('crowd')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.resolve6('db.shop.demo.kontena.local')).rejects.toMatchObject({
      code: 'ENODATA',
    });
    expect(await resolver.reverse(grid.address(1, 95))).toEqual(['db-1.shop.demo.kontena.local']);
    expect(
      server.queries.filter((query) => query.includes('kontena') || query.endsWith(' crowd')),
    ).toEqual([]);
  });

  it('passes on what is outside of the grid', async () => {
    const resolver = grid.resolver(1, stranger());
    expect(await resolver.resolve4('www.example.com')).toEqual(['192.0.2.1']);
    await expect(resolver.resolve4('no.example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('fails at once where nobody is there to ask', async () => {
    const before = performance.now();
    await expect(grid.resolver(1, lost()).resolve4('www.example.com')).rejects.toMatchObject({
      code: 'ESERVFAIL',
    });
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it('is what dig understands, cut and whole', async ({ skip }) => {
    if (spawnSync('dig', ['-v']).error !== undefined) skip('needs dig (bind9-dnsutils)');
    const name = 'crowd.shop.demo.kontena.local';
    expect(await dig(name, '+noedns', '+ignore')).toMatch(/flags: qr aa tc rd ra;.*ANSWER: 2\d,/);
    expect(await dig(name, '+bufsize=4096', '+ignore')).toMatch(
      /flags: qr aa tc rd ra;.*ANSWER: 7\d,/,
    );
    expect(await dig(name, '+tcp')).toMatch(/flags: qr aa rd ra;.*ANSWER: 90,/);
    expect(await dig(name, '+edns=1', '+noednsneg')).toContain('status: BADVERS');
    expect(await dig('db.shop.demo.kontena.local', 'ANY', '+notcp')).toContain('ANSWER: 1,');
    expect(await dig('version.bind', 'CH', 'TXT')).toContain('status: REFUSED');
    for (const output of [await dig(name, '+tcp'), await dig('db.shop.demo.kontena.local')])
      expect(output).not.toMatch(/malformed|extra bytes/i);
  });

  it('lives through thousands of packets of anything, by UDP and TCP', async () => {
    const bytes = fc.sample(fc.uint8Array({ maxLength: 300 }), { numRuns: 3_000, seed: 1 });
    const socket = createSocket('udp4');
    socket.on('error', () => undefined);
    const whole = dnsPacket.encode({
      type: 'query',
      id: 1,
      questions: [{ type: 'A', name: 'a.shop.demo.kontena.local' }],
    });
    for (const [index, part] of bytes.entries()) {
      const bent = Buffer.concat([whole.subarray(0, index % whole.length), part]);
      socket.send(index % 2 === 0 ? Buffer.from(part) : bent, testPort, grid.nodeAddress(1));
      if (index % 20 === 0) await new Promise(setImmediate);
    }
    for (const part of bytes.slice(0, 300)) await throwAt(Buffer.from(part));
    socket.close();
    expect(await grid.resolver(1, stranger()).resolve4('db.shop.demo.kontena.local')).toEqual([
      grid.address(1, 95),
    ]);
  });

  it('answers many queries of one connection', async () => {
    const socket = connect({ host: grid.nodeAddress(1), port: testPort });
    const reader = new FrameReader();
    const ids: (number | undefined)[] = [];
    socket.on('data', (bytes: Buffer) => {
      for (const answer of reader.read(bytes)) ids.push(dnsPacket.decode(answer).id);
    });
    const queries = Array.from({ length: 200 }, (_, id) =>
      frame(
        dnsPacket.encode({
          type: 'query',
          id,
          questions: [{ type: 'A', name: 'crowd.shop.demo.kontena.local' }],
        }),
      ),
    );
    socket.write(Buffer.concat(queries));
    await expect.poll(() => ids.length).toBe(200);
    expect(new Set(ids).size).toBe(200);
    socket.destroy();
  });

  it('ends a connection that sends what is too long for a query', async () => {
    const socket = connect({ host: grid.nodeAddress(1), port: testPort });
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    socket.write(Buffer.concat([Buffer.from([0xff, 0xff]), Buffer.alloc(5_000)]));
    await closed;
  });
});

describe('an address that is taken', () => {
  it('is waited for', async () => {
    const clock = new HandClock();
    const address = grid.nodeAddress(7);
    const holder = createSocket('udp4');
    await new Promise<void>((resolve) => holder.bind(testPort, address, resolve));
    const dns = new DnsServer({
      address,
      port: testPort,
      responder: { respond: async () => null },
      clock,
      log: silentLog,
    });
    dns.start();
    await expect.poll(() => dns.fault).toContain('EADDRINUSE');
    await new Promise<void>((resolve) => holder.close(resolve));
    await clock.turn(2_000);
    await expect.poll(() => [dns.isListening, dns.fault]).toEqual([true, null]);
    await dns.stop();
    expect(dns.isListening).toBe(false);
  });

  it('or not there yet is no fault that ends anything', async () => {
    const dns = new DnsServer({
      address: '192.0.2.1',
      port: testPort,
      responder: { respond: async () => null },
      clock: new HandClock(),
      log: silentLog,
    });
    dns.start();
    await expect.poll(() => dns.fault).toContain('EADDRNOTAVAIL');
    await dns.stop();
  });
});

async function dig(...args: readonly string[]): Promise<string> {
  const at = [`@${grid.nodeAddress(1)}`, '-p', String(testPort), '-b', stranger()];
  const { stdout } = await promisify(execFile)('dig', [...at, '+tries=1', '+time=5', ...args]);
  return stdout;
}

/** Sends it by TCP, and waits until the other side has taken it or closed. */
function throwAt(bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: grid.nodeAddress(1), port: testPort });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume().end(bytes);
  });
}
