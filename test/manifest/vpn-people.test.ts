import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { peopleTable } from '../../src/manifest/vpn-people.ts';
import {
  editPeople,
  newPeople,
  nextAddress,
  parsePeople,
} from '../../src/manifest/vpn-people-edit.ts';
import { aTextFile, brief, compileStackFile, type Files, theProblem } from './source-tree.ts';

const PATH = 'grids/demo/stacks/shop/people.yml';
const KEYS = ['A', 'B', 'C', 'D'].map((letter) => `${letter.repeat(42)}A=`);
const since = '2026-08-12T09:30:00Z';

function aFile(text: string) {
  return aTextFile(text, PATH);
}

function fresh(subnet = '10.81.0.0/24') {
  return aFile(newPeople({ subnet, publicKey: KEYS[0] ?? '', endpoint: null }));
}

function read(file: ReturnType<typeof aFile>) {
  const { people, problems } = parsePeople(file);
  expect(problems).toEqual([]);
  if (people === null) throw new Error('no people');
  return people;
}

function letIn(file: ReturnType<typeof aFile>, name: string, key: string) {
  const address = nextAddress(read(file), name);
  if (address === null) return null;
  const person = { address, public_key: key, since };
  return aFile(editPeople(file, { kind: 'put', name, person }));
}

function keyNumber(number: number): string {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32BE(number);
  return bytes.toString('base64');
}

function withPeople(people: string, others: Files = {}) {
  const text = `subnet: 10.81.0.0/16\nserver: {public_key: ${KEYS[0]}}\npeople:\n${people}\n`;
  const services = 'services:\n  web: {image: web:1, configs: [a]}\n';
  return compileStackFile(`${services}configs: {a: {people: people.yml}}\n`, {
    [PATH]: text,
    ...others,
  });
}

const line = (address: string, key: string | undefined) =>
  `{address: ${address}, public_key: ${key}, since: ${since}}`;

describe('a people.yml', () => {
  it('becomes a table for the server, by address', () => {
    const [, b, c] = KEYS;
    const { stacks, problems } = withPeople(
      `  bob: ${line('10.81.64.20', b)}\n  anna: ${line('10.81.64.3', c)}`,
    );
    expect(problems).toEqual([]);
    const [content] = Object.values(stacks[0]?.services[0]?.files?.contents ?? {});
    expect(content?.kind === 'binary' && new TextDecoder().decode(content.bytes)).toBe(
      `subnet 10.81.0.0/16\nperson anna 10.81.64.3 ${c}\nperson bob 10.81.64.20 ${b}\n`,
    );
  });

  it.each([
    ['of another grid', `  a: ${line('10.82.64.1', KEYS[1])}`, 'error wrong-value 4:16'],
    ['of a node', `  a: ${line('10.81.0.1', KEYS[1])}`, 'error wrong-value 4:16'],
    ['of a container', `  a: ${line('10.81.128.1', KEYS[1])}`, 'error wrong-value 4:16'],
    [
      'that programs read differently',
      `  a: ${line('10.81.64.010', KEYS[1])}`,
      'error wrong-value 4:16',
    ],
    ['no key', `  a: ${line('10.81.64.1', 'x')}`, 'error wrong-value 4:40'],
    ['no name', `  "a b": ${line('10.81.64.1', KEYS[1])}`, 'error invalid-name 4:3'],
  ])('is a problem with an address %s', (_, people, problem) => {
    const found = theProblem(withPeople(people));
    expect([brief(found), found.position.file]).toEqual([problem, PATH]);
  });

  it('is a problem with one address, key or name for two', () => {
    const [, b, c] = KEYS;
    const first = `  a: ${line('10.81.64.1', b)}\n`;
    const address = theProblem(withPeople(`${first}  b: ${line('10.81.64.1', c)}`));
    expect(brief(address)).toBe('error vpn-conflict 5:16');
    expect(address.message).toBe('"b" has the same address as "a"');
    const key = theProblem(withPeople(`${first}  b: ${line('10.81.64.2', b)}`));
    expect(key.message).toBe('"b" has the same key as "a"');
    const twice = withPeople(`${first}  a: ${line('10.81.64.2', c)}`, {
      'grids/demo/grid.yml': 'compat: kontena\n',
    });
    expect(theProblem(twice).code).toBe('duplicate-key');
  });

  it('is a problem where it is not, is empty, or has no such subnet', () => {
    const config = 'services:\n  web: {image: web:1}\nconfigs: {a: {people: people.yml}}\n';
    expect(brief(theProblem(compileStackFile(config)))).toBe('error file-missing 3:23');
    const server = `server: {public_key: ${KEYS[0]}}`;
    for (const text of ['', 'people: []', `subnet: 10.0.0.0/30\n${server}`, `subnet: x\n${server}`])
      expect(compileStackFile(config, { [PATH]: text }).failed).toEqual(['shop']);
  });
});

describe('letting people in and out', () => {
  it('never gives two people one address, and keeps the file readable', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const step = fc.record({ name: names, isIn: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let file = fresh();
        const owners = new Map<string, string>();
        for (const [index, { name, isIn }] of steps.entries()) {
          const { people = {} } = read(file);
          if (isIn && !Object.hasOwn(people, name))
            file = letIn(file, name, keyNumber(index + 1)) ?? file;
          else if (!isIn && Object.hasOwn(people, name))
            file = aFile(editPeople(file, { kind: 'revoke', name, until: since }));
          // There is room for all six: whoever had an address once has it for ever.
          for (const [owner, { address }] of Object.entries(read(file).people ?? {}))
            expect(owners.get(address) ?? owner).toBe(owners.set(address, owner).get(address));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('takes the address that was free for longest when all were used, and none when all are taken', () => {
    let file = fresh();
    const everybody = Array.from({ length: 64 }, (_, index) => `p${index + 1}`);
    for (const [index, name] of everybody.entries())
      file = letIn(file, name, keyNumber(index)) ?? file;
    expect(Object.keys(read(file).people ?? {})).toHaveLength(64);
    expect(nextAddress(read(file), 'late')).toBeNull();
    for (const [name, until] of [
      ['p9', '2026-02-01T00:00:00Z'],
      ['p5', '2026-01-01T00:00:00Z'],
      ['p7', '2026-03-01T00:00:00Z'],
    ] as const)
      file = aFile(editPeople(file, { kind: 'revoke', name, until }));
    expect(nextAddress(read(file), 'late')).toBe('10.81.0.68');
    expect(nextAddress(read(file), 'p7')).toBe('10.81.0.70');
  });

  it('gives nobody an address that ends in 0 or 255', () => {
    const { subnet } = read(fresh('10.81.0.0/22'));
    expect(nextAddress({ subnet, server: { public_key: '' } }, 'a')).toBe('10.81.1.1');
  });

  it('keeps comments, order and line ends', () => {
    const [, b] = KEYS;
    const text = fresh().text.replace(
      'people: {}',
      `people:\n  # the boss\n  a: ${line('10.81.0.65', b)}`,
    );
    const file = letIn(aFile(text.replaceAll('\n', '\r\n')), 'b', KEYS[2] ?? '');
    expect(file?.text).toContain('  # the boss\r\n  a: ');
    expect(file?.text.replaceAll('\r\n', '')).not.toContain('\n');
    expect(peopleTable(read(file ?? fresh()))).toContain('\nperson b 10.81.0.64 ');
  });
});
