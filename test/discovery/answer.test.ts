import { describe, expect, it } from 'vitest';
import { answer } from '../../src/discovery/answer.ts';
import type { Asker } from '../../src/discovery/record.ts';
import { Zone } from '../../src/discovery/zone.ts';
import { parseSubnet } from '../../src/model/subnet.ts';
import { anAsker, aRecord } from './records.ts';

const A = 1;
const PTR = 12;
const AAAA = 28;
const inside = '10.81.128.9';

function ask(
  name: string,
  { type = A, from = inside, askers = [] as readonly Asker[], random = 0, class: of = 1 } = {},
) {
  const zone = new Zone('demo');
  zone.putNode(1, { name: 'one', address: '10.81.0.1' });
  zone.put(1, aRecord('shop/web-1', { container: 'a1', address: '10.81.128.1' }));
  zone.put(1, aRecord('shop/web-2', { container: 'a2', address: '10.81.128.2' }));
  zone.put(1, aRecord('shop/web-3', { container: 'a3', address: '10.81.128.3' }));
  zone.put(1, aRecord('shop/db-1', { container: 'b1', address: '10.81.128.4', healthy: false }));
  return answer({ name, type, class: of }, from, {
    zone,
    subnet: parseSubnet('10.81.0.0/16'),
    askers: new Map(askers.map((asker) => [asker.address, asker])),
    isHost: (address) => address === '10.9.9.9',
    random: () => random,
  });
}

const web = 'Web.Shop.demo.Kontena.LOCAL.';

describe('a question', () => {
  it('for a service is answered with its addresses, in an order of chance', () => {
    const addresses = ['10.81.128.1', '10.81.128.2', '10.81.128.3'];
    expect(ask(web, { random: 0.999 })).toEqual({ kind: 'addresses', addresses });
    expect(ask(web, { random: 0 })).toEqual({
      kind: 'addresses',
      addresses: ['10.81.128.2', '10.81.128.3', '10.81.128.1'],
    });
  });

  it.each([AAAA, 65, 16])(
    'of another type (%i) for a name that is there is answered with nothing',
    (type) => {
      expect(ask(web, { type })).toEqual({ kind: 'nothing' });
    },
  );

  it('for a service of which nobody may answer is answered with nothing', () => {
    expect(ask('db.shop.demo.kontena.local')).toEqual({ kind: 'nothing' });
  });

  it.each([
    'shop.demo.kontena.local',
    'demo.kontena.local',
    'kontena.local',
    'node.demo.kontena.local',
  ])('for %s, below which there are names, does not say that it does not exist', (name) => {
    expect(ask(name)).toEqual({ kind: 'nothing' });
  });

  it.each([
    'web',
    'localdomain',
    'no.shop.demo.kontena.local',
    'web.shop.other.kontena.local',
    'a.b.kontena.local',
  ])('for %s never leaves the node', (name) => {
    expect(ask(name)).toEqual({ kind: 'unknown' });
  });

  it.each([
    'example.com',
    'web.shop',
    'notkontena.local',
    '',
    'web.shop.demo.kontena.local.example.com',
  ])('for "%s" goes to the name servers of the host', (name) => {
    expect(ask(name)).toEqual({ kind: 'forward', servers: [] });
  });

  it("goes to the asker's own servers where it has some", () => {
    const asker = anAsker({ servers: ['9.9.9.9'] });
    expect(ask('example.com', { askers: [asker] })).toEqual({
      kind: 'forward',
      servers: ['9.9.9.9'],
    });
  });

  it.each(['db.shop', 'DB-1.shop.'])(
    'for %s, of which nobody may answer, is not for the world when a container asks',
    (name) => {
      expect(ask(name, { askers: [anAsker({ servers: ['9.9.9.9'] })] })).toEqual({
        kind: 'nothing',
      });
      expect(ask(name).kind).toBe('forward');
    },
  );

  it('for the alias of a link whose target is not there stays here', () => {
    const asker = anAsker({ links: [{ target: 'gone.shop', alias: 'db.example.com' }] });
    expect(ask('db.example.com', { askers: [asker] })).toEqual({ kind: 'unknown' });
    expect(ask('db.example.com').kind).toBe('forward');
  });

  it('from the host itself is answered, whichever of its addresses it seems to come from', () => {
    expect(ask(web, { from: '10.9.9.9' })).toMatchObject({ kind: 'addresses' });
  });

  it.each(['10.82.0.1', '192.0.2.1', '172.17.0.2', '', '::1'])('from %s is refused', (from) => {
    expect(ask(web, { from })).toEqual({ kind: 'refuse' });
    expect(ask('example.com', { from })).toEqual({ kind: 'refuse' });
  });

  it('from the host itself is answered', () => {
    expect(ask(web, { from: '127.0.0.1' }).kind).toBe('addresses');
  });

  it('in another class is refused', () => {
    expect(ask('version.bind', { class: 3, type: 16 })).toEqual({ kind: 'refuse' });
  });
});

describe('a question for the name of an address', () => {
  it.each([
    ['1.128.81.10.in-addr.arpa', ['web-1.shop.demo.kontena.local']],
    ['1.0.81.10.IN-ADDR.arpa.', ['one.node.demo.kontena.local']],
  ])('in the grid is answered: %s', (name, names) => {
    expect(ask(name, { type: PTR })).toEqual({ kind: 'names', names });
    expect(ask(name)).toEqual({ kind: 'nothing' });
  });

  it('that nobody in the grid has stays here', () => {
    expect(ask('77.128.81.10.in-addr.arpa', { type: PTR })).toEqual({ kind: 'unknown' });
  });

  it.each(['4.4.8.8.in-addr.arpa', '81.10.in-addr.arpa', '999.0.81.10.in-addr.arpa'])(
    'outside of the grid is passed on: %s',
    (name) => {
      expect(ask(name, { type: PTR }).kind).toBe('forward');
    },
  );
});
