import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findKnots } from '../../src/manifest/cycles.ts';
import {
  brief,
  codes,
  compileFiles,
  compileStackFile,
  theProblem,
  theService,
} from './source-tree.ts';

const stack = (name: string) => `grids/demo/stacks/${name}/kontena.yml`;

describe('dependencies', () => {
  test('come from links and depends_on, without doubles, sorted', () => {
    const compiled = compileFiles({
      [stack('shop')]: `services:
  web:
    image: web
    links: [db, infra/lb]
    depends_on: {cache: {condition: service_healthy}, db: }
  db: {image: db}
  cache: {image: cache}
`,
      [stack('infra')]: 'services: {lb: {image: lb}}',
    });
    expect(compiled.problems).toEqual([]);
    expect(compiled.stacks[1]?.services[0]?.dependsOn).toEqual([
      'infra/lb',
      'shop/cache',
      'shop/db',
    ]);
  });

  test('an alias is a name for the service that links, and its own name is none', () => {
    const compiled = compileStackFile(
      'services:\n  web: {image: web, links: ["db:store", "db:db"], external_links: ["db:again"]}\n  db: {image: db}',
    );
    const service = theService(compiled);
    expect(service.dependsOn).toEqual(['shop/db']);
    expect(service.spec.extras).toEqual({
      links: [
        { target: 'db.shop', alias: 'again' },
        { target: 'db.shop', alias: 'store' },
      ],
    });
  });

  test.each([
    ['links: [dbb]', 'error unknown-dependency', 'Did you mean "db"?'],
    ['depends_on: [dbb]', 'error unknown-dependency', 'Did you mean "db"?'],
    ['depends_on: {dbb: {}}', 'error unknown-dependency', 'Did you mean "db"?'],
    ['links: [shopp/db]', 'error unknown-dependency', 'Did you mean "shop"?'],
    ['links: [infra/lbb]', 'error unknown-dependency', 'Did you mean "lb"?'],
    [
      'links: [nowhere/db]',
      'error unknown-dependency',
      'Add the stack "nowhere" to the grid, or take this out.',
    ],
    // Near, but without such a service.
    [
      'links: [shopp/lb1]',
      'error unknown-dependency',
      'Add the stack "shopp" to the grid, or take this out.',
    ],
    [
      'links: [infra/redis]',
      'error unknown-dependency',
      'Add the service to "infra", or take this out.',
    ],
    [
      'external_links: [infra-lb]',
      'error unknown-dependency',
      'Write "stack/service" for a service of another stack, which apps of Kontena called "stack-service"; or take this out.',
    ],
    [
      'links: ["a/b/c"]',
      'error bad-link',
      'Write it as "service" or "stack/service", with ":alias" behind it for another name.',
    ],
    [
      'depends_on: {infra/lb: {condition: service_completed_successfully}}',
      'error not-possible',
      'Write "job: {run: on-deploy}" there, and leave out the condition: a job is waited for until it has succeeded.',
    ],
    ['depends_on: {db: {condition: ready}}', 'error wrong-value', undefined],
    ['links: ["db:not a name"]', 'error bad-link', undefined],
    ['links: ["db:a", "infra/lb:a"]', 'error bad-link', 'Rename one of them.'],
  ])('%s is a problem', (line, expected, hint) => {
    const compiled = compileFiles({
      [stack('shop')]: `services:\n  web: {image: web, ${line}}\n  db: {image: db}\n`,
      [stack('infra')]: 'services: {lb: {image: lb}}',
    });
    const problem = theProblem(compiled);
    expect(`${problem.severity} ${problem.code}`).toBe(expected);
    if (hint !== undefined) expect(problem.hint).toBe(hint);
    expect(compiled.failed).toEqual(['shop']);
  });

  test('on a service of a stack with errors are left out, with a warning', () => {
    const compiled = compileFiles({
      [stack('shop')]: 'services:\n  web: {image: web, links: [infra/lb, db]}\n  db: {image: db}\n',
      [stack('infra')]: 'services: {lb: {imge: lb}}',
    });
    expect(compiled.failed).toEqual(['infra']);
    expect(compiled.problems.filter((p) => p.stack === 'shop').map(brief)).toEqual([
      'warning dependency-failed 2:29',
    ]);
    expect(compiled.stacks[0]?.services[0]?.dependsOn).toEqual(['shop/db']);
  });

  test('on a stack that cannot even be read are left out, whatever they name', () => {
    const compiled = compileFiles({
      [stack('shop')]: 'services: {web: {image: web, links: [infra/anything]}}',
      [stack('infra')]: 'services: [',
    });
    expect(codes(compiled)).toEqual(['yaml-syntax', 'dependency-failed']);
    expect(compiled.stacks.map((s) => s.name)).toEqual(['shop']);
  });

  test('on a stack that may come with one with errors are left out, and others are errors still', () => {
    const blog = (link: string) =>
      compileFiles({
        [stack('shop')]: 'depends: [',
        [stack('blog')]: `services:\n  web: {image: web, links: [${link}]}\n`,
      });

    const child = blog('shop-redis/redis');

    expect(codes(child)).toEqual(['dependency-failed', 'yaml-syntax']);
    expect(child.problems[0]?.message).toContain('"shop-redis" may come with "shop"');
    expect(child.failed).toEqual(['shop']);
    expect(child.stacks[0]?.services[0]?.dependsOn).toEqual([]);
    expect(codes(blog('shopping/redis'))).toEqual(['unknown-dependency', 'yaml-syntax']);
  });

  test('on what a stack with errors does not have are errors all the same', () => {
    const compiled = compileFiles({
      [stack('shop')]: 'services: {web: {image: web, links: [infra/lbb]}}',
      [stack('infra')]: 'services: {lb: {imge: lb}}',
    });
    expect(compiled.failed).toEqual(['infra', 'shop']);
  });

  test('in a circle are one problem that names the whole circle', () => {
    const problem = theProblem(
      compileStackFile(
        'services:\n  c: {image: c, links: [a]}\n  a: {image: a, links: [b]}\n  b: {image: b, depends_on: [c]}\n',
      ),
    );
    expect(problem.code).toBe('dependency-cycle');
    expect(problem.message).toContain('"shop/a" → "shop/b" → "shop/c" → "shop/a"');
  });

  test('of a service on itself are a circle', () => {
    expect(theProblem(compileStackFile('services: {a: {image: a, links: [a]}}')).message).toContain(
      '"shop/a" → "shop/a"',
    );
  });

  test('in a circle through several stacks fail each of them, and none beside', () => {
    const compiled = compileFiles({
      [stack('one')]: 'services: {a: {image: a, links: [two/b]}}',
      [stack('two')]: 'services: {b: {image: b, links: [three/c]}}',
      [stack('three')]: 'services: {c: {image: c, links: [one/a]}}',
      [stack('four')]: 'services: {d: {image: d, links: [one/a]}}',
    });
    expect(compiled.failed).toEqual(['one', 'three', 'two']);
    expect(codes(compiled)).toEqual([
      'dependency-failed',
      'dependency-cycle',
      'dependency-cycle',
      'dependency-cycle',
    ]);
    expect(compiled.stacks).toMatchObject([{ name: 'four', services: [{ dependsOn: [] }] }]);
  });
});

