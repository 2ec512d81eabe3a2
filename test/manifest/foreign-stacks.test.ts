import { describe, expect, it } from 'vitest';
import { createCompiler } from '../../src/manifest/compile.ts';
import { foreignStacks } from '../../src/manifest/foreign-stacks.ts';
import {
  type ForeignSource,
  foreignPath,
  type SourceFile,
  type SourceTree,
  sourceFile,
} from '../../src/model/source.ts';

const stack = `stack: acme/shop
variables:
  tag: {type: string, default: "1"}
services:
  web:
    image: shop:\${tag}
    env_file: web.env
`;

function aFile(path: string, text: string): SourceFile {
  return { kind: 'text', path, text, blob: `${path} ${text}` };
}

function fileMap(files: Readonly<Record<string, string>>): ReadonlyMap<string, SourceFile> {
  return new Map(Object.entries(files).map(([path, text]) => [path, aFile(path, text)]));
}

function found(files: Readonly<Record<string, string>>, sha = 'c1'): ForeignSource {
  const there = Object.entries(files).map(([path, text]) => [foreignPath('shop', path), text]);
  return {
    kind: 'files',
    origin: { repository: 'shop', sha },
    file: foreignPath('shop', 'deploy/kontena.yml'),
    files: fileMap(Object.fromEntries(there)),
  };
}

function aSource(
  entry: string,
  foreign?: ForeignSource,
  more: Readonly<Record<string, string>> = {},
): SourceTree {
  const files = fileMap({ 'grids/prod/grid.yml': `stacks:\n  shop: ${entry}\n`, ...more });
  return {
    sha: 'a1',
    inputs: 'i',
    files,
    ...(foreign === undefined ? {} : { foreign: new Map([['shop', foreign]]) }),
  };
}

const entry = '{repository: shop, ref: v1, path: deploy/kontena.yml, variables: {tag: "2"}}';
const files = { 'deploy/kontena.yml': stack, 'deploy/web.env': 'MODE=live\n' };
const compile = (source: SourceTree) => createCompiler().compile(source, 'prod');

describe('the stacks that a grid takes from other repositories', () => {
  it('are found in its file, with the defaults of what is not written', () => {
    const text =
      'stacks:\n  shop: {repository: shop}\n  blog: {file: x.yml}\n  api: {repository: a, ref: v1, path: ./d/k.yml}\n';
    expect(foreignStacks(aFile('grids/prod/grid.yml', text))).toEqual([
      { stack: 'shop', repository: 'shop', ref: null, path: 'kontena.yml' },
      { stack: 'api', repository: 'a', ref: 'v1', path: 'd/k.yml' },
    ]);
  });

  it('are none in a file that cannot be read', () => {
    for (const text of ['stacks: {', 'stacks: [repository]', '# repository', 'repository: x'])
      expect(foreignStacks(aFile('grids/prod/grid.yml', text))).toEqual([]);
    expect(foreignStacks(undefined)).toEqual([]);
  });
});

