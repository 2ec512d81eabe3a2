import { describe, expect, test } from 'vitest';
import { brief, codes, compileFiles, GRID_FILE, STACK_FILE, theProblem } from './source-tree.ts';

const web = 'services:\n  web: {image: web}\n';

function compileGrid(text: string) {
  return compileFiles({ [GRID_FILE]: text, [STACK_FILE]: web });
}

describe('a grid', () => {
  const defaults = {
    name: 'demo',
    subnet: '10.81.0.0/16',
    trustedSubnets: [],
    mtu: 1370,
    defaultAffinity: [],
    nodes: {},
    pruneBudget: 0.3,
    deployTimeout: 600,
  };

  test('without a grid.yml, or with an empty one, has the defaults', () => {
    expect(compileFiles({ [STACK_FILE]: web })).toMatchObject({ grid: defaults, problems: [] });
    for (const text of ['', '# nothing yet\n', '{}', 'subnet: 10.81.0.0/16']) {
      expect(compileGrid(text)).toMatchObject({ grid: defaults, problems: [] });
    }
  });

  test('has what its file says', () => {
    const compiled = compileGrid(`
subnet: 10.90.0.0/17
trusted_subnets: [192.168.0.0/24]
mtu: 8870
default_affinity: [label!=reserved]
nodes:
  web-1: {labels: [az=eu-1a, ssd], availability: drain}
  web-2:
prune: {budget: 50%}
deploy: {timeout: 1h, parallel: 20, on_failure: rollback}
drift: report
grace_period: {ha: 5m, daemon: 1h}
x-team: shop
`);
    expect(compiled).toMatchObject({
      problems: [],
      grid: {
        subnet: '10.90.0.0/17',
        trustedSubnets: ['192.168.0.0/24'],
        mtu: 8_870,
        defaultAffinity: [{ key: 'label', negated: true, value: 'reserved' }],
        nodes: {
          'web-1': { labels: ['az=eu-1a', 'ssd'], availability: 'drain' },
          'web-2': { labels: [], availability: 'active' },
        },
        pruneBudget: 0.5,
        deployTimeout: 3_600,
        drift: 'report',
        gracePeriods: { ha: 300, daemon: 3_600 },
        parallel: 20,
        onFailure: 'rollback',
      },
    });
  });

  test.each([
    ['subnet: 10.81.0.1/16', 'error bad-subnet 1:9'],
    ['subnet: 10.81.0.0/28', 'error bad-subnet 1:9'],
    ['subnet: [a]', 'error wrong-type 1:9'],
    ['subnett: 10.81.0.0/16', 'error unknown-key 1:1'],
    ['mtu: 575', 'error wrong-value 1:6'],
    ['mtu: 9001', 'error wrong-value 1:6'],
    ['mtu: 1370.5', 'error wrong-type 1:6'],
    ['trusted_subnets: [all]', 'error bad-subnet 1:19'],
    ['default_affinity: [ssd]', 'error bad-affinity 1:20'],
    ['nodes: {web-1: {availability: gone}}', 'error wrong-value 1:31'],
    ['nodes: {web-1: {label: a}}', 'error unknown-key 1:17'],
    ['nodes: {"a b": {}}', 'error invalid-name 1:9'],
    ['nodes: [web-1]', 'error wrong-type 1:8'],
    ['prune: {budget: 101%}', 'error wrong-value 1:17'],
    ['prune: {budget: 0.3}', 'error wrong-value 1:17'],
    ['deploy: {timeout: 0s}', 'error bad-duration 1:19'],
    ['deploy: {timeout: soon}', 'error bad-duration 1:19'],
    ['drift: ignore', 'error wrong-value 1:8'],
    ['grace_period: {ha: soon}', 'error bad-duration 1:20'],
    ['grace_period: {ha: 9s}', 'error bad-duration 1:20'],
    ['grace_period: {random: 0}', 'error bad-duration 1:24'],
    ['grace_period: {stateful: 5m}', 'error unknown-key 1:16'],
    ['grace_period: 5m', 'error wrong-type 1:15'],
    ['deploy: {on_failure: retry}', 'error wrong-value 1:22'],
    ['deploy: {parallel: 0}', 'error wrong-value 1:20'],
    ['logs: {}', 'error not-supported-yet 1:1'],
    ['stats: {}', 'error not-supported-yet 1:1'],
    ['a: [', 'error yaml-syntax 1:5'],
    ['subnet: 10.0.0.0/16\nsubnet: 10.1.0.0/16', 'error duplicate-key 2:1'],
    ['- a', 'error wrong-type 1:1'],
    ['stacks: [a]', 'error wrong-type 1:9'],
  ])('%s is a problem of the grid as a whole', (text, expected) => {
    const compiled = compileGrid(text);
    expect(compiled.problems.map(brief)).toEqual([expected]);
    expect(compiled.problems[0]?.stack).toBeUndefined();
    expect(compiled.grid).toBeNull();
  });

  test('that is missing or says nothing at all is an error, never "remove all"', () => {
    const empty = [
      {},
      { 'grids/other/grid.yml': 'subnet: 10.81.0.0/16' },
      { 'stacks/a/kontena.yml': web },
    ];
    for (const files of [
      ...empty,
      { [GRID_FILE]: '' },
      { [GRID_FILE]: '{}' },
      { 'grids/demo/README.md': 'x' },
    ]) {
      expect(compileFiles(files)).toMatchObject({
        grid: null,
        stacks: [],
        failed: [],
        problems: [
          {
            code: 'grid-missing',
            severity: 'error',
            position: { file: GRID_FILE, line: 1, column: 1 },
          },
        ],
      });
    }
  });

  test('that says something but has no stacks yet is fine', () => {
    expect(compileFiles({ [GRID_FILE]: 'nodes: {a: {}}' })).toMatchObject({
      grid: { name: 'demo' },
      stacks: [],
      problems: [],
    });
  });

  test('whose file is a link is an error', () => {
    const compiled = compileFiles({ [GRID_FILE]: { refused: 'symlink' }, [STACK_FILE]: web });
    expect(compiled).toMatchObject({ grid: null, problems: [{ code: 'file-refused' }] });
  });

  test.each(['symlink', 'submodule'] as const)(
    'whose folder of stacks is a %s is an error',
    (reason) => {
      const compiled = compileFiles({
        [GRID_FILE]: 'nodes: {a: {}}',
        'grids/demo/stacks': { refused: reason },
      });
      expect(compiled).toMatchObject({ grid: null, problems: [{ code: 'file-refused' }] });
    },
  );

  test.each(['Demo', 'a.b', '..', '__proto__', 'constructor/x', ''])(
    'cannot be called %j',
    (name) => {
      const compiled = compileFiles({ [`grids/${name}/grid.yml`]: 'subnet: 10.81.0.0/16' }, name);
      expect(compiled.grid).toBeNull();
      expect(compiled.problems).not.toEqual([]);
    },
  );
});

