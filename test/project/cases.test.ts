import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ROW = /^\| (\d+|[a-z]) \| [^|]+ \| (.+) \|$/gm;
const TEST = /`([\w./-]+)` ([^<]+)/g;

const rows = rowsOf('docs/robustness.md');
const scenarios = rowsOf('docs/forges.md');

describe('the cases that gridops has to survive', () => {
  it('are all there', () => {
    const numbers = rows.map(({ number }) => Number(number));
    expect(numbers).toEqual(Array.from({ length: 52 }, (_, at) => at + 1));
  });

  it.each(rows)('case $number names tests that exist', ({ cell }) => {
    const named = [...cell.matchAll(TEST)];
    for (const [, file = '', title = ''] of named)
      expect(hasTest(file, title.trim()), `${file}: ${title}`).toBe(true);
    if (named.length === 0) expect(cell).toMatch(/^(there is no such feature|clients supply no)/);
  });
});

describe('the scenarios at every code host', () => {
  it('are all there', () => {
    expect(scenarios.map(({ number }) => number).join('')).toBe('abcdefghijklmnopq');
  });

  it.each(scenarios)('scenario $number names tests that exist', ({ cell }) => {
    const named = [...cell.matchAll(TEST)];
    expect(named).not.toEqual([]);
    for (const [, file = '', title = ''] of named)
      expect(hasTest(file, title.trim()), `${file}: ${title}`).toBe(true);
  });
});

function rowsOf(file: string): readonly { readonly number: string; readonly cell: string }[] {
  const rowsIn = readFileSync(`${ROOT}${file}`, 'utf8').matchAll(ROW);
  return [...rowsIn].map(([, number = '', cell = '']) => ({ number, cell }));
}

function hasTest(file: string, title: string): boolean {
  const source = sourceOf(file);
  return ["'", '"'].some((quote) => source.includes(`${quote}${title}${quote}`));
}

/** Test files, and contracts that several of them run. */
function sourceOf(file: string): string {
  const found = [`${ROOT}test/${file}.test.ts`, `${ROOT}test/${file}.ts`].find((one) =>
    existsSync(one),
  );
  return found === undefined ? '' : readFileSync(found, 'utf8').replaceAll("\\'", "'");
}
