import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Service } from '../../src/model/grid.ts';
import { compareSteps } from '../../src/planner/preview-steps.ts';
import { aGrid, aHook, aService, aSpec, deepFreeze } from '../support/builders.ts';
import { observed, services } from './arbitrary.ts';
import { previewOf } from './previewing.ts';

/** Never part of a name. */
const CANARY = 'cAnArY0x';

const markId = fc.integer({ min: 0, max: 3 }).map((n) => `${CANARY}${n}`);
const mark = fc
  .tuple(fc.constantFrom('secret', 'certificate', 'random'), fc.constantFrom('a', 'db.x'), markId)
  .map(([kind, name, id]) => `⟦${kind}.${name}.${id}⟧`);
const text = fc
  .array(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), mark), { maxLength: 6 })
  .map((parts) => parts.join(''));
const secretName = fc.constantFrom(
  'DB_PASSWORD',
  'token',
  'AWS_SECRET_ACCESS_KEY',
  'api-key',
  'x.credentials',
);

const secretive = fc
  .record({
    texts: fc.dictionary(fc.string({ maxLength: 5 }), text, { maxKeys: 3 }),
    names: fc.array(secretName, { maxLength: 3 }),
    words: fc.array(text, { maxLength: 3 }),
    file: text,
    long: fc.integer({ min: 0, max: 3_000 }),
  })
  .map(({ texts, names, words, file, long }) => {
    const env = { ...texts, ...Object.fromEntries(names.map((name) => [name, `v${CANARY}`])) };
    const padded = { ...env, LONG: `${'x'.repeat(long)}⟦secret.a.${CANARY}${'y'.repeat(200)}⟧` };
    return aSpec({
      env: padded,
      labels: env,
      command: [...words, `https://user:${CANARY}@host/`, `--password=${CANARY}`],
      logging: { driver: 'x', options: env },
      hooks: [aHook('pre-start', 'migrate', { env, command: words })],
      mounts: [
        {
          kind: 'secret',
          target: '/s',
          text: `${file}${CANARY}`,
          mode: 0o400,
          uid: null,
          gid: null,
        },
      ],
    });
  });

const hostile: fc.Arbitrary<Service> = fc
  .record({ spec: secretive, n: fc.nat() })
  .map(({ spec, n }) =>
    aService({
      name: 'secretive',
      spec,
      specHash: `hash${n}`,
      secrets: Object.fromEntries([`⟦secret.sealed.${CANARY}⟧`].map((one) => [one, CANARY])),
    }),
  );

const pair = fc.record({
  before: services({ relations: true }),
  after: services({ relations: true }),
  world: observed({ failures: true }),
  held: fc.subarray(['shop', 'blog']),
  budget: fc.constantFrom(0, 0.3, 1),
});

describe('any preview', () => {
  test('has nothing of a secret in it, whatever is written where', () => {
    fc.assert(
      fc.property(hostile, hostile, fc.boolean(), (before, after, showValues) => {
        const preview = previewOf({ before: [before], after: [after], showValues });
        expect(JSON.stringify(preview)).not.toContain(CANARY);
      }),
    );
  });

  test('is the same for the same input, in whatever order, and leaves it as it is', () => {
    fc.assert(
      fc.property(pair, fc.func(fc.nat()), ({ before, after, world, held, budget }, shuffle) => {
        const scene = { held, grid: aGrid({ pruneBudget: budget }) };
        const once = previewOf(deepFreeze({ ...scene, before, after, nodes: world.nodes }));
        const mixed = <T>(all: readonly T[]) =>
          all
            .map((one, at) => ({ one, by: shuffle(at) }))
            .toSorted((a, b) => a.by - b.by)
            .map(({ one }) => one);
        const again = previewOf({
          ...scene,
          before: mixed(before),
          after: mixed(after),
          nodes: mixed(world.nodes),
        });
        expect(again).toEqual(once);
      }),
      { numRuns: 60 },
    );
  });

  test('has its steps in a total order, and those that lose something first', () => {
    fc.assert(
      fc.property(pair, ({ before, after, world, held, budget }) => {
        const { plan, counts } = previewOf({
          before,
          after,
          held,
          nodes: world.nodes,
          grid: { pruneBudget: budget },
        });
        const steps = plan?.steps ?? [];
        for (const [at, step] of steps.entries()) {
          const next = steps[at + 1];
          if (next !== undefined) expect(compareSteps(step, next)).toBeLessThan(0);
        }
        const losing = steps.slice(0, counts.destructive);
        expect(losing.every(({ danger }) => danger !== null)).toBe(true);
        expect(steps.filter(({ danger }) => danger !== null)).toHaveLength(counts.destructive);
        expect(counts.create + counts.replace + counts.remove).toBe(steps.length);
      }),
      { numRuns: 60 },
    );
  });
});
