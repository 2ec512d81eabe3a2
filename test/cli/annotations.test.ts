import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { annotations, inert } from '../../src/cli/annotations.ts';
import type { Problem } from '../../src/model/problem.ts';

function aProblem(overrides: Partial<Problem> = {}): Problem {
  return {
    severity: 'error',
    code: 'unknown-key',
    message: 'unknown key "imagee"',
    position: { file: 'grids/demo/grid.yml', line: 4, column: 5 },
    ...overrides,
  };
}

/** How the runner reads a command. */
function read(line: string) {
  const [, command = '', properties = '', data = ''] = /^::([a-z]+) (.*?)::(.*)$/.exec(line) ?? [];
  const fields = properties.split(',').map((pair): [string, string] => {
    const [name = '', ...value] = pair.split('=');
    return [name, unescape(value.join('='))];
  });
  return { command, ...Object.fromEntries(fields), data: unescape(data) };
}

function unescape(text: string): string {
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}

describe('annotations of GitHub Actions', () => {
  it('are one line for each problem', () => {
    const warning = aProblem({ severity: 'warning', code: 'no-effect', hint: 'Remove it.' });
    expect(annotations([aProblem(), warning])).toBe(
      [
        '::error file=grids/demo/grid.yml,line=4,col=5,title=unknown-key::unknown key "imagee"%0ASee docs/grid-repository.md#unknown-key',
        '::warning file=grids/demo/grid.yml,line=4,col=5,title=no-effect::unknown key "imagee"%0ARemove it.%0ASee docs/grid-repository.md#no-effect',
        '',
      ].join('\n'),
    );
    expect(annotations([])).toBe('');
  });

  it.each([
    ['%', '%25'],
    [':', '%3A'],
    [',', '%2C'],
    ['::set-output name=a::b', '%3A%3Aset-output name=a%3A%3Ab'],
  ])('write %j in the name of a file as %j', (name, written) => {
    const position = { file: name, line: 1, column: 1 };
    expect(annotations([aProblem({ position })])).toContain(`file=${written},line=1`);
  });

  it('are read as they were meant, whatever text there is in them', () => {
    const anyText = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(anyText, anyText, (file, message) => {
        const out = annotations([aProblem({ message, position: { file, line: 1, column: 2 } })]);
        expect(out.split('\n')).toHaveLength(2);
        const found = read(out.trimEnd());
        expect(found).toMatchObject({ command: 'error', line: '1', col: '2' });
        // Invisible characters are shown by their code points.
        if (!/[\p{C}\p{Zl}\p{Zp}]/u.test(file + message))
          expect(found).toMatchObject({ file, data: expect.stringContaining(message) });
      }),
    );
  });

  it('are the only commands in the log', () => {
    expect(inert('a ##[add-mask]b\n  ::stop-commands::x\n::error::y')).toBe(
      'a ## [add-mask]b\n  : :stop-commands::x\n: :error::y',
    );
  });
});
