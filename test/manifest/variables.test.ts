import { describe, expect, test } from 'vitest';
import {
  brief,
  codes,
  compileFiles,
  GRID_FILE,
  STACK_FILE,
  theProblem,
  theService,
} from './source-tree.ts';

/** Compiles a stack with these declarations and grid.yml values; `T` is put into the environment of its service. */
function compileWith(declarations: string, values = '', template = '$T') {
  return compileFiles({
    [STACK_FILE]: `variables:\n${declarations.replace(/^/gm, '  ')}\nservices:\n  web:\n    image: web\n    environment: {T: "${template}"}\n`,
    [GRID_FILE]: `stacks:\n  shop: {variables: {${values}}}\n`,
  });
}

describe('variables', () => {
  test.each([
    ['a default', 'T: {default: a}', '', 'a'],
    ['a value', 'T: {value: a, default: b}', '', 'a'],
    ['a value of grid.yml', 'T: {value: a, default: b}', 'T: c', 'c'],
    ['a number as text', 'T: {default: 1.10}', '', '1.10'],
    ['an integer', 'T: {type: integer}', 'T: 4', '4'],
    ['a negative integer, where allowed', 'T: {type: integer, min: -5}', 'T: -3', '-3'],
    ['a boolean', 'T: {type: boolean}', 'T: yes', 'true'],
    ['a boolean that is off', 'T: {type: boolean, default: off}', '', 'false'],
    ['an enum of values', 'T: {type: enum, options: [a, b]}', 'T: b', 'b'],
    ['an enum of maps', 'T: {type: enum, options: [{value: a, label: A}], default: a}', '', 'a'],
    ['an enum as a map', 'T: {type: enum, options: {a: Small, b: Big}}', 'T: b', 'b'],
    ['an empty text, where it counts', 'T: {empty_is_nil: false}', 'T: ""', ''],
    [
      'a default with a built-in variable',
      'T: {default: "${GRID}-${STACK}-$PLATFORM"}',
      '',
      'demo-shop-demo',
    ],
    ['a value that is never expanded again', 'T: {default: "$$GRID"}', '', '$GRID'],
    ['a text with dollars from grid.yml', 'T: {}', 'T: "$STACK"', '$STACK'],
  ])('%s is put in', (_, declarations, values, expected) => {
    expect(theService(compileWith(declarations, values)).spec.env['T']).toBe(expected);
  });

  test('an optional variable without a value needs a default where it is used', () => {
    const declarations = 'T: {required: false}';
    expect(theService(compileWith(declarations, '', '${T:-none}')).spec.env['T']).toBe('none');
    expect(theProblem(compileWith(declarations))).toMatchObject({
      code: 'undefined-variable',
      stack: 'shop',
    });
  });

  test('a required variable without a value is one problem, where it is declared', () => {
    expect(brief(theProblem(compileWith('T: {}')))).toBe('error variable-without-value 2:3');
    expect(codes(compileWith('T:\n  type: string', 'T: ""'))).toEqual(['variable-without-value']);
  });

  test.each([
    ['type: integer', 'x', /whole number/],
    ['type: integer', '1.5', /whole number/],
    ['type: integer', '-1', /at least 0/],
    ['type: integer, max: 3', '4', /at most 3/],
    ['type: boolean', 'maybe', /true or false/],
    ['type: enum, options: [a, b]', 'c', /must be "a" or "b"/],
    ['type: enum', 'c', /without options/],
    ['min_length: 3', 'ab', /at least 3/],
    ['max_length: 1', 'ab', /at most 1/],
  ])('{%s} refuses %j where grid.yml gives it', (declaration, value, message) => {
    const problem = theProblem(compileWith(`T: {${declaration}}`, `T: ${value}`));
    expect(problem).toMatchObject({
      code: 'bad-variable',
      stack: 'shop',
      position: { file: GRID_FILE },
    });
    expect(problem.message).toMatch(message);
  });

  test('grid.yml cannot give a variable that the file does not declare', () => {
    expect(theProblem(compileWith('T: {default: a}', 'TT: b'))).toMatchObject({
      code: 'unknown-variable',
      hint: 'Did you mean "T"?',
      position: { file: GRID_FILE, line: 2 },
    });
  });

  test('built-in variables cannot be declared, and names must be usable', () => {
    expect(codes(compileWith('GRID: {default: a}', '', 'x'))).toEqual(['invalid-name']);
    expect(codes(compileWith('my.var: {default: a}', '', 'x'))).toEqual(['invalid-name']);
  });

  test('a declaration can use built-in variables only', () => {
    expect(codes(compileWith('A: {default: a}\nT: {default: $A}'))).toEqual(['undefined-variable']);
  });

  test('unknown and later keys of a declaration are problems', () => {
    expect(codes(compileWith('T: {default: a, defualt: b}'))).toEqual(['unknown-key']);
    expect(codes(compileWith('T: {default: a, to: {env: X}}'))).toEqual(['not-supported-yet']);
    expect(codes(compileWith('T: {type: strng, default: a}'))).toEqual(['wrong-value']);
  });

  describe('that come from elsewhere', () => {
    test.each(['env', '{env: X}', '[{prompt: Which?}]', '{file: /etc/passwd}'])(
      'from %s is an error without a value',
      (from) => expect(codes(compileWith(`T: {from: ${from}}`))).toEqual(['bad-resolver']),
    );

    test('are a warning with a default', () => {
      const compiled = compileWith('T: {from: {env: X}, default: a}');
      expect(compiled.problems.map(brief)).toEqual(['warning bad-resolver 2:14']);
      expect(compiled.stacks[0]?.services[0]?.spec.env['T']).toBe('a');
    });

    test.each(['random_string', '{vault: SECRET}'])(
      'from %s is not supported yet, default or not',
      (from) => {
        expect(codes(compileWith(`T: {from: ${from}, default: a}`))).toEqual(['not-supported-yet']);
      },
    );

    test('are fine when grid.yml or a fixed value says it', () => {
      expect(codes(compileWith('T: {from: {env: X, random_string: 8}}', 'T: a'))).toEqual([]);
      expect(codes(compileWith('T: {from: {vault: X}, value: a}'))).toEqual([]);
    });

    test('an unknown resolver is a problem', () => {
      expect(theProblem(compileWith('T: {from: {environment: X}}')).code).toBe('bad-resolver');
    });
  });
});
