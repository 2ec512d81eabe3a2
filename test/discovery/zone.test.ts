import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isEqualRecord, type LocalRecord } from '../../src/discovery/record.ts';
import { resolve } from '../../src/discovery/resolve.ts';
import { Zone } from '../../src/discovery/zone.ts';
import { anAsker, aRecord } from './records.ts';

const grid = 'demo';
const below = (name: string) => `${name}.demo.kontena.local`;

/** Records by node number; node 2 may be silent. */
function aZone(nodes: Readonly<Record<number, readonly LocalRecord[]>>, stale: number[] = []) {
  const zone = new Zone(grid);
  for (const [number, records] of Object.entries(nodes)) {
    const node = Number(number);
    zone.putNode(node, { name: `Node-${node}`, address: `10.81.0.${node}` });
    zone.replace(node, records);
    if (stale.includes(node)) zone.setStale(node, true);
  }
  return zone;
}

function instances(zone: Zone, name: string, asker: ReturnType<typeof anAsker> | null = null) {
  const resolved = resolve(zone, name, asker);
  const answers = resolved?.answers.map(({ record, node }) => `${node.number}:${record.container}`);
  return resolved === null
    ? null
    : [resolved.rule, resolved.because, ...(answers ?? []).toSorted()];
}

const web1 = aRecord('shop/web-1', { container: 'a1' });
const web2 = aRecord('shop/web-2', { container: 'a2' });

describe('a service', () => {
  it('answers with those that are ready', () => {
    const zone = aZone({ 1: [web1], 2: [web2, aRecord('shop/web-3', { ready: false })] });
    expect(instances(zone, below('web.shop'))).toEqual(['service', 'ready', '1:a1', '2:a2']);
  });

  it('answers with those that run where none is ready', () => {
    const zone = aZone({ 1: [{ ...web1, ready: false }], 2: [{ ...web2, healthy: false }] });
    expect(instances(zone, below('web.shop'))).toEqual(['service', 'running', '1:a1']);
  });

  it.each([{ healthy: false }, { draining: true }])('never answers with one that is %o', (how) => {
    const zone = aZone({ 1: [{ ...web1, ...how }] });
    expect(instances(zone, below('web.shop'))).toEqual(['service', 'nobody']);
    expect(instances(zone, below('web-1.shop'))).toEqual(['instance', 'nobody']);
  });

  it('is known in any case of letters, and with underscores', () => {
    const zone = aZone({ 1: [aRecord('my_shop/Web_App-1', { container: 'a1' })] });
    expect(instances(zone, below('web_app.my_shop'))).toEqual(['service', 'ready', '1:a1']);
    expect(instances(zone, 'my_shop-web_app-1.kontena.local')).toEqual([
      'legacy-instance',
      'running',
      '1:a1',
    ]);
  });

  it('is not known by its name and stack alone: that may be a name of the world', () => {
    expect(instances(aZone({ 1: [web1] }), 'web.shop')).toBeNull();
  });

  it('is known by its name and stack to containers, whose search domains lead there first', () => {
    const zone = aZone({ 1: [web1] });
    expect(instances(zone, 'web.shop', anAsker())).toEqual(['service', 'ready', '1:a1']);
    expect(instances(zone, 'web-1.shop', anAsker())).toEqual(['instance', 'running', '1:a1']);
    expect(instances(zone, 'node-1.node', anAsker())).toBeNull();
    expect(instances(zone, 'api.shop', anAsker())).toBeNull();
  });
});

describe('an instance', () => {
  it('answers while it runs, ready or not', () => {
    const zone = aZone({ 1: [{ ...web1, ready: false }, web2] });
    expect(instances(zone, below('web-1.shop'))).toEqual(['instance', 'running', '1:a1']);
    expect(instances(zone, 'shop-web-2.kontena.local')).toEqual([
      'legacy-instance',
      'running',
      '1:a2',
    ]);
  });

  it.each(['web-01.shop', 'web-0.shop', 'web-3.shop', 'web-.shop', '-1.shop', 'web-1'])(
    'is not known as %s',
    (name) => {
      expect(instances(aZone({ 1: [web1, web2] }), below(name))).toBeNull();
    },
  );

  it('gives way to a service of the same name', () => {
    const other = aRecord('shop/web-2-1', { container: 'b1' });
    const zone = aZone({ 1: [web2, other] });
    expect(instances(zone, below('web-2.shop'))).toEqual(['service', 'ready', '1:b1']);
  });
});

