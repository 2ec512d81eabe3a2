import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCompiler } from '../../src/manifest/compile.ts';
import { compareProblems } from '../../src/manifest/report.ts';
import type { SourceFile } from '../../src/model/source.ts';
import { aSourceTree, compileFiles, type Files } from './source-tree.ts';

const stack = (name: string) => `grids/demo/stacks/${name}/kontena.yml`;

/** A source tree whose files say which of them were read. */
function watched(files: Files) {
  const source = aSourceTree(files);
  const read = new Set<string>();
  const entries = Array.from(source.files, ([path, file]): [string, SourceFile] => {
    if (file.kind !== 'text') return [path, file];
    const { text, ...rest } = file;
    const spy = Object.defineProperty({ ...rest }, 'text', { get: () => (read.add(path), text) });
    return [path, spy as SourceFile];
  });
  return { source: { ...source, files: new Map(entries) }, read };
}

describe('compiling again', () => {
  const files = (tag: string, env = 'A=1', grid = '') => ({
    'grids/demo/grid.yml': `${grid}stacks:\n  eu: {file: ../../stacks/shop/kontena.yml, variables: {domain: eu}}\n  us: {file: ../../stacks/shop/kontena.yml, variables: {domain: us}}\n`,
    'stacks/shop/kontena.yml':
      'variables: {domain: {}}\nservices: {web: {image: web, env_file: web.env, environment: {D: $domain}}}',
    'stacks/shop/web.env': env,
    [stack('one')]: `services: {a: {image: "a:${tag}", links: [two/b]}}`,
    [stack('two')]: 'services: {b: {image: b}}',
  });

  test('reads only what changed', () => {
    const compiler = createCompiler();
    const first = watched(files('1'));
    compiler.compile(first.source, 'demo');
    expect(first.read.size).toBe(5);
    const second = watched(files('2'));
    compiler.compile(second.source, 'demo');
    expect([...second.read]).toEqual([stack('one')]);
    const third = watched(files('2'));
    compiler.compile(third.source, 'demo');
    expect([...third.read]).toEqual([]);
  });

  test('reads what a changed environment file touches', () => {
    const compiler = createCompiler();
    compiler.compile(aSourceTree(files('1')), 'demo');
    const { source, read } = watched(files('1', 'A=2'));
    const { stacks } = compiler.compile(source, 'demo');
    expect([...read].toSorted()).toEqual(['stacks/shop/kontena.yml', 'stacks/shop/web.env']);
    expect(stacks.find((s) => s.name === 'eu')?.services[0]?.spec.env).toMatchObject({
      A: '2',
      D: 'eu',
    });
  });

  test('keeps the services of unchanged stacks as they are', () => {
    const compiler = createCompiler();
    const before = compiler.compile(aSourceTree(files('1')), 'demo');
    const after = compiler.compile(aSourceTree(files('2')), 'demo');
    const service = (compiled: typeof before, name: string) =>
      compiled.stacks.find((s) => s.name === name)?.services[0];
    expect(service(after, 'two')).toBe(service(before, 'two'));
    expect(service(after, 'one')).not.toEqual(service(before, 'one'));
  });

  test('notices a file that appears where one was missing', () => {
    const compiler = createCompiler();
    const text = { [stack('one')]: 'services: {a: {image: a, env_file: a.env}}' };
    expect(compiler.compile(aSourceTree(text), 'demo').failed).toEqual(['one']);
    const complete = { ...text, 'grids/demo/stacks/one/a.env': 'A=1' };
    expect(compiler.compile(aSourceTree(complete), 'demo').problems).toEqual([]);
    expect(compiler.compile(aSourceTree(text), 'demo').failed).toEqual(['one']);
  });

  test('shows problems where they are now', () => {
    const compiler = createCompiler();
    const bad = (above: string) => ({
      ...files('1'),
      'grids/demo/grid.yml': `${above}stacks:\n  one: {fil: x}\n`,
    });
    expect(compiler.compile(aSourceTree(bad('')), 'demo').problems[0]?.position.line).toBe(2);
    expect(compiler.compile(aSourceTree(bad('# new\n')), 'demo').problems[0]?.position.line).toBe(
      3,
    );
  });

  test('shows the same of very many problems', () => {
    const compiler = createCompiler();
    const keys = Array.from({ length: 300 }, (_, i) => `k${i}: 1`).join(', ');
    const source = aSourceTree({
      [stack('a')]: `services: {a: {image: a, ${keys}}, b: {image: b, ${keys}}}`,
    });
    expect(compiler.compile(source, 'demo')).toEqual(compiler.compile(source, 'demo'));
  });

  test('keeps grids apart', () => {
    const compiler = createCompiler();
    const source = aSourceTree({
      'grids/a/stacks/s/kontena.yml': 'services: {web: {image: $GRID}}',
      'grids/b/stacks/s/kontena.yml': 'services: {web: {image: $GRID}}',
    });
    for (const grid of ['a', 'b', 'a']) {
      expect(compiler.compile(source, grid).stacks[0]?.services[0]?.spec.image).toBe(
        `${grid}:latest`,
      );
    }
  });

  test('gives the same as compiling for the first time, after any changes', () => {
    const texts = fc.constantFrom(
      null,
      'services: {a: {image: a}}',
      'services: {a: {image: a, links: [two/a]}}',
      'services: {a: {image: a, links: [one/a]}}',
      'services: {b: {image: b, env_file: ../x.env}}',
      'variables: {v: {default: 1}}\nservices: {a: {image: "a:$v"}}',
      'variables: {v: {}}\nservices: {a: {image: "a:$v"}}',
      'services: {a: {extends: {file: ../two/kontena.yml, service: a}}}',
      'services: [',
    );
    const grids = fc.constantFrom(
      null,
      'nodes: {}',
      'stacks: {one: {variables: {v: 2}}}',
      '# more\nstacks: {one: {variables: {v: 2}}}',
      'stacks: {three: {file: stacks/two/kontena.yml, variables: {v: 3}}}',
      'logs: {}',
      'a: [',
    );
    const repository = fc.record({
      grid: grids,
      one: texts,
      two: texts,
      env: fc.constantFrom(null, 'A=1', 'A'),
    });
    fc.assert(
      fc.property(fc.array(repository, { minLength: 2, maxLength: 6 }), (commits) => {
        const compiler = createCompiler();
        for (const { grid, one, two, env } of commits) {
          const all = {
            'grids/demo/grid.yml': grid,
            [stack('one')]: one,
            [stack('two')]: two,
            'grids/demo/stacks/x.env': env,
          };
          const present = Object.fromEntries(
            Object.entries(all).flatMap(([path, text]) => (text === null ? [] : [[path, text]])),
          );
          expect(compiler.compile(aSourceTree(present), 'demo')).toEqual(compileFiles(present));
        }
      }),
    );
  });
});

