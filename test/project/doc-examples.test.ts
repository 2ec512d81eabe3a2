import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createCompiler } from '../../src/manifest/compile.ts';
import { foreignStacks } from '../../src/manifest/foreign-stacks.ts';
import { anyName, type KeyRow, keyRows } from '../../src/manifest/key-rows.ts';
import { GridFile, StackFile, VolumeEntry } from '../../src/manifest/schema.ts';
import { ServiceEntry } from '../../src/manifest/service-schema.ts';
import { VariableEntry } from '../../src/manifest/variable-schema.ts';
import type { Problem } from '../../src/model/problem.ts';
import { foreignPath, type SourceTree, type TextFile } from '../../src/model/source.ts';

const root = path.resolve(import.meta.dirname, '../..');

type Fields = Readonly<Record<string, unknown>>;

/** What examples refer to: a new one that needs something that is not here gets it here. */
const services = {
  db: { image: 'db:1' },
  web: { image: 'web:1' },
  store: { image: 'store:1' },
  uploads: { image: 'uploads:1' },
};
const volumes = { data: {} };
const configs = { nginx: { file: 'nginx.conf' } };
const secrets = { 'api-key': { file: 'api-key.txt' } };
const files = {
  'app.env': 'LOG_LEVEL=info\n',
  'docker-compose.yml': 'services: {web: {image: compose:1}}\n',
  'common.yml': 'stack: me/common\nservices: {db: {image: "db:1"}, web: {image: "web:1"}}\n',
  'nginx.conf': 'events {}\n',
  'api-key.txt': 'a\n',
  'html/index.html': 'hello\n',
  'web.labels': 'team=shop\n',
  'people.yml': `subnet: 10.81.0.0/16\nserver: {public_key: ${'A'.repeat(43)}=}\n`,
};

const anySealed = `g1.${'a'.repeat(16)}.${'QUJD'.repeat(20)}`;
const names = ['shop-db-password', 'REGISTRY_PASSWORD', 'HUB_TOKEN'];
const sealed = `secrets: {${names.map((name) => `${name}: ${anySealed}`).join()}}\ncertificates: {www.example.com: ${anySealed}}\n`;

/** A stack that others bring along. */
const redis =
  'variables: {size: {default: 64m}}\nservices: {redis: {image: "redis:7", mem_limit: $size}}\n';

/** What has to be said of a service besides. */
const serviceAround: Readonly<Record<string, Fields>> = {
  memswap_limit: { mem_limit: '512m' },
  mem_swaplimit: { mem_limit: '512m' },
  log_opt: { log_driver: 'syslog' },
  log_opts: { log_driver: 'syslog' },
};

/** Something has to say when a job runs. */
function jobAround(name: string, { job }: Fields): Fields {
  if (!name.startsWith('job.') || name === 'job.run') return {};
  return { job: { schedule: '0 3 * * *', ...Object(job) } };
}

/** Names of the user's choice are not free everywhere. */
function nameBelow(keys: readonly string[]): string {
  return keys.includes('ulimits') ? 'nofile' : 'db';
}

function gridNameBelow(keys: readonly string[]): string {
  return keys[0] === 'registries' ? 'registry.example.com' : 'shop-eu';
}

/** What means something only with another key beside it. */
const stackAround: Readonly<Record<string, Fields>> = {
  'secrets.<name>.name': { secrets: { a: { external: true, name: 'shop-db-password' } } },
};

const elsewhere = { stacks: { 'shop-eu': { repository: 'shop' } } };

/** What has to be said in grid.yml besides. */
const gridAround: Readonly<Record<string, Fields>> = {
  'stacks.<name>.ref': elsewhere,
  'stacks.<name>.path': elsewhere,
};

function withStack(one: Fields, other: Fields | undefined): Fields {
  const { stacks } = one as { stacks: Record<string, Fields> };
  const { stacks: more } = Object(other) as { stacks: Record<string, Fields> };
  return { stacks: { 'shop-eu': { ...stacks['shop-eu'], ...more['shop-eu'] } } };
}

