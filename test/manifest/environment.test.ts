import { describe, expect, test } from 'vitest';
import { brief, compileFiles, type Files, STACK_FILE, theProblem } from './source-tree.ts';

const folder = 'grids/demo/stacks/shop';

const composed = (lines: string, files: Files = {}) =>
  compileFiles({
    [`${folder}/compose.yaml`]: `services:\n  web:\n    image: a\n${lines}`,
    ...files,
  });
const envOf = ({ stacks }: ReturnType<typeof compileFiles>) => {
  const all = Object.entries(stacks[0]?.services[0]?.spec.env ?? {});
  return Object.fromEntries(all.filter(([name]) => !name.startsWith('KONTENA_')));
};

describe('a variable that a Compose file names without a value', () => {
  const env = { [`${folder}/.env`]: 'TOKEN=a=b\nEMPTY=\n' };

  test.each([
    ['in a list', '    environment: [TOKEN, EMPTY, LEVEL=1]\n'],
    ['in a map', '    environment: {TOKEN: , EMPTY: ~, LEVEL: 1}\n'],
  ])('has the value of the variable of the stack, %s', (_, lines) => {
    const compiled = composed(lines, env);
    expect(compiled.problems).toEqual([]);
    expect(envOf(compiled)).toEqual({ TOKEN: 'a=b', EMPTY: '', LEVEL: '1' });
  });

  test.each([['    environment: [A, B=1]\n'], ['    environment: {A: , B: 1}\n']])(
    'is left out with a warning when nobody gives one: %j',
    (lines) => {
      const compiled = composed(lines);
      expect(envOf(compiled)).toEqual({ B: '1' });
      const problem = theProblem(compiled);
      expect(brief(problem)).toBe('warning no-effect 4:18');
      expect(problem.message).toBe('nobody gives "A" a value: the containers do not get it');
    },
  );

  test('is one warning of a service, however many there are', () => {
    const problem = theProblem(composed('    environment: [A, B, C, D, E, F, G]\n'));
    expect(problem.message).toContain('"A", "B", "C", "D", "E", 2 more');
  });

  test('that is left out does not hide what is extended', () => {
    const compiled = composed(
      '    extends: base\n    environment: [A]\n  base: {image: b, environment: [A=1]}\n',
    );
    expect(envOf(compiled)).toEqual({ A: '1' });
  });

  test('is still a problem where a colon stands for the equals sign', () => {
    expect(brief(theProblem(composed('    environment: ["A:1"]\n')))).toBe(
      'error bad-environment 4:19',
    );
  });

  test("is the empty text, or a problem, in Kontena's files", () => {
    const stack = (environment: string) =>
      compileFiles({
        [STACK_FILE]: `stack: shop\nservices: {web: {image: a, environment: ${environment}}}`,
      });
    expect(envOf(stack('{A: }'))).toEqual({ A: '' });
    expect(theProblem(stack('[A]')).code).toBe('bad-environment');
  });
});

describe('an env_file of a Compose file', () => {
  const text = 'export A="b c"\nB=\'$x\'\nC=d # note\n';

  test("is read by Compose's rules", () => {
    const compiled = composed('    env_file: a.env\n', { [`${folder}/a.env`]: text });
    expect(compiled.problems).toEqual([]);
    expect(envOf(compiled)).toEqual({ A: 'b c', B: '$x', C: 'd' });
  });

  test('is taken as it is when its format is raw', () => {
    const compiled = composed('    env_file: [{path: a.env, format: raw}]\n', {
      [`${folder}/a.env`]: 'A="b"\n',
    });
    expect(envOf(compiled)).toEqual({ A: '"b"' });
  });

  test('need not be there when it is not required', () => {
    const wish = (required: boolean) =>
      composed(`    env_file: [a.env, {path: b.env, required: ${required}}]\n`, {
        [`${folder}/a.env`]: 'A=1\n',
      });
    expect(wish(false).problems).toEqual([]);
    expect(envOf(wish(false))).toEqual({ A: '1' });
    expect(brief(theProblem(wish(true)))).toBe('error file-missing 4:30');
  });

  test.each([
    ['[{required: false}]', 'error missing-key 4:16'],
    ['[{path: a.env, format: json}]', 'error wrong-value 4:38'],
    ['{path: a.env}', 'error wrong-type 4:15'],
  ])('%s is a problem', (written, expected) => {
    const compiled = composed(`    env_file: ${written}\n`, { [`${folder}/a.env`]: '' });
    expect(brief(theProblem(compiled))).toBe(expected);
  });

  test('of an unreadable line says which', () => {
    const compiled = composed('    env_file: a.env\n', { [`${folder}/a.env`]: 'A=1\nB="\n' });
    expect(theProblem(compiled)).toMatchObject({
      code: 'bad-environment',
      position: { file: `${folder}/a.env`, line: 2 },
    });
  });
});
