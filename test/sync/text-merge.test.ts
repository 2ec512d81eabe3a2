import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diffLines } from '../../src/sync/line-diff.ts';
import { mergeText } from '../../src/sync/text-merge.ts';
import { effort } from '../support/effort.ts';

const run = promisify(execFile);

const anyLines = fc.array(fc.constantFrom('a\n', 'b\n', 'c\n', 'd\n'), { maxLength: 30 });

describe('differing lines', () => {
  it('make the one text of the other when they are put in', () => {
    fc.assert(
      fc.property(anyLines, anyLines, (one, other) => {
        const made: string[] = [];
        let done = 0;
        for (const { from, to, start, end } of diffLines(one, other)) {
          expect(from).toBeGreaterThanOrEqual(done);
          made.push(...one.slice(done, from), ...other.slice(start, end));
          done = to;
        }
        expect([...made, ...one.slice(done)]).toEqual(other);
      }),
    );
  });

  it('are as few as can be', () => {
    const hunks = diffLines('abcabba'.split(''), 'cbabac'.split(''));
    const edits = hunks.map(({ from, to, start, end }) => to - from + end - start);

    expect(edits.reduce((sum, count) => sum + count, 0)).toBe(5);
  });

  it('are said as one piece where they are too many to be told apart', async () => {
    const one = Array.from({ length: 100_000 }, (_, index) => `${index % 7}\n`);
    const other = Array.from({ length: 100_000 }, (_, index) => `${index % 5}\n`);

    const needed = await effort(() => {
      expect(diffLines(one, other)).toHaveLength(1);
    });

    expect(needed).toBeLessThan(2_000);
  });
});

describe('merged texts', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gridops-merge-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  const merge = (base: string, ours: string, theirs: string) =>
    mergeText({
      base: Buffer.from(base),
      ours: Buffer.from(ours),
      theirs: Buffer.from(theirs),
    })?.toString() ?? null;

  it('are the side that has changed, whatever it did', () => {
    fc.assert(
      fc.property(anyLines, anyLines, (base, changed) => {
        const [from, to] = [base.join(''), changed.join('')];
        expect(merge(from, to, from)).toBe(to);
        expect(merge(from, from, to)).toBe(to);
        expect(merge(from, to, to)).toBe(to);
      }),
    );
  });

  it('do not depend on whose side is whose', () => {
    fc.assert(
      fc.property(anyLines, anyLines, anyLines, (base, ours, theirs) => {
        const texts = [base.join(''), ours.join(''), theirs.join('')] as const;
        expect(merge(texts[0], texts[1], texts[2])).toBe(merge(texts[0], texts[2], texts[1]));
      }),
    );
  });

  it('are what git makes of them', { timeout: 60_000 }, async () => {
    const base = Array.from({ length: 12 }, (_, index) => `line ${index}\n`);
    const edit = fc.record({
      at: fc.integer({ min: 0, max: 11 }),
      kind: fc.constantFrom('change', 'remove', 'insert'),
      text: fc.constantFrom('x\n', 'y\n'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(edit, { maxLength: 3 }),
        fc.array(edit, { maxLength: 3 }),
        async (one, other) => {
          const [ours, theirs] = [edited(base, one), edited(base, other)];
          const files = { base: base.join(''), ours, theirs };
          for (const [name, text] of Object.entries(files)) {
            await writeFile(join(directory, name), text);
          }
          const git = await run('git', ['merge-file', '-p', 'ours', 'base', 'theirs'], {
            cwd: directory,
          }).then(
            ({ stdout }) => stdout,
            () => null,
          );

          expect(merge(files.base, ours, theirs)).toBe(git);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are no text where a zero is in it', () => {
    expect(merge('a\0\n', 'b\0\n', 'a\0\nc\n')).toBeNull();
  });
});

interface Edit {
  readonly at: number;
  readonly kind: string;
  readonly text: string;
}

function edited(base: readonly string[], edits: readonly Edit[]): string {
  const lines = [...base];
  for (const { at, kind, text } of edits) {
    if (kind === 'change') lines[at] = text;
    if (kind === 'remove') lines[at] = '';
    if (kind === 'insert') lines[at] = `${text}${lines[at] ?? ''}`;
  }
  return lines.join('');
}
