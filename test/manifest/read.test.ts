import { describe, expect, test } from 'vitest';
import { readTree } from '../../src/manifest/read.ts';
import { locate, type TreeNode } from '../../src/manifest/tree.ts';
import { aTextFile, brief } from './source-tree.ts';

function read(text: string) {
  return readTree(aTextFile(text));
}

function toValue(node: TreeNode | null): unknown {
  if (node === null) return null;
  if (node.kind === 'scalar') return node.text;
  if (node.kind === 'list') return node.items.map(toValue);
  return Object.fromEntries(
    Array.from(node.entries, ([key, entry]) => [key, toValue(entry.value)]),
  );
}

describe('reading a file', () => {
  test('scalars keep the text they are written with', () => {
    const { root } = read('a: 1.10\nb: yes\nc: 010\nd: "x\\ty"\ne: 22:22\nf: |\n  two\n  lines\n');
    expect(toValue(root)).toEqual({
      a: '1.10',
      b: 'yes',
      c: '010',
      d: 'x\ty',
      e: '22:22',
      f: 'two\nlines\n',
    });
  });

  test('every value knows its place', () => {
    const { root } = read('a:\n  - b: 1\n    c: {d: 2}\n');
    expect(root && locate(root, ['a', 0, 'c', 'd'])).toMatchObject({
      line: 3,
      column: 12,
      text: '2',
    });
  });

  test('places are right with CRLF, with a byte order mark and after a document start', () => {
    expect(read('a: 1\r\nb: 2\r\nb: 3\r\n').problems.map(brief)).toEqual([
      'error duplicate-key 3:1',
    ]);
    expect(read('\uFEFFa: 1\na: 2').problems.map(brief)).toEqual(['error duplicate-key 2:1']);
    expect(read('---\na: 1\na: 2').problems.map(brief)).toEqual(['error duplicate-key 3:1']);
  });

  test('an empty file and one with comments only are null', () => {
    for (const text of ['', '# nothing\n', '---\n', '\n\n']) {
      expect(read(text)).toMatchObject({
        root: { kind: 'scalar', text: '', plain: true },
        problems: [],
      });
    }
  });

  test('aliases and merge keys bring the values of their anchors', () => {
    const { root, problems } = read(
      'x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: [{a: 4}, *x]}\nw: *x\n',
    );
    expect(problems).toEqual([]);
    expect(toValue(root)).toMatchObject({
      y: { a: '1', b: '3' },
      z: { a: '4', b: '2' },
      w: { a: '1', b: '2' },
    });
  });

  test('an anchor that is used many times is fine', () => {
    const text = `x: &x {a: 1}\n${Array.from({ length: 1_000 }, (_, i) => `k${i}: *x`).join('\n')}`;
    expect(read(text).problems).toEqual([]);
  });

  test.each([
    ['a key twice', 'a: 1\nb: 2\na: 3', 'error duplicate-key 3:1'],
    ['a key twice in a flow map', '{a: 1, a: 2}', 'error duplicate-key 1:8'],
    ['a tab as indentation', 'a:\n\tb: 1', 'error yaml-syntax 2:1'],
    ['a second document', 'a: 1\n---\nb: 2\n', 'error multiple-documents 2:1'],
    ['a tag', 'a: !reset 1', 'error unknown-tag 1:4'],
    ['a tag and nothing else', 'a: !reset\nb: 1', 'error unknown-tag 1:4'],
    ['a tag of another language', 'a: !!js/function "x"', 'error unknown-tag 1:4'],
    ['an unknown alias', 'a: *b', 'error unknown-alias 1:4'],
    ['an alias inside its anchor', 'a: &a [*a]', 'error unknown-alias 1:8'],
    ['a map as a key', '{a: 1}: 2', 'error bad-key 1:1'],
    ['a list as a key', '? [a]\n: 1', 'error bad-key 1:3'],
    ['a missing key', ': 1', 'error bad-key 1:1'],
    ['a prototype', 'a: {__proto__: {b: 1}}', 'error forbidden-key 1:5'],
    ['a merge of what is no map', 'a: {<<: 1}', 'error bad-merge-key 1:9'],
    ['a control character', 'a: 1\nb: x\0', 'error control-character 2:5'],
    ['an escape character', 'a: \x1b[2J', 'error control-character 1:4'],
    ['bytes that were no UTF-8', 'a: b\uFFFD', 'error not-utf8 1:5'],
    ['an open bracket', 'a: [1', 'error yaml-syntax 1:6'],
  ])('%s is a problem where it is', (_, text, expected) => {
    expect(read(text).problems.map(brief)).toEqual([expected]);
  });

  test.each([
    ['!reset', 'a: !reset []', 'Leave the key out'],
    ['!override', 'a: !override\n  - b', 'without the tag'],
  ])("Compose's tag %s is told with what to write instead", (tag, text, hint) => {
    const [problem] = read(text).problems;
    expect(problem?.message).toContain(`"${tag}"`);
    expect(problem?.hint).toContain(hint);
    expect(problem?.hint).toContain('"extends"');
  });

  test('a duplicate names both places', () => {
    expect(read('a: 1\na: 2').problems[0]?.message).toMatch(/kontena\.yml:1:1/);
  });

  test('messages do not repeat what could steer a terminal', () => {
    const [problem] = read('"a\\e[2J": 1\n"a\\e[2J": 2').problems;
    expect(problem?.message).toContain('a\\u{1b}[2J');
  });

  test('a YAML 1.1 directive does not change how values are read', () => {
    const { root, problems } = read('%YAML 1.1\n---\na: yes\nb: 010\n');
    expect(problems).toEqual([]);
    expect(toValue(root)).toEqual({ a: 'yes', b: '010' });
  });
});

