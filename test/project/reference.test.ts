import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { configDocs } from '../../src/cli/config.ts';
import { references } from '../../src/manifest/reference.ts';
import { problemCodes, problemHelp } from '../../src/model/problem-code.ts';

const root = path.resolve(import.meta.dirname, '../..');

describe('the tables of keys and problem codes', () => {
  const parts = Object.entries(references()).flatMap(([page, tables]) =>
    Object.entries(tables).map(([name, table]) => [page, name, table] as const),
  );

  it.each(parts)(
    'of %s (%s) are current: node scripts/reference-docs.mjs --write',
    (page, name, table) => {
      expect(read(page)).toContain(`<!-- ${name}:begin -->\n${table}\n<!-- ${name}:end -->`);
    },
  );
});

describe('the list of problem codes', () => {
  it('has every code that the compiler uses, and no other', () => {
    const known = problemCodes.map(({ code }) => code).filter((code) => !unreadable.includes(code));

    expect(known).toEqual(usedCodes());
  });

  it('has what makes a commit unreadable for good', () => {
    const faults = read('src/sync/faults.ts');

    expect(unreadable.filter((code) => !faults.includes(`'${code}'`))).toEqual([]);
  });

  it('leads to an anchor of the documentation', () => {
    for (const { code } of problemCodes) {
      const [page = '', anchor] = problemHelp(code).split('#');
      expect(read(page)).toContain(`<a id="${anchor}"></a>`);
    }
  });
});

describe('docs/settings.md', () => {
  it('is what `gridops config docs` prints', () => {
    const settings = read('docs/settings.md');

    expect(settings).toContain(`<!-- settings:begin -->\n${configDocs()}<!-- settings:end -->`);
  });
});

/** Faults of the repository that are problems of the commit (master/revision.ts). */
const unreadable = ['repository-refused', 'repository-too-large', 'unsupported-repository'];

/** What only the master can find out. */
const checksOfTheMaster = [
  'src/master/verification.ts',
  'src/master/secret-check.ts',
  'src/master/foreign-stacks.ts',
  'src/master/grid-heads.ts',
];

/** What stands behind `code:` in the compiler's sources; the codes of its checks are written out there, each as a word. */
function usedCodes(): readonly string[] {
  const files = readdirSync(path.join(root, 'src/manifest')).map((name) => `src/manifest/${name}`);
  const sources = [...files, ...checksOfTheMaster].map(read).join('\n');
  const codes = [...sources.matchAll(/\bcode:\s+([^,;\n]+)/g)].flatMap((match) =>
    [...(match[1] ?? '').matchAll(/'([a-z0-9]+(?:-[a-z0-9]+)+)'/g)].map((word) => word[1] ?? ''),
  );
  return [...new Set(codes)].toSorted();
}

function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}
