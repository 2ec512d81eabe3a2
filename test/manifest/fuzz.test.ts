import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeFrame, printProblem } from '../../src/manifest/code-frame.ts';
import { convertFile } from '../../src/manifest/convert.ts';
import { ServiceEntry } from '../../src/manifest/service-schema.ts';
import { ContainerSpec } from '../../src/protocol/container-shape.ts';
import { Name } from '../../src/protocol/schema-parts.ts';
import { applyEdit, editKinds, fuzzSeeds } from './fuzz-seeds.ts';
import { aTextFile, compileFiles, GRID_FILE, STACK_FILE } from './source-tree.ts';

/** `npm run fuzz` does the same for longer, and with a seed of its own each time. */
const times = Number(process.env['FUZZ_TIMES'] ?? 1);
const minutes = 60_000 * times;

/** What agents accept: a spec that compiles must arrive. */
const isSpec = new Ajv2020().compile(ContainerSpec);
const isName = new Ajv2020().compile(Name);

function check(files: Readonly<Record<string, string>>): void {
  const compiled = compileFiles(files);
  const errors = compiled.problems.filter((p) => p.severity === 'error');
  // Whatever is not there has a reason.
  expect(compiled.grid === null || compiled.failed.length > 0).toBe(errors.length > 0);
  for (const { stack, name, spec } of compiled.stacks.flatMap((s) => s.services)) {
    expect([stack, name].every((one) => isName(one))).toBe(true);
    expect(isSpec(spec)).toBe(true);
  }
  for (const problem of compiled.problems) {
    const { file, line, column } = problem.position;
    const text = files[file];
    expect(line >= 1 && column >= 1).toBe(true);
    if (text !== undefined) expect(line).toBeLessThanOrEqual(text.split('\n').length);
    expect(printProblem(problem, text === undefined ? null : codeFrame(text, problem))).toContain(
      problem.code,
    );
  }
}

describe('compiling anything', () => {
  const pieces = fc.constantFrom(
    'services:',
    'volumes:',
    'variables:',
    'image:',
    'extends:',
    'environment:',
    'web',
    ': ',
    '\n',
    '\n  ',
    '\n    ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '&a ',
    '*a',
    '<<: *a',
    '|',
    '>',
    '!x ',
    '$',
    '${',
    '$$',
    '#',
    '---\n',
    '\t',
    '\r\n',
    '\uFEFF',
    '\0',
    '\uFFFD',
    '__proto__',
    'constructor',
    'é',
    '1',
    'null',
    '%',
    '%{project}',
    '{{ ',
    ' }}',
    '{% if web %}',
    '{% endif %}',
    '{% for i in (1..3) %}',
    '{% endfor %}',
    'stack: a\n',
    'version: 2\n',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 60 }).map((p) => p.join('')),
  );

  test(
    'never throws, and always says where',
    () => {
      fc.assert(
        fc.property(text, text, text, (grid, stack, env) => {
          check({ [GRID_FILE]: grid, [STACK_FILE]: stack, 'grids/demo/stacks/shop/a.env': env });
        }),
        { numRuns: 300 * times },
      );
    },
    minutes,
  );

  const innerKeys = [
    'constructor',
    'toString',
    'protocol',
    'port',
    'strategy',
    'service',
    'file',
    'driver',
    'options',
    'type',
    'default',
    'from',
    'source',
    'target',
    'soft',
    'hard',
    'test',
    'interval',
    'aliases',
    'cmd',
    'name',
    'instances',
    'resources',
    'limits',
    'memory',
  ];
  /** More than some lists take, and no more than others do. */
  const numbers = Array.from({ length: 1_001 }, (_, at) => at + 1);
  const crowds: unknown[] = [
    numbers,
    numbers.slice(1).map((n) => `/p${n}`),
    numbers.slice(1).map((n) => `c ${n}:1 r`),
    Object.fromEntries(numbers.map((n) => [`n${n}`, 'x'])),
  ];
  const keys = [...Object.keys(ServiceEntry.properties), ...innerKeys];
  const scalar = fc.oneof(
    fc.constantFrom<string | number | boolean | null>(
      null,
      true,
      0,
      1,
      -1,
      1e21,
      'web',
      'a=b',
      '80:80',
      '/a:/b',
      'data:/x',
      '512m',
      '$x',
      '${x:-y}',
      'b.env',
      '10s',
      '/dev/null',
      'web:db',
      '127.0.0.1',
      'always',
      ...['', '/', 'data:/', '/a:/', '/t:uid=', 'label='].map((start) => start + '1'.repeat(5_000)),
      `c ${'1'.repeat(300)}:1 r`,
      numbers.join(','),
      'x'.repeat(300),
    ),
    fc.string(),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { arbitrary: scalar, weight: 20 },
      { arbitrary: fc.array(tie('value'), { maxLength: 4 }), weight: 20 },
      // Each costs the YAML parser as much as a hundred others.
      { arbitrary: fc.constantFrom(...crowds), weight: 1 },
      {
        arbitrary: fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), tie('value'), {
          maxKeys: 6,
        }),
        weight: 20,
      },
    ),
  }));

  test(
    'never throws for files of the right shape with anything in them',
    () => {
      const service = fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 8 });
      const services = fc.dictionary(fc.constantFrom('web', 'db', 'web-1', 'X', '_x'), service);
      const file = fc.record(
        { services, volumes: value, variables: value, expose: value, labels: value },
        { requiredKeys: ['services'] },
      );
      const grid = fc.dictionary(
        fc.constantFrom(
          'subnet',
          'nodes',
          'stacks',
          'prune',
          'deploy',
          'trusted_subnets',
          'default_affinity',
        ),
        value,
      );
      fc.assert(
        fc.property(file, grid, (stackFile, gridFile) => {
          check({
            [GRID_FILE]: JSON.stringify(gridFile),
            [STACK_FILE]: JSON.stringify(stackFile, null, 1),
          });
        }),
        { numRuns: 200 * times },
      );
    },
    minutes,
  );

  /** One edit of a file: a piece of it taken out, doubled, moved in from another file, or something strange put in. */
  const edit = fc.record({
    kind: fc.constantFrom(...editKinds),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat({ max: 60 }),
    from: fc.nat(),
    piece: pieces,
  });
  const seeds = fuzzSeeds();

  test(
    'never throws for files of people with a few mistakes in them',
    () => {
      const names = ['kontena.yml', 'docker-compose.yml'];
      const edits = fc.array(edit, { minLength: 1, maxLength: 6 });
      fc.assert(
        fc.property(
          fc.nat(),
          edits,
          fc.constantFrom(...names),
          fc.boolean(),
          (pick, all, name, lax) => {
            const seed = seeds[pick % seeds.length] ?? '';
            const edited = all.reduce((whole, one) => applyEdit(whole, one, seeds), seed);
            const file = aTextFile(edited, name);
            const made = convertFile({ file, name: 'shop', environment: new Map() });
            if (made.text === null) expect(made.problems).not.toEqual([]);
            check({
              [GRID_FILE]: lax ? 'compat: kontena' : '',
              [`grids/demo/stacks/shop/${name}`]: edited,
            });
          },
        ),
        { numRuns: 300 * times },
      );
    },
    minutes,
  );

  test(
    'never throws for bytes that are no text',
    () => {
      const bytes = fc.uint8Array({ maxLength: 400 }).map((b) => Buffer.from(b).toString('latin1'));
      fc.assert(
        fc.property(bytes, (noise) => check({ [STACK_FILE]: noise, [GRID_FILE]: noise })),
        { numRuns: 200 * times },
      );
    },
    minutes,
  );
});
