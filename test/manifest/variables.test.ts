import { describe, expect, test } from 'vitest';
import { deriveChance } from '../../src/manifest/chance.ts';
import { createCompiler, resolveGrid } from '../../src/manifest/compile.ts';
import { fillMarks, marksWithin } from '../../src/model/secret.ts';
import {
  aSourceTree,
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
  return compileFiles(filesOf(declarations, values, template));
}

function filesOf(declarations: string, values = '', template = '$T') {
  return {
    [STACK_FILE]: `variables:\n${declarations.replace(/^/gm, '  ')}\nservices:\n  web:\n    image: web\n    environment: {T: "${template}"}\n`,
    [GRID_FILE]: `stacks:\n  shop: {variables: {${values}}}\n`,
  };
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

  test('unknown keys of a declaration are problems', () => {
    expect(codes(compileWith('T: {default: a, defualt: b}'))).toEqual(['unknown-key']);
    expect(codes(compileWith('T: {type: strng, default: a}'))).toEqual(['wrong-value']);
  });

  describe('that come from elsewhere', () => {
    test.each(['env', '{env: X}', '[{prompt: Which?}]', 'service_link'])(
      'from %s is an error without a value',
      (from) => expect(codes(compileWith(`T: {from: ${from}}`))).toEqual(['bad-resolver']),
    );

    test('are one problem, which says what to write and for which stack', () => {
      const from = '{env: X, service_link: {prompt: Which?}}';
      expect(theProblem(compileWith(`T: {from: ${from}}`))).toMatchObject({
        message: expect.stringContaining('"T" cannot come from "env" or "service_link"'),
        hint: 'Give it a value in grid.yml: "stacks: {shop: {variables: {T: …}}}".',
        position: { line: 2, column: 14 },
      });
      const group = compileWith('T: {type: group, variables: {A: {from: prompt}}}', '', 'x');
      expect(theProblem(group).hint).toContain('{shop: {variables: {T: {A: …}}}}');
    });

    test('of a secret are no reason to write it into grid.yml', () => {
      const from = '{vault: KEY, env: KEY, prompt: Which?}';
      expect(theProblem(compileWith(`T: {from: ${from}}`))).toMatchObject({
        code: 'unknown-secret',
        hint: 'Add it: "gridops secret seal demo KEY".',
      });
    });

    test('of a file that is extended are not given by grid.yml', () => {
      const compiled = compileFiles({
        [STACK_FILE]: 'stack: shop\nservices:\n  web: {extends: {file: base.yml, service: web}}\n',
        'grids/demo/stacks/shop/base.yml':
          'stack: base\nvariables:\n  T: {from: prompt}\nservices:\n  web: {image: "web:${T}"}\n',
      });
      expect(theProblem(compiled).hint).toBe(
        'Write a "default" for it, or declare it in the stack that extends this file, too.',
      );
    });

    test('are a warning with a default', () => {
      const both = compileWith('T: {from: {env: X, prompt: Which?}, default: a}');
      expect(theProblem(both).message).toContain('"env" or "prompt" is not asked for "T"');
      const compiled = compileWith('T: {from: {env: X}, default: a}');
      expect(compiled.problems.map(brief)).toEqual(['warning bad-resolver 2:14']);
      expect(compiled.stacks[0]?.services[0]?.spec.env['T']).toBe('a');
    });

    test('are fine when grid.yml or a fixed value says it', () => {
      expect(codes(compileWith('T: {from: {env: X, random_string: 8}}', 'T: a'))).toEqual([]);
      expect(codes(compileWith('T: {from: {vault: X}, value: a}'))).toEqual([]);
    });

    test('may be given under the name that the environment would have had', () => {
      expect(valueOf('T: {from: {env: X}}', 'X: a')).toBe('a');
      expect(valueOf('T: {from: {env: [X, Y]}}', 'Y: a')).toBe('a');
    });

    test.each(['boolean', 'array', 'integer, nil_is_zero: true'])(
      'are not answered by the type %s, but the environment is',
      (type) => {
        expect(codes(compileWith(`T: {type: ${type}, from: prompt}`, '', 'x'))).toEqual([
          'bad-resolver',
        ]);
        expect(codes(compileWith(`T: {type: ${type}, from: env}`, '', 'x'))).toEqual([]);
      },
    );

    test('are the only problem, also for those that are made of them', () => {
      const compiled = compileWith('A: {from: prompt}\nT: {from: {interpolate: "x-$A"}}');
      expect(codes(compiled)).toEqual(['bad-resolver']);
    });

    test('are not asked where another resolver has a value', () => {
      const compiled = compileWith('A: {value: a}\nT: {from: {env: X, variable: A}}');
      expect(codes(compiled)).toEqual([]);
    });

    test('an unknown resolver is a problem', () => {
      expect(theProblem(compileWith('T: {from: {environment: X}}')).code).toBe('bad-resolver');
    });
  });

  test.each([
    ['strip: true, upcase: true', ' ab ', 'AB'],
    ['downcase: true', 'AB', 'ab'],
    ['capitalize: true', 'aB', 'Ab'],
    ['encode_64: true', 'ä', 'w6Q='],
    ['decode_64: true', 'w6Q=', 'ä'],
    ['hexdigest: md5', 'a', '0cc175b9c0f1b6a831c399e269772661'],
    ['hexdigest: sha1', 'a', '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'],
    ['transform: [strip, upcase]', ' a ', 'A'],
    ['transform: {hexdigest: md5}', 'a', '0cc175b9c0f1b6a831c399e269772661'],
    ['validate: {min_length: 2}', 'ab', 'ab'],
    ['in: [a, b]', 'b', 'b'],
    ['type: integer, nil_is_zero: true', '', '0'],
    ['type: boolean', '', 'false'],
    ['type: boolean, nil_is: yes', '', 'true'],
    ['type: boolean, as: integer', 'on', '1'],
    ['type: boolean, as: string, true: "an", false: "aus"', 'off', 'aus'],
    ['type: boolean, truthy: [ja]', 'ja', 'true'],
    ['type: boolean, truthy: [ja]', 'nein', 'false'],
    ['type: enum, options: [a], can_be_other: true', 'z', 'z'],
    ['type: uri', 'http://a.b/c', 'http://a.b/c'],
    ['type: uri, schemes: [redis]', 'redis://a', 'redis://a'],
    ['type: array', 'b,a', 'b,a'],
    ['type: array, split: ";", join: "+", sort: true', 'b;a', 'a+b'],
    ['type: array, uniq: true, compact: true', 'a,,a', 'a'],
    ['type: array, count: true', 'a,b', '2'],
  ])('{%s} makes of %j %j', (options, given, made) => {
    expect(valueOf(`T: {${options}}`, `T: ${JSON.stringify(given)}`)).toBe(made);
  });

  test.each([
    ['validate: {min_length: 3}', 'ab', /at least 3/],
    ['in: [a, b]', 'c', /must be "a" or "b"/],
    ['type: uri', 'ftp://a', /must begin with "http:" or "https:"/],
    ['type: uri', 'nothing', /must be an address/],
    ['type: integer', '[1]', /single value, not a list/],
  ])('{%s} refuses %s', (options, given, message) => {
    expect(theProblem(compileWith(`T: {${options}}`, `T: ${given}`)).message).toMatch(message);
  });

  test('grid.yml may give lists and maps to those that take them', () => {
    expect(valueOf('T: {type: array}', 'T: [a, b]')).toBe('a,b');
    const text =
      'stack: a\nvariables:\n  db: {type: group, variables: {host: {default: pg}, port: {type: integer, default: 1}}}\nservices:\n  web: {image: "{{ db.host }}:{{ db.port }}"}\n';
    const files = {
      [STACK_FILE]: text,
      [GRID_FILE]: 'stacks: {shop: {variables: {db: {port: 2}}}}',
    };
    expect(theService(compileFiles(files)).spec.image).toBe('pg:2');
  });

  describe('that are made of others', () => {
    test.each([
      ['variable: A', 'a1'],
      ['interpolate: "x-${A}-$N"', 'x-a1-3'],
      ['evaluate: "($N + 1) * 2"', '8'],
      ['evaluate: "7 / 2"', '3'],
      ['evaluate: "$N * 0.5"', '1.5'],
      ['condition: [{if: {N: 3}, then: three}, {else: other}]', 'three'],
      ['condition: [{if: {N: {gt: 3}}, then: x}, {elsif: {N: {gte: 3}}, then: y}]', 'y'],
      ['condition: [{if: {A: {contain: z}}, then: x}, {else: z}]', 'z'],
      ['file: a.txt', 'in a file'],
      ['file: {path: none.txt, ignore_errors: true}, variable: A', 'a1'],
      ['yaml: {file: a.yaml, key: a.b}', '[c]'],
    ])('from {%s} are %s', (from, value) => {
      const declared = `A: {value: a1}\nN: {type: integer, value: 3}\nT: {from: {${from}}}`;
      const compiled = compileFiles({
        ...filesOf(declared),
        'grids/demo/stacks/shop/a.txt': 'in a file',
        'grids/demo/stacks/shop/a.yaml': 'a: {b: "[c]"}',
      });
      expect(theService(compiled).spec.env['T']).toBe(value);
    });

    test.each([
      ['"1638.9"', '1638'],
      ['"0 - 1638.9"', '-1638'],
      ['"7 / 4.0"', '1'],
    ])('are whole numbers without the fraction that evaluating %s gives', (calculation, value) => {
      const declared = `T: {type: integer, min: -9999, from: {evaluate: ${calculation}}}`;
      expect(valueOf(declared)).toBe(value);
      expect(codes(compileWith('T: {type: integer, value: 1638.9}'))).toEqual(['bad-variable']);
    });

    test.each([
      ['variable: NONE', 'undefined-variable'],
      ['interpolate: "$NONE"', 'undefined-variable'],
      ['evaluate: "1 +"', 'bad-variable'],
      ['evaluate: "process.exit()"', 'bad-variable'],
      ['condition: {if: 1}', 'bad-resolver'],
      ['file: none.txt', 'file-missing'],
      ['file: /etc/passwd', 'bad-path'],
      ['yaml: {key: a}', 'bad-resolver'],
      ['random_string: 0', 'bad-variable'],
      ['random_string: {length: 3, charset: base64}', 'bad-variable'],
      ['random_number: 5', 'bad-resolver'],
    ])('from {%s} have a problem', (from, code) => {
      expect(codes(compileWith(`T: {from: {${from}}}`))).toEqual([code]);
    });

    test('may come before those that they are made of, but not in a circle', () => {
      expect(valueOf('T: {from: {variable: B}}\nB: {value: b}')).toBe('b');
      const circle = compileWith('T: {from: {variable: B}}\nB: {from: {interpolate: "$T"}}');
      expect(codes(circle)).toContain('variable-cycle');
    });

    test('are known under another name, too', () => {
      expect(theService(compileWith('T: {value: a, to: {env: X}}', '', '$X')).spec.env['T']).toBe(
        'a',
      );
      expect(codes(compileWith('T: {value: a, to: {env: GRID}}'))).toEqual(['invalid-name']);
    });
  });

  test('may neither grow nor look into files without end', () => {
    const grown = Array.from(
      { length: 30 },
      (_, i) => `V${i + 1}: {max_length: 65536, from: {interpolate: "$V${i}$V${i}"}}`,
    );
    const first = `V0: {value: ${'x'.repeat(64)}}`;
    expect(codes(compileWith([first, ...grown].join('\n'), '', 'x')).length).toBeGreaterThan(0);
    const wide = Array.from({ length: 60 }, (_, i) => `W${i}: {from: {variable: W}}`);
    const many = [`W: {value: ${'x'.repeat(30_000)}}`, ...wide].join('\n');
    expect(codes(compileWith(many, '', 'x'))).toContain('interpolation-too-large');
    const files = Array.from(
      { length: 101 },
      (_, i) => `F${i}: {from: {yaml: {variable: Y, key: a}}}`,
    );
    const looks = ['Y: {value: "a: 1"}', ...files].join('\n');
    expect(codes(compileWith(looks, '', 'x'))).toEqual(['bad-resolver']);
  });

  describe('with conditions', () => {
    test.each([
      ['only_if: A', 't'],
      ['only_if: OFF', '-'],
      ['only_if: [A, OFF]', '-'],
      ['skip_if: [NO, A]', '-'],
      ['skip_if: NO', 't'],
      ['only_if: {A: a}', 't'],
      ['only_if: {A: b}', '-'],
      ['skip_if: {A: a}', '-'],
      ['only_if: {N: {gt: 5}}', '-'],
      ['only_if: {N: {gte: 5, lt: 6}}', 't'],
      ['only_if: {A: {ne: a}}', '-'],
      ['only_if: {A: {any_of: "x,a"}}', 't'],
      ['only_if: {A: {any_of: [x]}}', '-'],
      ['only_if: {A: {start_with: a, end_with: a}}', 't'],
    ])('{%s} are %s', (condition, value) => {
      const declared = `A: {value: a}\nNO: {required: false}\nOFF: {type: boolean, value: no}\nN: {type: integer, value: 5}\nT: {value: t, ${condition}}`;
      expect(theService(compileWith(declared, '', '${T:--}')).spec.env['T']).toBe(value);
    });

    test('need no value when they do not count', () => {
      expect(codes(compileWith('A: {required: false}\nT: {only_if: A}', '', 'x'))).toEqual([]);
    });

    test('name variables and operators that there are', () => {
      expect(codes(compileWith('T: {value: a, only_if: NONE}', '', 'x'))).toEqual([
        'undefined-variable',
      ]);
      expect(codes(compileWith('T: {value: a, only_if: {GRID: {is: a}}}', '', 'x'))).toContain(
        'wrong-value',
      );
    });
  });

  describe('of chance', () => {
    const declared = 'T: {from: {random_string: {length: 12, charset: hex}}}';
    const seeded = (seed: number, text = declared) =>
      createCompiler({ seed: new Uint8Array(32).fill(seed) }).compile(
        aSourceTree(filesOf(text)),
        'demo',
      );
    const valueWith = (seed: number, text?: string) =>
      revealed(theService(seeded(seed, text)).spec.env['T'] ?? '', seed);

    test('are the same at every compile, and others with another seed or name', () => {
      expect(valueWith(1)).toMatch(/^[0-9a-f]{12}$/);
      expect(valueWith(1)).toBe(valueWith(1));
      expect(valueWith(1)).not.toBe(valueWith(2));
      const two = 'A: {from: {random_string: 12}}\nT: {from: {random_string: 12}}';
      const { A, T } = theService(
        createCompiler().compile(
          aSourceTree({
            [STACK_FILE]: `variables:\n${two.replace(/^/gm, '  ')}\nservices: {web: {image: a, environment: {A: $A, T: $T}}}\n`,
          }),
          'demo',
        ),
      ).spec.env;
      expect(A).not.toBe(T);
    });

    test('are made anew on purpose with another generation', () => {
      const again = declared.replace('from:', 'generation: 2, from:');
      expect(valueWith(1, again)).not.toBe(valueWith(1));
    });

    test('are in what is planned and stored as a mark only', () => {
      const { spec, secrets } = theService(seeded(1));
      expect(spec.env['T']).toMatch(/^⟦random\.T\.[\w-]+⟧$/);
      expect(secrets).toEqual({ [spec.env['T'] ?? '']: null });
    });

    test('are put in where no secret can be', () => {
      const { spec } = theService(
        createCompiler({ seed: new Uint8Array(32).fill(1) }).compile(
          aSourceTree({
            [STACK_FILE]: `variables:\n  ${declared}\nservices: {web: {image: "a:$T", environment: {T: $T}}}\n`,
          }),
          'demo',
        ),
      );
      expect(spec.image).toBe(`a:${revealed(spec.env['T'] ?? '', 1)}`);
    });

    describe('are in no problem', () => {
      const drawn = valueWith(1);
      const problemsOf = (declarations: string, period: string) => {
        const text = `variables:\n  ${declarations.replaceAll('\n', '\n  ')}\nservices:\n  web: {image: web, stop_grace_period: "${period}"}\n`;
        const compiler = createCompiler({ seed: new Uint8Array(32).fill(1) });
        return compiler.compile(aSourceTree({ [STACK_FILE]: text }), 'demo').problems;
      };

      test.each([
        ['as themselves', declared, '$T', '"[hidden]"'],
        ['in another value', `${declared}\nU: {from: {interpolate: "ab-$T"}}`, 'x-$U', '[hidden]"'],
        ['where a text is cut off', declared, `${'x'.repeat(54)}$T`, '[hidden]…"'],
        ['of a wrong type', declared.replace('{', '{type: integer, '), '1s', 'not "[hidden]"'],
        ['of a group', `G: {type: group, variables: {${declared}}}`, '{{ G.T }}', '"[hidden]"'],
      ])('%s', (_, declarations, period, shown) => {
        const [problem, ...others] = problemsOf(declarations, period);
        expect(others).toEqual([]);
        expect(problem?.message).toContain(shown);
        expect(JSON.stringify(problem)).not.toContain(drawn.slice(0, 4));
      });
    });

    test('make a secret of the group that they are in', () => {
      const files = filesOf(`G: {type: group, variables: {${declared}}}`, '', 'a');
      const { stacks } = resolveGrid(aSourceTree(files), 'demo');
      expect(stacks.get('shop')?.scope?.secret).toEqual(new Set(['G']));
    });

    test('stay when the file changes around them', () => {
      expect(valueWith(1, `B: {default: b}\n${declared}`)).toBe(valueWith(1));
    });

    test.each([
      ['random_uuid', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
      ['{random_number: {min: 5, max: 7}}', /^[567]$/],
      ['{random_string: 8}', /^[A-Za-z0-9]{8}$/],
      ['{random_string: {length: 8, charset: base64}}', /^[A-Za-z0-9+/]{8}$/],
      ['{random_string: {length: 8, charset: "01"}}', /^[01]{8}$/],
      ['{random_string: {length: 8, charset: "3-5"}}', /^[345]{8}$/],
      ['{random_string: {length: 8, charset: ascii_printable}}', /^[!-~]{8}$/],
    ])('from %s look like that', (from, form) => {
      expect(valueWith(3, `T: {from: ${from}}`)).toMatch(form);
    });
  });
});

function valueOf(declarations: string, values = ''): string | undefined {
  return theService(compileWith(declarations, values)).spec.env['T'];
}

/** Chance that was drawn with that seed in place of its marks. */
function revealed(text: string, seed: number): string {
  const bytes = new Uint8Array(32).fill(seed);
  const drawn = marksWithin(text).map(
    (mark) => [mark, deriveChance(mark, 'demo', bytes) ?? mark] as const,
  );
  return fillMarks(text, new Map(drawn));
}
