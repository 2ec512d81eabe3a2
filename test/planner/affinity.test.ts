import { describe, expect, test } from 'vitest';
import { aNode, aNodeRunning, anAffinity, aService } from '../support/builders.ts';
import { places, planOf } from './planning.ts';

const nodes = [
  aNode({ name: 'db-1', labels: ['az=a'] }),
  aNode({ name: 'web-1', labels: ['az=a', 'ssd'] }),
  aNode({ name: 'web-2', labels: ['az=b', 'ssd'] }),
];

/** The nodes that can take an instance with these rules: one instance on each, as a daemon would. */
function allowed(...rules: readonly string[]): readonly string[] {
  const service = aService({ strategy: 'daemon', affinity: rules.map(anAffinity) });
  return Object.values(places(planOf({ services: [service], nodes })));
}

describe('a rule', () => {
  test.each([
    ['node==web-1', ['web-1']],
    ['node!=web-1', ['db-1', 'web-2']],
    ['node==/^web-/', ['web-1', 'web-2']],
    ['node!=/^web-/', ['db-1']],
    ['label==ssd', ['web-1', 'web-2']],
    ['label!=ssd', ['db-1']],
    ['label==az=b', ['web-2']],
    ['label==az', []],
    ['label==/^az=/', ['db-1', 'web-1', 'web-2']],
    ['label==/=b$/', ['web-2']],
    ['label!=/=b$/', ['db-1', 'web-1']],
    ['node==/^(?:db|web)-1$/', ['db-1', 'web-1']],
  ])('%s allows %j', (rule, names) => {
    expect(allowed(rule)).toEqual(names);
  });

  test('has to hold together with all others', () => {
    expect(allowed('label==ssd', 'label!=az=a')).toEqual(['web-2']);
  });

  test('that prefers never excludes', () => {
    expect(allowed('label==~gpu')).toEqual(['db-1', 'web-1', 'web-2']);
  });

  test('that is wrong or might be slow allows nothing, moves nothing, and is warned of', () => {
    const service = aService({ affinity: [anAffinity('label==/(a+)+$/')] });
    const placed = planOf({ services: [service], nodes });
    expect(placed.waves).toEqual([]);
    expect(placed.blocked[0]?.reason).toContain('label==/(a+)+$/ is no pattern that can be used');
    expect(placed.warnings).toEqual([
      'shop/web: label==/(a+)+$/ is no pattern that can be used, so no node satisfies it',
    ]);
    const running = planOf({ services: [service], nodes: [aNodeRunning('a', [[service, 1]])] });
    expect(running.waves).toEqual([]);
    expect(running.blocked).toEqual([]);
    expect(running.warnings).toHaveLength(1);
  });
});

describe('the number of an instance', () => {
  test('stands where a rule says %s', () => {
    const service = aService({ instances: 3, affinity: [anAffinity('node==web-%s')] });
    const made = planOf({ services: [service], nodes });
    expect(places(made)).toEqual({ 'shop/web-1': 'web-1', 'shop/web-2': 'web-2' });
    expect(made.blocked.map(({ number, reason }) => [number, reason])).toEqual([
      [3, 'no node can take it: node==web-3 not satisfied (db-1, web-1, web-2)'],
    ]);
  });

  test('leaves a doubled per cent sign alone', () => {
    const labelled = [aNode({ name: 'a', labels: ['100%s'] })];
    const service = aService({ affinity: [anAffinity('label==100%%s')] });
    expect(places(planOf({ services: [service], nodes: labelled }))).toEqual({ 'shop/web-1': 'a' });
  });
});

describe('a preference', () => {
  test('decides before anything that the strategy prefers', () => {
    const service = aService({ instances: 3, affinity: [anAffinity('node==~web-2')] });
    expect(Object.values(places(planOf({ services: [service], nodes })))).toEqual([
      'web-2',
      'web-2',
      'web-2',
    ]);
  });

  test('yields to an earlier one', () => {
    const service = aService({ affinity: [anAffinity('label==~az=b'), anAffinity('node==~db-1')] });
    expect(places(planOf({ services: [service], nodes }))).toEqual({ 'shop/web-1': 'web-2' });
  });
});

