import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** A row of the import table, as scripts/import-table.mjs reads it from .oxlintrc.json. */
interface Row {
  readonly of: string;
  readonly folders: readonly string[];
  readonly files: readonly string[];
  readonly packages: readonly string[];
}

const rows = JSON.parse(printTable('--json')) as readonly Row[];
const folders = rows.map((row) => row.of).filter((of) => !of.includes('/'));
const temporary: string[] = [];

afterAll(() => {
  for (const folder of temporary) rmSync(folder, { recursive: true, force: true });
});

describe('the import table', () => {
  it('is the one that ARCHITECTURE.md shows', () => {
    const page = readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8');

    expect(page).toContain(`<!-- import-table:begin -->\n${printTable()}<!-- import-table:end -->`);
  });

  it('has a row for every folder of src', () => {
    const present = readdirSync(path.join(root, 'src'));

    expect(folders.toSorted()).toEqual(expect.arrayContaining(present.toSorted()));
  });

  it('has no two folders that may import each other', () => {
    const mayImport = new Map(rows.map((row) => [row.of, row.folders]));
    const mutual = folders.filter((a) =>
      mayImport.get(a)?.some((b) => mayImport.get(b)?.includes(a)),
    );

    expect(mutual).toEqual([]);
  });
});

describe('the linter', () => {
  it('finds every forbidden import and no allowed one, whatever its form', () => {
    const probes = rows.map(importProbe);

    const found = lint(probes, 'no-restricted-imports');

    expect(found).toEqual(probes.flatMap((probe) => probe.forbidden));
  });

  it('finds clocks, chance, timers and input or output in the pure folders, and only there', () => {
    const impure = [
      'export const a = Date.now();',
      'export const b = Math.random();',
      'export const c = process.env;',
      'export const d = setTimeout(() => undefined, 1);',
      "export const e = fetch('http://localhost');",
      "export const f = console.log('x');",
      'export const g = performance.now();',
      'export const h = crypto.randomUUID();',
    ];
    const probe = (folder: string) => {
      const file = `src/${folder}/probe.ts`;
      return { file, lines: impure, forbidden: impure.map((line) => `${file}: ${line}`) };
    };
    const pure = ['model', 'manifest', 'planner', 'protocol'].map(probe);

    const found = lint(
      [...pure, probe('runtime')],
      'no-restricted-globals',
      'no-restricted-properties',
    );

    expect(found.toSorted()).toEqual(pure.flatMap((one) => one.forbidden).toSorted());
  });
});

interface Probe {
  readonly file: string;
  readonly lines: readonly string[];
  /** The lines that the linter must report, as `file: line`. */
  readonly forbidden: readonly string[];
}

/** A file at the place that a row is about, with one import a line: of every folder and package, in four forms. */
function importProbe(row: Row): Probe {
  const isFile = row.of.endsWith('.ts');
  const file = isFile ? `src/${row.of}` : `src/${row.of}/probe.ts`;
  const own = row.of.split('/')[0];
  const targets = [
    './neighbour.ts',
    ...folders.filter((folder) => folder !== own).map((folder) => `../${folder}/neighbour.ts`),
    '../agent/main.ts',
    '../master/main.ts',
    '../unheard/of.ts',
    ...new Set(rows.flatMap((each) => each.packages).flatMap(modulesOf)),
    'left-pad',
  ].filter((target) => !target.startsWith(`../${own}/`));
  const imports = targets.flatMap((target, serial) =>
    forms(target, serial).map((line) => ({ line, allowed: isAllowed(row, target) })),
  );
  return {
    file,
    lines: imports.map(({ line }) => line),
    forbidden: imports.filter(({ allowed }) => !allowed).map(({ line }) => `${file}: ${line}`),
  };
}

function forms(target: string, serial: number): readonly string[] {
  return [
    `import { a as a${serial} } from '${target}';`,
    `import type { B as B${serial} } from '${target}';`,
    `export { c as c${serial} } from '${target}';`,
    `export const d${serial} = import('${target}');`,
  ];
}

/** What of a package is imported: a pattern like `node:*` stands for many modules. */
function modulesOf(name: string): readonly string[] {
  if (name === 'node:*') return ['node:fs', 'node:fs/promises'];
  if (name === 'ajv') return ['ajv', 'ajv/dist/2020.js'];
  if (name === 'isomorphic-git') return ['isomorphic-git', 'isomorphic-git/http/node'];
  return [name];
}

function isAllowed(row: Row, target: string): boolean {
  if (target.startsWith('./')) return true;
  if (target.startsWith('../')) {
    const place = target.slice('../'.length);
    return row.files.includes(place) || row.folders.includes(place.split('/')[0] ?? '');
  }
  return row.packages.some((name) =>
    name === 'node:*' ? target.startsWith('node:') : modulesOf(name).includes(target),
  );
}

/** Runs the project's linter once over a temporary tree; returns what the named rules report, as `file: line`, in order. */
function lint(probes: readonly Probe[], ...rules: readonly string[]): readonly string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'gridops-lint-'));
  temporary.push(folder);
  for (const probe of probes) {
    const file = path.join(folder, probe.file);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${probe.lines.join('\n')}\n`);
  }
  // Types are of no account here and would need a whole project.
  const configuration = readFileSync(path.join(root, '.oxlintrc.json'), 'utf8');
  writeFileSync(
    path.join(folder, '.oxlintrc.json'),
    configuration.replace('"typeAware": true', '"typeAware": false'),
  );
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
  const oxlint = path.join(root, 'node_modules/.bin/oxlint');
  const { stdout } = spawnSync(oxlint, ['src', '--format', 'json'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const reported = reportedLines(stdout, rules);
  return probes.flatMap((probe) =>
    probe.lines
      .map((line, index) => ({ line, at: `${probe.file}:${index + 1}` }))
      .filter(({ at }) => reported.has(at))
      .map(({ line }) => `${probe.file}: ${line}`),
  );
}

interface Report {
  readonly diagnostics: readonly {
    readonly code: string;
    readonly filename: string;
    readonly labels: readonly { readonly span: { readonly line: number } }[];
  }[];
}

function reportedLines(report: string, rules: readonly string[]): ReadonlySet<string> {
  const { diagnostics } = JSON.parse(report) as Report;
  return new Set(
    diagnostics
      .filter(({ code }) => rules.some((rule) => code.endsWith(`(${rule})`)))
      .flatMap(({ filename, labels }) => labels.map(({ span }) => `${filename}:${span.line}`)),
  );
}

function printTable(...args: readonly string[]): string {
  const script = path.join(root, 'scripts/import-table.mjs');
  return execFileSync(process.execPath, [script, ...args], { encoding: 'utf8' });
}