/** What has to be said of a variable besides, for a key to mean something. */
const variableAround: Readonly<Record<string, Fields>> = {
  type: { default: 1 },
  min: { type: 'integer', default: 4 },
  max: { type: 'integer', default: 4 },
  options: { type: 'enum', default: 'small' },
  min_length: { default: 'example.com' },
  max_length: { default: 'example.com' },
  from: { default: 'a' },
  decode_64: { default: 'aGVsbG8=' },
  nil_is_zero: { type: 'integer' },
  truthy: { type: 'boolean' },
  nil_is: { type: 'boolean' },
  blank_is: { type: 'boolean' },
  true: { type: 'boolean' },
  false: { type: 'boolean' },
  as: { type: 'boolean' },
  can_be_other: { type: 'enum', default: 'a' },
  schemes: { type: 'uri', default: 'http://a' },
  split: { type: 'array' },
  join: { type: 'array', default: 'a' },
  sort: { type: 'array' },
  uniq: { type: 'array' },
  compact: { type: 'array' },
  count: { type: 'array' },
  variables: { type: 'group' },
  validate: { default: 'abc' },
};

describe('the example of', () => {
  it.each(named(ServiceEntry))('the service key %s compiles', (name, row, rows) => {
    const own = nested(row, rows, nameBelow(row.path));
    const app = { image: 'app:1', ...serviceAround[name], ...own, ...jobAround(name, own) };
    expect(stackErrors({ services: { ...services, app }, volumes, configs, secrets })).toEqual([]);
  });

  it.each(named(VolumeEntry))('the volume key %s compiles', (_, row, rows) => {
    const data = nested(row, rows, 'a');
    const web = { image: 'web:1', volumes: ['data:/data'] };
    expect(stackErrors({ services: { web }, volumes: { data } })).toEqual([]);
  });

  it.each(named(VariableEntry))('the variable key %s compiles', (name, row, rows) => {
    const fields = { ...(variableAround[name] ?? { default: 'a' }), ...nested(row, rows, 'a') };
    expect(stackErrors({ variables: { T: fields }, services })).toEqual([]);
  });

  it.each(named(StackFile))('the key %s of kontena.yml compiles', (name, row, rows) => {
    expect(stackErrors({ services, ...(stackAround[name] ?? nested(row, rows, 'a')) })).toEqual([]);
  });

  it.each(named(GridFile))('the key %s of grid.yml compiles', (name, row, rows) => {
    const fields = nested(row, rows, gridNameBelow(row.path));
    const grid = name in gridAround ? withStack(fields, gridAround[name]) : fields;
    expect(gridErrors(grid)).toEqual([]);
  });
});

describe('the keys', () => {
  it.each([
    ['a service', ServiceEntry],
    ['a volume', VolumeEntry],
    ['a variable', VariableEntry],
    ['kontena.yml', StackFile],
    ['grid.yml', GridFile],
  ])('of %s each have an example or keys inside (`examples` in the schema)', (_, schema) => {
    const rows = keyRows(schema);
    const without = rows.filter(
      (row) => row.example === undefined && !hasInner(row) && !isListed(row),
    );
    expect(without.map((row) => row.path.join('.'))).toEqual([]);
  });
});

describe('a block of YAML in the documentation', () => {
  it.each(blocks())('compiles: %s', (_, text) => {
    const content: unknown = parse(text);
    const keys = Object.keys(Object(content));
    if (keys.includes('services')) expect(stackErrors(text)).toEqual([]);
    else expect(gridErrors(text)).toEqual([]);
  });
});

type Named = [string, KeyRow, readonly KeyRow[]];

function named(schema: object): Named[] {
  const rows = keyRows(schema);
  return rows
    .filter((row) => row.example !== undefined && !isListed(row))
    .map((row) => [row.path.join('.'), row, rows]);
}

/** A key of an item of a list: the list's own example shows whole items. */
function isListed({ path: keys }: KeyRow): boolean {
  return keys.some((key) => key.endsWith('[]'));
}

/** Maps that have keys of their own, or are kinds with a table of their own. */
function hasInner({ schema }: KeyRow): boolean {
  const values = Object(schema.additionalProperties) as { properties?: object };
  return schema.properties !== undefined || values.properties !== undefined;
}