describe('compiling', () => {
  test('sorts problems by file, line and column, and lists failed stacks by name', () => {
    const bad = 'services:\n  b: {image: b, ports: ["1", "2"]}\n  a: {zebra: x}\n';
    const { problems, failed } = compileFiles({
      'grids/demo/grid.yml': 'logs: {}\nstats: {}\n',
      [stack('z')]: bad,
      [stack('a')]: bad,
    });
    expect(problems).toHaveLength(10);
    expect(problems.toSorted(compareProblems)).toEqual(problems);
    expect(failed).toEqual(['a', 'z']);
  });

  test('does not let warnings fail anything', () => {
    const compiled = compileFiles({ [stack('a')]: 'services: {A: {image: a}}' });
    expect(compiled).toMatchObject({
      failed: [],
      stacks: [{ name: 'a' }],
      problems: [{ severity: 'warning' }],
    });
  });

  test('does not let many warnings hide anything', () => {
    const networks = Array.from({ length: 150 }, (_, i) => `n${i}: {priority: 1}`).join(', ');
    const { problems, stacks, failed } = compileFiles({
      [stack('s')]: `services:\n  b: {image: b, networks: {${networks}}}\n  a: {image: a}\n`,
    });
    expect(problems.map((p) => p.severity)).toEqual(Array.from({ length: 101 }, () => 'warning'));
    expect(failed).toEqual([]);
    expect(stacks[0]?.services).toHaveLength(2);
  });

  test('fails one stack when gridops itself fails on it, and no other', () => {
    const source = aSourceTree({
      [stack('bad')]: 'services: {a: {image: a}}',
      [stack('good')]: 'services: {a: {image: a}}',
    });
    const breaking = { ...source.files.get(stack('bad')) } as SourceFile;
    Object.defineProperty(breaking, 'text', {
      get: () => {
        throw new RangeError('too much recursion');
      },
    });
    const files = new Map([...source.files, [stack('bad'), breaking]]);
    expect(createCompiler().compile({ ...source, files }, 'demo')).toMatchObject({
      failed: ['bad'],
      stacks: [{ name: 'good' }],
      problems: [{ code: 'internal-error', position: { file: stack('bad') } }],
    });
  });

  test('refuses chains of variables that lead deeper and deeper into groups', () => {
    const chain = (depth: number): string =>
      Array.from({ length: 40 }, (_, i) => `v${i}: {from: {variable: v${i + 1}}}`).join(', ') +
      (depth === 0
        ? ', v40: {value: x}'
        : `, v40: {type: group, variables: {g: {type: group, variables: {${chain(depth - 1)}}}}}`);
    const { problems } = compileFiles({
      [stack('s')]: `variables: {${chain(10)}}\nservices: {a: {image: a}}\n`,
    });
    expect(problems.map(({ code }) => code)).toContain('variable-cycle');
  });

  test('one stack with errors does not stop the others', () => {
    const compiled = compileFiles({
      [stack('bad')]: '[',
      [stack('good')]: 'services: {a: {image: a}}',
    });
    expect(compiled).toMatchObject({
      grid: { name: 'demo' },
      failed: ['bad'],
      stacks: [{ name: 'good' }],
    });
  });
});