describe('a further name', () => {
  const front = aRecord('shop/web-1', { container: 'a1', names: ['shop', 'Front.example.com'] });

  it.each(['shop', below('shop'), 'front.example.com', below('front.example.com')])(
    'is known as %s',
    (name) => {
      expect(instances(aZone({ 1: [front] }), name)).toEqual(['further', 'ready', '1:a1']);
    },
  );

  it('is shared by all services that have it', () => {
    const zone = aZone({ 1: [front, aRecord('blog/web-1', { container: 'b1', names: ['shop'] })] });
    expect(instances(zone, 'shop')).toEqual(['further', 'ready', '1:a1', '1:b1']);
  });

  it('never takes the name of a service', () => {
    const thief = aRecord('evil/thief-1', { container: 'b1', names: ['web.shop'] });
    const zone = aZone({ 1: [web1, thief] });
    expect(instances(zone, below('web.shop'))).toEqual(['service', 'ready', '1:a1']);
  });

  it.each(['a..b', '-a', 'a b', 'a'.repeat(64), ''])('is left out where it is %o', (name) => {
    const zone = aZone({ 1: [aRecord('shop/web-1', { names: [name] })] });
    expect(instances(zone, name)).toBeNull();
  });
});

describe('a legacy name', () => {
  it('that fits two services is the first one by order, on every node', () => {
    const first = aRecord('a/b-c-1', { container: 'f1' });
    const second = aRecord('a-b/c-1', { container: 's1' });
    for (const order of [
      [first, second],
      [second, first],
    ])
      expect(instances(aZone({ 1: order }), 'a-b-c.kontena.local')).toEqual([
        'legacy',
        'ready',
        '1:f1',
      ]);
  });
});

describe('a node', () => {
  it('answers to its own name, silent or not', () => {
    const zone = aZone({ 1: [], 2: [] }, [2]);
    expect(resolve(zone, below('node-2.node'), null)).toMatchObject({
      rule: 'node',
      node: { address: '10.81.0.2' },
    });
    zone.putNode(2, { name: 'other', address: '10.81.0.2' });
    expect(resolve(zone, below('node-2.node'), null)).toBeNull();
    expect(zone.at('10.81.0.2').node?.name).toBe('other');
  });
});

describe('a silent node', () => {
  it('answers to nothing that another node has', () => {
    const zone = aZone({ 1: [web1], 2: [web2] }, [2]);
    expect(instances(zone, below('web.shop'))).toEqual(['service', 'ready', '1:a1']);
  });

  it('answers with what it last said where nothing else is left', () => {
    const zone = aZone({ 1: [{ ...web1, draining: true }], 2: [web2] }, [2]);
    expect(instances(zone, below('web.shop'))).toEqual(['service', 'stale-ready', '2:a2']);
    expect(instances(zone, below('web-2.shop'))).toEqual(['instance', 'stale-ready', '2:a2']);
    zone.setStale(2, false);
    expect(instances(zone, below('web.shop'))).toEqual(['service', 'ready', '2:a2']);
  });

  it('is forgotten with all that it said when it has left the grid', () => {
    const zone = aZone({ 1: [], 2: [web2] }, [2]);
    zone.removeNode(2);
    expect(instances(zone, below('web.shop'))).toBeNull();
    expect(zone.hasBelow(below('shop'))).toBe(false);
  });
});

describe("an asker's link", () => {
  const db = aRecord('data/db-1', { container: 'd1' });
  const asker = anAsker({ links: [{ target: 'db.data', alias: 'Database' }] });
  const ownService = aRecord('shop/database-1', { container: 'o1' });
  const zone = aZone({ 1: [db, ownService] });

  it.each(['database', below('database.shop'), below('database')])(
    'makes %s answer what its target does, before a service of that name',
    (name) => {
      expect(instances(zone, name, asker)).toEqual(['service', 'ready', '1:d1']);
    },
  );

  it('is nothing to anybody else, and nothing in another stack', () => {
    expect(instances(zone, below('database.shop'))).toEqual(['service', 'ready', '1:o1']);
    expect(instances(zone, below('database.other'), asker)).toBeNull();
  });
});