describe('knots of a graph', () => {
  const graph = fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 30 }).map((pairs) => {
    const edges = new Map<string, string[]>(Array.from({ length: 12 }, (_, i) => [`n${i}`, []]));
    for (const [from, to] of pairs) edges.get(`n${from}`)?.push(`n${to}`);
    return edges;
  });

  const reaches = (edges: ReadonlyMap<string, readonly string[]>, from: string, to: string) => {
    const seen = new Set<string>();
    const queue = [...(edges.get(from) ?? [])];
    for (const node of queue) {
      if (seen.has(node)) continue;
      seen.add(node);
      queue.push(...(edges.get(node) ?? []));
    }
    return seen.has(to);
  };

  test('hold exactly the nodes that reach themselves, and their cycles follow edges', () => {
    fc.assert(
      fc.property(graph, (edges) => {
        const knots = findKnots(edges);
        const members = knots.flatMap((k) => k.members).toSorted();
        expect(members).toEqual([...edges.keys()].filter((n) => reaches(edges, n, n)).toSorted());
        for (const { cycle } of knots) {
          cycle.forEach((node, i) =>
            expect(edges.get(node)).toContain(cycle[(i + 1) % cycle.length]),
          );
        }
      }),
    );
  });

  test('are found in a chain of 100,000', () => {
    const edges = new Map(
      Array.from({ length: 100_000 }, (_, i) => [`${i}`, [`${(i + 1) % 100_000}`]]),
    );
    expect(findKnots(edges)[0]?.cycle).toHaveLength(100_000);
  });
});
