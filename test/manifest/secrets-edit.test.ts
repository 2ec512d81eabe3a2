import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  editSecrets,
  readSecrets,
  type SealedItem,
  type SecretsChange,
} from '../../src/manifest/secrets-edit.ts';
import { secretsPath } from '../../src/manifest/secrets-file.ts';
import type { TextFile } from '../../src/model/source.ts';
import { compileStackFile } from './source-tree.ts';

const path = secretsPath('demo');
const recipient = 'age1pdar46f9ewplqh8xlnle8ka8xn4y4rjgu60da54emg6cwzt37evsxxp4ck';
const aSealed = (letter: string) => `g1.${letter.repeat(16)}.${'QUJD'.repeat(20)}`;
const aFile = (text: string): TextFile => ({ kind: 'text', path, blob: text, text });

function edited(text: string, change: SecretsChange): string {
  const { text: result, problems } = editSecrets(aFile(text), change);
  expect(problems).toEqual([]);
  return result ?? '';
}

function problemsOf(text: string) {
  return compileStackFile('services: {web: {image: web}}\n', { [path]: text }).problems;
}

const secret = (name: string, letter = 'a'): SealedItem => ({
  kind: 'secret',
  name,
  text: aSealed(letter),
});

describe('a secret that is put into secrets.yml', () => {
  test.each([
    ['an empty file', '', ''],
    ['a file of comments', '# ours\n# alone\n', '# ours\n# alone\n\n'],
    ['sections without entries', 'secrets:\n', ''],
    ['an empty flow map', 'secrets: {}\n', ''],
  ])('begins in %s', (_, before, head) => {
    expect(edited(before, { put: [secret('a')] })).toBe(`${head}secrets:\n  a: ${aSealed('a')}\n`);
  });

  test('comes after the others, and the recipient before all', () => {
    const before = `secrets:\n  b: ${aSealed('b')} # Ann's\n`;
    const certificate = {
      kind: 'certificate',
      name: '*.example.com',
      text: aSealed('c'),
      note: 'expires 2027-01-01',
    } as const;
    expect(edited(before, { recipient, put: [secret('a'), certificate] })).toBe(
      `recipient: ${recipient}\n\nsecrets:\n  b: ${aSealed('b')} # Ann's\n  a: ${aSealed('a')}\n\n` +
        `certificates:\n  "*.example.com": ${aSealed('c')} # expires 2027-01-01\n`,
    );
  });

  test('takes the place of the one with its name, and keeps its comments', () => {
    const before = `recipient: old # the old master\n\nsecrets:\n    # for the shop\n    a: ${aSealed('b')} # Ann's\n\n    b: ${aSealed('b')}\n    # no more\n`;
    const after = before.replace(`a: ${aSealed('b')}`, `a: ${aSealed('a')}`);
    expect(edited(before, { recipient, put: [secret('a')] })).toBe(
      after.replace('old #', `${recipient} #`),
    );
  });

  test('does not change how lines end', () => {
    const before = `secrets:\r\n  a: ${aSealed('b')}\r\n  # kept\r\n`;
    expect(edited(before, { put: [secret('a')] })).toBe(
      `secrets:\r\n  a: ${aSealed('a')}\r\n  # kept\r\n`,
    );
  });

  test.each(['null', 'true', 'on', '1.10', '0x1f', 'a.b-c', 'constructor'])(
    'may be called %s',
    (name) => {
      const text = edited('', { put: [secret(name)] });
      expect(problemsOf(text)).toEqual([]);
      expect(readSecrets(aFile(text)).items).toEqual([secret(name)]);
    },
  );
});

describe('a secrets.yml that cannot be changed safely', () => {
  test.each([
    ['is no YAML', 'secrets: [\n'],
    ['is no map', '- a\n'],
    ['has a section that is no map', 'secrets: [a]\n'],
    ['has a name twice', 'secrets:\n  a: b\n  a: c\n'],
    ['has an alias', 'secrets: &x\n  a: b\ncertificates: *x\n'],
  ])('is left alone where it %s', (_, text) => {
    const result = editSecrets(aFile(text), { put: [secret('a')] });
    expect(result.text).toBeNull();
    expect(result.problems[0]?.position.file).toBe(path);
  });

  test('has nothing in it that one could list', () => {
    expect(readSecrets(aFile('secrets: [\n'))).toEqual({ recipient: null, items: [] });
  });
});

test('removing the last of a section removes the section', () => {
  const before = `recipient: ${recipient}\n\nsecrets:\n  a: ${aSealed('a')}\n`;
  expect(edited(before, { remove: [{ kind: 'secret', name: 'a' }] })).toBe(
    `recipient: ${recipient}\n`,
  );
});

const names = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,8}$/);
const letters = fc.constantFrom('a', 'b', 'c', 'd');
const comments = fc.option(fc.stringMatching(/^[a-z:{}"'-]{1,10}$/), { nil: undefined });
const entries = fc.uniqueArray(fc.record({ name: names, letter: letters, comment: comments }), {
  selector: ({ name }) => name,
  minLength: 1,
  maxLength: 6,
});

describe('any change', () => {
  test('leaves all other lines as they are, and a file that is right', () => {
    fc.assert(
      fc.property(entries, entries, fc.integer({ min: 0, max: 3 }), (there, put, drop) => {
        const written = (list: typeof there) =>
          list.reduce(
            (text, { name, letter }) => edited(text, { put: [secret(name, letter)] }),
            `recipient: ${recipient}\n`,
          );
        const before = there.reduce(
          (text, { name, comment }) =>
            comment === undefined ? text : withComment(text, name, comment),
          written(there),
        );
        const items = put.map(({ name, letter }) => secret(name, letter));
        const remove = there
          .slice(0, drop)
          .filter(({ name }) => put.every((one) => one.name !== name))
          .map(({ name }) => ({ kind: 'secret', name }) as const);
        const after = edited(before, { put: items, remove });

        expect(problemsOf(after)).toEqual([]);
        const touched = new Set([...items, ...remove].map(({ name }) => name));
        expect(linesWithout(after, touched)).toEqual(linesWithout(before, touched));
        const gone = new Set(remove.map(({ name }) => name));
        const kept = readSecrets(aFile(before)).items.filter(({ name }) => !gone.has(name));
        const expected = new Map([...kept, ...items].map(({ name, text }) => [name, text]));
        const found = readSecrets(aFile(after)).items.map(({ name, text }) => [name, text]);
        expect(found).toEqual([...expected]);
        expect(edited(after, { put: items })).toBe(after);
      }),
    );
  });
});

/** Behind the entry: a comment before the first one of a map is the map's. */
function withComment(text: string, name: string, comment: string): string {
  return text
    .split('\n')
    .map((line) => (nameIn(line) === name ? `${line} # ${comment}` : line))
    .join('\n');
}

function linesWithout(text: string, touched: ReadonlySet<string>): readonly string[] {
  return text.split('\n').filter((line) => {
    const name = nameIn(line);
    return line !== '' && line !== 'secrets:' && (name === null || !touched.has(name));
  });
}

function nameIn(line: string): string | null {
  return /^ {2}"?([^":]+)"?: /.exec(line)?.[1] ?? null;
}