describe("the grid's default", () => {
  const grid = { defaultAffinity: [anAffinity('label==ssd')] };

  test('holds for services without a rule of their own', () => {
    const made = planOf({ services: [aService()], nodes, grid });
    expect(places(made)).toEqual({ 'shop/web-1': 'web-1' });
  });

  test('does not hold for services with one', () => {
    const service = aService({ affinity: [anAffinity('label==az=a')] });
    expect(places(planOf({ services: [service], nodes, grid }))).toEqual({ 'shop/web-1': 'db-1' });
  });
});

describe('a rule on services', () => {
  const db = aService({ name: 'db' });
  const withDb = [...nodes.slice(0, 2), aNodeRunning('web-2', [[db, 1]])];

  test.each([
    ['service==db', 'web-2'],
    ['service==shop/db', 'web-2'],
    ['service==/^d/', 'web-2'],
    ['service==/shop\\/d/', 'web-2'],
    ['container==shop.db-1', 'web-2'],
    ['container==/db/', 'web-2'],
    ['service!=db', 'db-1'],
  ])('%s puts the instance on %s', (rule, node) => {
    const web = aService({ affinity: [anAffinity(rule)] });
    expect(places(planOf({ services: [web, db], nodes: withDb }))).toEqual({ 'shop/web-1': node });
  });

  test.each(['service==blog/db', 'service==/^shop$/', 'container==shop.db'])(
    '%s finds nothing',
    (rule) => {
      const web = aService({ affinity: [anAffinity(rule)] });
      expect(planOf({ services: [web, db], nodes: withDb }).blocked).toHaveLength(1);
    },
  );

  test('means the own stack where it names none', () => {
    const web = aService({ stack: 'blog', affinity: [anAffinity('service==db')] });
    expect(planOf({ services: [web, db], nodes: withDb }).blocked).toHaveLength(1);
    const any = aService({ stack: 'blog', affinity: [anAffinity('service!=/.*/')] });
    expect(places(planOf({ services: [any, db], nodes: withDb }))).toEqual({
      'blog/web-1': 'db-1',
    });
  });

  test('follows a service that the same plan places, whatever their names', () => {
    const app = aService({ name: 'app', affinity: [anAffinity('service==db')] });
    const placedDb = aService({ name: 'db', affinity: [anAffinity('node==web-2')] });
    const made = planOf({ services: [app, placedDb], nodes });
    expect(places(made)).toEqual({ 'shop/app-1': 'web-2', 'shop/db-1': 'web-2' });
  });

  test('keeps instances of one service apart', () => {
    const web = aService({ instances: 4, affinity: [anAffinity('service!=web')] });
    const made = planOf({ services: [web], nodes });
    expect(new Set(Object.values(places(made))).size).toBe(3);
    expect(made.blocked.map(({ number }) => number)).toEqual([4]);
  });

  test('does not count who is about to leave', () => {
    const leaving = aNodeRunning('db-1', [[db, 1]]);
    const web = aService({ affinity: [anAffinity('service!=db'), anAffinity('node==db-1')] });
    const made = planOf({ services: [web, { ...db, instances: 0 }], nodes: [leaving] });
    expect(places(made)).toEqual({ 'shop/web-1': 'db-1' });
  });
});

describe('a service that is to be beside an instance of another', () => {
  const store = aService({ name: 'store', instances: 3 });
  const web = aService({
    name: 'web',
    instances: 3,
    dependsOn: ['shop/store'],
    beside: [anAffinity('container==shop.store-%s')],
  });
  const three = ['a', 'b', 'c'].map((name) => aNode({ name, labels: [name === 'c' ? 'x' : 'y'] }));

  test('is placed with the instance of its number', () => {
    const placed = places(planOf({ services: [web, store], nodes: three }));

    for (const number of [1, 2, 3])
      expect(placed[`shop/web-${number}`]).toBe(placed[`shop/store-${number}`]);
    expect(new Set(Object.values(placed)).size).toBe(3);
  });

  test('keeps its own rules and those of the grid', () => {
    const grid = { defaultAffinity: [anAffinity('label==y')] };

    const made = planOf({ services: [web, store], nodes: three, grid });

    expect(Object.values(places(made))).not.toContain('c');
  });

  test('is blocked where that instance is not', () => {
    const other = aService({ name: 'web', beside: [anAffinity('container==shop.gone-1')] });

    const made = planOf({ services: [other], nodes: three });

    expect(JSON.stringify(made.blocked)).toContain('container==shop.gone-1 not satisfied');
  });
});
