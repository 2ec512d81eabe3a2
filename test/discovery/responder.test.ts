import dnsPacket from 'dns-packet';
import { describe, expect, it } from 'vitest';
import type { Asker } from '../../src/discovery/record.ts';
import { Responder } from '../../src/discovery/responder.ts';
import { Zone } from '../../src/discovery/zone.ts';
import { parseSubnet } from '../../src/model/subnet.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { anAsker, aRecord } from './records.ts';

const from = '10.81.128.9';
const web = 'web.shop.demo.kontena.local';

interface Around {
  readonly complete?: Promise<void>;
  readonly host?: readonly string[];
  readonly asker?: Asker;
  readonly answer?: Promise<Buffer | null>;
}

function aResponder({
  complete = Promise.resolve(),
  host = [],
  asker = anAsker(),
  answer,
}: Around = {}) {
  const asked: (readonly string[])[] = [];
  const zone = new Zone('demo');
  zone.putNode(1, { name: 'one', address: '10.81.0.1' });
  const responder = new Responder({
    context: {
      zone,
      subnet: parseSubnet('10.81.0.0/16'),
      askers: new Map([[asker.address, asker]]),
      isHost: () => false,
      random: () => 0,
    },
    upstream: {
      ask: (_query, servers) => {
        asked.push(servers);
        return answer ?? Promise.resolve(null);
      },
    },
    host: { get: () => Promise.resolve(host) },
    isOurs: (address) => address === '10.81.0.1' || address === '10.81.0.2',
    complete,
    log: silentLog,
  });
  const ask = async (name: string, address = from) => {
    const query = dnsPacket.encode({ type: 'query', id: 1, questions: [{ type: 'A', name }] });
    const { signal } = new AbortController();
    const reply = await responder.respond(query, { address, transport: 'udp', signal });
    return reply === null ? null : decoded(reply);
  };
  return { zone, ask, asked };
}

function decoded(reply: Buffer) {
  const { rcode, answers } = dnsPacket.decode(reply) as { rcode?: string; answers?: unknown[] };
  return [rcode, answers?.length];
}

describe('a name that is not known', () => {
  it('is waited for until all peers were heard', async () => {
    let open = (): void => undefined;
    const complete = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { zone, ask } = aResponder({ complete });
    const asking = ask(web);
    zone.put(1, aRecord('shop/web-1'));
    expect(await ask(web)).toEqual(['NOERROR', 1]);
    open();
    expect(await asking).toEqual(['NOERROR', 1]);
    expect(await ask('no.shop.demo.kontena.local')).toEqual(['NXDOMAIN', 0]);
  });
});

describe('a name outside of the grid', () => {
  it("is asked of the asker's servers alone, where it has some", async () => {
    const asker = anAsker({ servers: ['9.9.9.9'] });
    const { ask, asked } = aResponder({ asker, host: ['192.0.2.1'] });
    expect(await ask('example.com')).toEqual(['SERVFAIL', 0]);
    await ask('example.com', '10.81.128.10');
    expect(asked).toEqual([['9.9.9.9'], ['192.0.2.1']]);
  });

  it('is never asked of nodes of the grid: they would ask us', async () => {
    const { ask, asked } = aResponder({ host: ['10.81.0.1', '10.81.0.2', '192.0.2.1'] });
    await ask('example.com');
    expect(asked).toEqual([['192.0.2.1']]);
  });

  it('is not asked for by strangers', async () => {
    const { ask, asked } = aResponder({ host: ['192.0.2.1'] });
    expect(await ask('example.com', '198.51.100.1')).toEqual(['REFUSED', 0]);
    expect(asked).toEqual([]);
  });

  it('fails at once while very many wait already, and names of the grid do not', async () => {
    const { zone, ask, asked } = aResponder({ answer: new Promise(() => undefined) });
    zone.put(1, aRecord('shop/web-1'));
    await Promise.resolve();
    for (let turn = 0; turn < 256; turn += 1) void ask(`a${turn}.example.com`);
    expect(await ask('b.example.com')).toEqual(['SERVFAIL', 0]);
    expect(await ask(web)).toEqual(['NOERROR', 1]);
    expect(asked).toHaveLength(256);
  });
});
