import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ROW = /^\| (\d+) \| [^|]+ \| (.+) \|$/gm;
const TEST = /`([\w./-]+)` ([^<]+)/g;

const rows = [...readFileSync(`${ROOT}docs/robustness.md`, 'utf8').matchAll(ROW)].map(
  ([, number = '', cell = '']) => ({ number, cell }),
);

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