describe('stacks of a grid', () => {
  const shared = 'stacks/shop/kontena.yml';

  test('come from folders and from grid.yml', () => {
    const compiled = compileFiles({
      [GRID_FILE]:
        'stacks:\n  eu: {file: ../../stacks/shop/kontena.yml, variables: {n: 2}}\n  us: {file: ../../stacks/shop/kontena.yml}\n  shop:\n',
      [shared]:
        'variables: {n: {type: integer, default: 1}}\nservices: {web: {image: web, instances: $n}}',
      [STACK_FILE]: web,
    });
    expect(compiled.problems).toEqual([]);
    expect(compiled.stacks.map((s) => [s.name, s.services[0]?.instances])).toEqual([
      ['eu', 2],
      ['shop', 1],
      ['us', 1],
    ]);
  });

  test.each(['symlink', 'submodule'] as const)(
    'fail when their folder is a %s: they are not gone',
    (reason) => {
      const compiled = compileFiles({
        [GRID_FILE]: 'nodes: {a: {}}',
        'grids/demo/stacks/shop': { refused: reason },
      });
      expect(compiled).toMatchObject({ failed: ['shop'], problems: [{ code: 'file-refused' }] });
    },
  );

  test('are no links to files', () => {
    const link = { 'grids/demo/stacks/README.md': { refused: 'symlink' } } as const;
    expect(compileFiles({ ...link, [STACK_FILE]: web })).toMatchObject({
      failed: [],
      problems: [],
    });
  });

  test('are no files and no folders without files', () => {
    const compiled = compileFiles({ 'grids/demo/stacks/README.md': 'x', [STACK_FILE]: web });
    expect(compiled.stacks.map((s) => s.name)).toEqual(['shop']);
  });

  test.each([
    [
      'a folder without a stack file',
      { 'grids/demo/stacks/shop/app.env': 'A=1' },
      'stack-file-missing',
    ],
    [
      'a stack file with another name',
      { 'grids/demo/stacks/shop/stack.yml': web },
      'stack-file-missing',
    ],
    ['a stack file that is a link', { [STACK_FILE]: { refused: 'symlink' } }, 'file-refused'],
    ['a stack file that is too large', { [STACK_FILE]: { refused: 'too-large' } }, 'file-refused'],
    [
      'a folder with a name that cannot be',
      { 'grids/demo/stacks/Shop/kontena.yml': web },
      'invalid-name',
    ],
    ['an entry without a file', { [GRID_FILE]: 'stacks: {shop: {}}' }, 'stack-file-missing'],
    [
      'an entry whose file is missing',
      { [GRID_FILE]: 'stacks: {shop: {file: a.yml}}' },
      'file-missing',
    ],
    [
      'an entry that leaves the repository',
      { [GRID_FILE]: 'stacks: {shop: {file: ../../../a.yml}}' },
      'bad-path',
    ],
    [
      'an entry with an unknown key',
      { [GRID_FILE]: 'stacks: {shop: {fil: a.yml}}' },
      'unknown-key',
    ],
    ['an entry that is no map', { [GRID_FILE]: 'stacks: {shop: a.yml}' }, 'wrong-type'],
    [
      'an entry with variables that are no map',
      { [GRID_FILE]: 'stacks: {shop: {variables: [a]}}' },
      'wrong-type',
    ],
    [
      'an entry with a name that cannot be',
      { [GRID_FILE]: `stacks: {Shop: {file: ../../${shared}}}`, [shared]: web },
      'invalid-name',
    ],
    [
      'an entry beside a folder',
      { [GRID_FILE]: `stacks: {shop: {file: ../../${shared}}}`, [shared]: web, [STACK_FILE]: web },
      'duplicate-stack',
    ],
  ] as const)('%s fails that stack only', (_, files, code) => {
    const compiled = compileFiles({ 'grids/demo/stacks/good/kontena.yml': web, ...files });
    const problem = theProblem(compiled);
    expect(problem.code).toBe(code);
    expect(compiled.failed).toEqual([problem.stack]);
    expect(compiled.stacks.map((s) => s.name)).toEqual(['good']);
    expect(compiled.grid).not.toBeNull();
  });

  test('with a problem in grid.yml show its place there', () => {
    const compiled = compileFiles({
      [GRID_FILE]: 'stacks:\n  shop:\n    fil: x\n',
      [STACK_FILE]: web,
    });
    expect(compiled.problems.map(brief)).toEqual(['error unknown-key 3:5']);
    expect(compiled.problems[0]).toMatchObject({ stack: 'shop', position: { file: GRID_FILE } });
  });

  test('are checked even when the grid has an error of its own', () => {
    const compiled = compileFiles({
      [GRID_FILE]: 'logs: {}',
      [STACK_FILE]: 'services: {web: {imge: x, image: a}}',
    });
    expect(codes(compiled)).toEqual(['not-supported-yet', 'unknown-key']);
    expect(compiled).toMatchObject({ grid: null, failed: ['shop'] });
  });
});