describe('changes', () => {
  it('are told by service, once', () => {
    const zone = aZone({ 1: [web1], 2: [web2] });
    expect(zone.takeChanged()).toEqual([{ stack: 'shop', service: 'web' }]);
    zone.replace(1, [web1]);
    expect(zone.takeChanged()).toEqual([]);
    zone.setStale(2, true);
    expect(zone.takeChanged()).toEqual([{ stack: 'shop', service: 'web' }]);
  });

  const anyRecord = fc.record({
    id: fc.constantFrom('a/b-1', 'a/b-2', 'a/b-c-1', 'a-b/c-1', 'a-b/c-2'),
    container: fc.constantFrom('c1', 'c2', 'c3'),
    address: fc.constantFrom('10.81.128.1', '10.81.128.2'),
    names: fc.subarray(['x', 'a', 'b.a']),
    ready: fc.boolean(),
    healthy: fc.boolean(),
    draining: fc.boolean(),
  });
  const anyStep = fc.oneof(
    fc.record({ put: fc.constantFrom(1, 2), record: anyRecord }),
    fc.record({ remove: fc.constantFrom(1, 2), container: fc.constantFrom('c1', 'c2', 'c3') }),
    fc.record({ stale: fc.constantFrom(1, 2), to: fc.boolean() }),
    fc.record({ rename: fc.constantFrom(1, 2), name: fc.constantFrom('m', 'n') }),
  );

  it('one after the other lead to the same zone as all at once', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
        const zone = aZone({ 1: [], 2: [] });
        const names = new Map([1, 2].map((node) => [node, `Node-${node}`]));
        const stale = new Set<number>();
        const wanted = new Map([1, 2].map((node) => [node, new Map<string, LocalRecord>()]));
        for (const step of steps) {
          if ('put' in step) {
            const { id, ...own } = step.record;
            const record = aRecord(id, own);
            wanted.get(step.put)?.set(record.container, record);
            zone.put(step.put, record);
          } else if ('remove' in step) {
            wanted.get(step.remove)?.delete(step.container);
            zone.remove(step.remove, step.container);
          } else if ('stale' in step) {
            if (step.to) stale.add(step.stale);
            else stale.delete(step.stale);
            zone.setStale(step.stale, step.to);
          } else {
            if ([...names.values()].includes(step.name)) continue;
            names.set(step.rename, step.name);
            zone.putNode(step.rename, { name: step.name, address: `10.81.0.${step.rename}` });
          }
        }
        const anew = new Zone(grid);
        for (const [node, records] of wanted) {
          anew.putNode(node, { name: names.get(node) ?? '', address: `10.81.0.${node}` });
          anew.replace(node, [...records.values()]);
          anew.setStale(node, stale.has(node));
        }
        expect(everything(zone)).toEqual(everything(anew));
      }),
    );
  });

  it('of anything in a record are changes', () => {
    const other: LocalRecord = {
      container: 'x',
      stack: 'x',
      service: 'x',
      number: 9,
      address: '10.81.128.9',
      ready: false,
      healthy: false,
      draining: true,
      names: ['x'],
      port: 80,
    };
    for (const key of Object.keys(other) as (keyof LocalRecord)[])
      expect([key, isEqualRecord(web1, { ...web1, [key]: other[key] })]).toEqual([key, false]);
    expect(isEqualRecord(web1, { ...web1 })).toBe(true);
  });
});

const asked = ['b.a', 'b-1.a', 'b-2.a', 'b-c.a', 'c.a-b', 'c-2.a-b', 'x', 'a', 'm.node', 'n.node'];

function everything(zone: Zone) {
  const legacy = ['a-b', 'a-b-1', 'a-b-c', 'a-b-c-1', 'a-b-c-2'].map(
    (name) => `${name}.kontena.local`,
  );
  const names = [...asked.map(below), ...asked, ...legacy];
  return {
    names: names.map((name) => [name, instances(zone, name), zone.hasBelow(name)]),
    addresses: ['10.81.128.1', '10.81.128.2', '10.81.0.1'].map((address) => zone.at(address)),
    entries: zone.entries(),
  };
}