/** The example at its place, with what the maps around it demand. */
function nested(row: KeyRow, rows: readonly KeyRow[], name: string): Fields {
  const value = row.path.toReversed().reduce<unknown>((inner, key, index) => {
    const above = row.path.slice(0, row.path.length - 1 - index);
    const own = { [key === anyName ? name : key]: inner };
    return above.length === 0 ? own : { ...demanded(above, rows), ...own };
  }, row.example);
  return value as Fields;
}

function demanded(above: readonly string[], rows: readonly KeyRow[]): Fields {
  const siblings = rows.filter(
    (row) =>
      row.isRequired &&
      row.path.length === above.length + 1 &&
      above.every((step, index) => row.path[index] === step),
  );
  return Object.fromEntries(siblings.map((row) => [row.path.at(-1) ?? '', row.example]));
}

function stackErrors(stack: Fields | string): readonly string[] {
  const folder = 'grids/demo/stacks/shop';
  const beside = Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]);
  return errorsOf({
    ...Object.fromEntries(beside),
    [`${folder}/kontena.yml`]: textOf(stack),
    'grids/demo/stacks/redis/kontena.yml': redis,
    'grids/demo/secrets.yml': sealed,
  });
}

function gridErrors(grid: Fields | string): readonly string[] {
  const shop =
    'variables: {domain: {default: a}, workers: {type: integer, default: 2}}\nservices: {web: {image: "web:1"}}\n';
  return errorsOf({
    'grids/demo/grid.yml': textOf(grid),
    'grids/demo/secrets.yml': sealed,
    'grids/demo/stacks/web/kontena.yml': shop,
    'stacks/shop/kontena.yml': shop,
    'grids/demo/stacks/shop-eu/kontena.yml': shop,
  });
}

function textOf(content: Fields | string): string {
  return typeof content === 'string' ? content : stringify(content);
}

/** A stack with a folder cannot have a `file`: the one of the folder makes way. */
function errorsOf(content: Readonly<Record<string, string>>): readonly string[] {
  const entries = Object.entries(content).filter(
    ([file]) =>
      !(
        file.includes('/shop-eu/') && /file:|repository:/.test(content['grids/demo/grid.yml'] ?? '')
      ),
  );
  const gridFile = content['grids/demo/grid.yml'] ?? '';
  const source: SourceTree = {
    sha: 'a'.repeat(40),
    inputs: '',
    files: new Map(
      entries.map(([file, text]) => [file, { kind: 'text', path: file, blob: text, text }]),
    ),
    foreign: new Map(
      foreignStacks(aFile('grids/demo/grid.yml', gridFile)).map(
        ({ stack, repository, path: file }) => {
          const there = aFile(
            foreignPath(repository, file),
            content['stacks/shop/kontena.yml'] ?? '',
          );
          const origin = { repository, sha: 'b'.repeat(40) };
          return [
            stack,
            { kind: 'files', origin, file: there.path, files: new Map([[there.path, there]]) },
          ];
        },
      ),
    ),
  };
  const { problems } = createCompiler().compile(source, 'demo');
  return problems.filter((problem) => problem.severity === 'error').map(line);
}

function aFile(file: string, text: string): TextFile {
  return { kind: 'text', path: file, blob: text, text };
}

function line({ position, code, message }: Problem): string {
  return `${position.line}:${position.column} ${code}: ${message}`;
}

/** Blocks of grid.yml and kontena.yml, by what is at their top; other programs' files are not ours to check. */
function blocks(): readonly [string, string][] {
  const pages = [
    'README.md',
    ...readdirSync(path.join(root, 'docs')).map((name) => `docs/${name}`),
  ];
  return pages
    .filter((page) => page.endsWith('.md'))
    .flatMap((page) =>
      [...readFileSync(path.join(root, page), 'utf8').matchAll(/^```ya?ml\n([^]*?)^```/gm)].map(
        (match, index): [string, string] => [`${page}, block ${index + 1}`, match[1] ?? ''],
      ),
    )
    .filter(([, text]) => /^(?:services|stacks|nodes|default_affinity):/m.test(text));
}