describe('hostile files', () => {
  const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    .concat(
      Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(10)}x]`),
    )
    .join('\n');
  const chain = ['a0: &a0 [x]']
    .concat(Array.from({ length: 5_000 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`))
    .join('\n');
  const wide = Array.from({ length: 500 }, (_, i) => `k${i}: 1`).join(', ');
  const merges = `x: &x {${wide}}\n${Array.from({ length: 5_000 }, (_, i) => `m${i}: {<<: *x}`).join('\n')}`;

  test.each([
    ['lists 100,000 deep', '['.repeat(100_000), 'yaml-too-deep'],
    ['lists 100,000 deep that end', '['.repeat(100_000) + ']'.repeat(100_000), 'yaml-too-deep'],
    ['maps 100,000 deep', '{a: '.repeat(100_000), 'yaml-too-deep'],
    ['dashes 100,000 deep', `${'- '.repeat(100_000)}x`, 'yaml-too-deep'],
    ['questions 100,000 deep', `${'? '.repeat(100_000)}x`, 'yaml-too-deep'],
    ['keys 100,000 deep', 'a: '.repeat(100_000), 'yaml-too-deep'],
    [
      'keys indented 900 deep',
      Array.from({ length: 900 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'yaml-too-deep',
    ],
    ['aliases that multiply', bomb, 'yaml-too-large'],
    ['aliases that nest', chain, 'yaml-too-deep'],
    ['merge keys that multiply', merges, 'yaml-too-large'],
    ['a text of 10 MB', `a: ${'x'.repeat(10_000_000)}`, 'file-too-large'],
    ['a file of 5 MB', 'a: b\n'.repeat(1_000_000), 'file-too-large'],
    [
      '100,000 keys',
      Array.from({ length: 100_000 }, (_, i) => `key${i}: 1`).join('\n'),
      'file-too-large',
    ],
    ['too many values for one file', '- a\n'.repeat(100_000), 'yaml-too-large'],
    ['80,000 documents', '---\na\n'.repeat(80_000), 'multiple-documents'],
    ['20,000 commas', `[${','.repeat(20_000)}]`, 'yaml-syntax'],
    ['quotes only', '"'.repeat(40_000), 'yaml-syntax'],
  ])('%s are refused quickly', (_, text, code) => {
    const start = performance.now();
    const { problems } = read(text);
    expect(problems[0]?.code).toBe(code);
    expect(problems.length).toBeLessThanOrEqual(101);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('20,000 keys in one map are read in linear time', () => {
    const start = performance.now();
    const { root, problems } = read(
      Array.from({ length: 20_000 }, (_, i) => `key${i}: 1`).join('\n'),
    );
    expect(problems).toEqual([]);
    expect(root?.size).toBe(40_001);
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