describe('a stack from another repository', () => {
  it('is compiled with the variables of grid.yml and the files beside it, and says its commit', () => {
    const { stacks, problems } = compile(aSource(entry, found(files)));
    expect(problems).toEqual([]);
    expect(stacks).toMatchObject([
      {
        name: 'shop',
        from: { repository: 'shop', sha: 'c1' },
        services: [{ spec: { image: 'shop:2' }, position: { file: '@shop/deploy/kontena.yml' } }],
      },
    ]);
    expect(stacks[0]?.services[0]?.spec.env).toMatchObject({ MODE: 'live' });
  });

  it('is the same services when only its commit is another', () => {
    const compiler = createCompiler();
    const [before] = compiler.compile(aSource(entry, found(files, 'c1')), 'prod').stacks;
    const [after] = compiler.compile(aSource(entry, found(files, 'c2')), 'prod').stacks;
    expect(after?.from?.sha).toBe('c2');
    expect(after?.services[0]).toBe(before?.services[0]);
  });

  it('brings stacks of its own folder along', () => {
    const child = 'services: {db: {image: "db:1"}}\n';
    const parent = `${stack}depends:\n  redis: {stack: redis/kontena.yml}\n`;
    const source = aSource(
      entry,
      found({ ...files, 'deploy/kontena.yml': parent, 'deploy/redis/kontena.yml': child }),
    );
    expect(compile(source)).toMatchObject({
      problems: [],
      stacks: [
        { name: 'shop', from: { sha: 'c1' } },
        { name: 'shop-redis', from: { sha: 'c1' } },
      ],
    });
  });

  it.each([
    ['../secret.env', 'another folder of its repository'],
    ['../../grids/prod/secrets.yml', 'the sealed values of the grid'],
    ['../../grids/prod/own.env', 'a file of the grid'],
    ['../../stacks/own.env', 'a shared file of the grid repository'],
  ])('cannot use %s: %s', (path) => {
    const reach = stack.replace('web.env', path);
    const more = {
      'grids/prod/secrets.yml': 'secrets: {}\n',
      'grids/prod/own.env': 'A=b\n',
      'stacks/own.env': 'A=b\n',
    };
    const there = found({ 'deploy/kontena.yml': reach, 'secret.env': 'A=b\n' });
    const { problems, failed, stacks } = compile(aSource(entry, there, more));
    expect(problems).toMatchObject([
      { code: 'file-missing', position: { file: '@shop/deploy/kontena.yml', line: 7 } },
    ]);
    expect([failed, stacks]).toEqual([['shop'], []]);
  });

  it('is no source of files for stacks of the grid itself', () => {
    const own = 'services: {web: {image: "a:1", env_file: ../../../../@shop/deploy/web.env}}\n';
    const more = { 'grids/prod/stacks/own/kontena.yml': own };
    const { failed } = compile(aSource(entry, found(files), more));
    expect(failed).toEqual(['own']);
  });

  it('uses what is sealed in the grid, and nothing sealed that its own repository has', () => {
    const secret = stack.replace(
      '    env_file: web.env\n',
      '    secrets: [{secret: password, name: PASSWORD, type: env}]\n',
    );
    const there = found({
      'deploy/kontena.yml': secret,
      'grids/prod/secrets.yml': 'secrets: {password: g1.x.y}\n',
    });
    const { problems } = compile(aSource(entry, there));
    expect(problems.map(({ code }) => code)).toEqual(['unknown-secret']);
  });
});

describe('a stack that cannot be had', () => {
  it.each(['repository', 'ref', 'path'] as const)('is a problem at its %s, and is held', (key) => {
    const fault = { kind: 'fault', key, code: 'unknown-ref', message: 'not there' } as const;
    const { problems, failed, grid } = compile(aSource(entry, fault));
    expect(problems).toMatchObject([
      { code: 'unknown-ref', position: { file: 'grids/prod/grid.yml', line: 2 }, stack: 'shop' },
    ]);
    const column = entry.indexOf(`${key}: `) + key.length + 2 + '  shop: '.length + 1;
    expect(problems[0]?.position.column).toBe(column);
    expect([failed, grid?.name]).toEqual([['shop'], 'prod']);
  });

  it('because its file is not there is a problem at the path', () => {
    const { problems } = compile(aSource(entry, found({ 'deploy/web.env': '' })));
    expect(problems).toMatchObject([{ code: 'file-missing', position: { line: 2 } }]);
  });

  it('is held where nobody has looked, and only warned of where nothing is deployed', () => {
    expect(compile(aSource(entry)).failed).toEqual(['shop']);
    const unseen = compile(aSource(entry, { kind: 'unseen' }));
    expect(unseen.failed).toEqual([]);
    expect(unseen.problems).toMatchObject([{ severity: 'warning', code: 'stack-elsewhere' }]);
  });
});

it.each([
  ['{ref: v1}', 'missing-key'],
  ['{path: kontena.yml}', 'missing-key'],
  ['{repository: shop, file: a.yml}', 'duplicate-stack'],
  ['{repository: shop, path: ../x.yml}', 'bad-path'],
  ['{repository: shop, ref: "a..b -x"}', 'wrong-value'],
])('grid.yml may not say %s of a stack', (written, code) => {
  const { problems, failed } = compile(aSource(written, found(files)));
  expect(problems.map((one) => one.code)).toContain(code);
  expect(failed).toEqual(['shop']);
});

it('a stack that has a folder, too, is there twice', () => {
  const more = { 'grids/prod/stacks/shop/kontena.yml': 'services: {}\n' };
  const { problems } = compile(aSource(entry, found(files), more));
  expect(problems.map((one) => one.code)).toEqual(['duplicate-stack']);
});

it('a file is found by its path wherever it is from', () => {
  const source = aSource(entry, found(files));
  expect(sourceFile(source, '@shop/deploy/web.env')).toMatchObject({ text: 'MODE=live\n' });
  expect(sourceFile(source, 'grids/prod/grid.yml')).toMatchObject({ kind: 'text' });
  expect(sourceFile(source, '@blog/deploy/web.env')).toBeUndefined();
});
