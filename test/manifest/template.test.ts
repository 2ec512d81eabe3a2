import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeTemplate, expand } from '../../src/manifest/template.ts';

const scope = {
  values: new Map([
    ['NAME', 'value'],
    ['EMPTY', ''],
    ['UNSET', null],
    ['TRICKY', '$NAME ${NAME} $$'],
    ['_x1', 'y'],
  ]),
};

describe('a template', () => {
  test.each([
    ['plain text', 'plain text'],
    ['$NAME', 'value'],
    ['${NAME}', 'value'],
    ['a${NAME}b$NAME.c', 'avaluebvalue.c'],
    ['$_x1', 'y'],
    ['$$NAME', '$NAME'],
    ['$${NAME}', '${NAME}'],
    ['$$$NAME', '$value'],
    ['$$$$', '$$'],
    ['cost: 5$', 'cost: 5$'],
    ['$(date) $ $- $.', '$(date) $ $- $.'],
    ['$EMPTY', ''],
    ['${UNSET:-default}', 'default'],
    ['${UNSET-default}', 'default'],
    ['${NOWHERE-default}', 'default'],
    ['${EMPTY:-default}', 'default'],
    ['${EMPTY-default}', ''],
    ['${NAME:-default}', 'value'],
    ['${UNSET:-}', ''],
    ['${UNSET:-$NAME}', 'value'],
    ['${UNSET:-${EMPTY:-${NAME}}}', 'value'],
    ['${UNSET:-a-b:?c}', 'a-b:?c'],
    ['${UNSET:-$$}', '$'],
    ['${NAME:?is needed}', 'value'],
    ['${NAME?is needed}', 'value'],
    ['${EMPTY?is needed}', ''],
    ['${NAME:+set}', 'set'],
    ['${EMPTY:+set}', ''],
    ['${EMPTY+set}', 'set'],
    ['${UNSET+set}', ''],
    ['${NAME:-$UNDEFINED}', 'value'],
  ])('%s becomes %s', (template, text) =>
    expect(expand(template, scope)).toEqual({ text, faults: [], warnings: [], isSpoiled: false }),
  );

  test('values are put in as they are and never looked at again', () => {
    expect(expand('$TRICKY', scope)).toMatchObject({ text: '$NAME ${NAME} $$', faults: [] });
    expect(expand('${UNSET:-$TRICKY}', scope).text).toBe('$NAME ${NAME} $$');
  });

  test.each([
    ['$NOWHERE', 'undefined-variable', /"NOWHERE" is not declared/],
    ['${NOWHERE}', 'undefined-variable', /"NOWHERE" is not declared/],
    ['$UNSET', 'undefined-variable', /"UNSET" has no value/],
    ['$1', 'undefined-variable', /"1" is not declared/],
    ['${UNSET:?say which}', 'undefined-variable', /must have a value: "say which"/],
    ['${UNSET?}', 'undefined-variable', /must have a value$/],
    ['${EMPTY:?}', 'undefined-variable', /"EMPTY" must have a value/],
    ['${UNSET:-$NOWHERE}', 'undefined-variable', /"NOWHERE"/],
    ['${', 'interpolation-syntax', /name must follow/],
    ['${}', 'interpolation-syntax', /name must follow/],
    ['${-x}', 'interpolation-syntax', /name must follow/],
    ['${NAME:-x', 'interpolation-syntax', /does not end/],
    ['${UNSET:-'.repeat(20) + '}'.repeat(20), 'interpolation-syntax', /too deep/],
  ])('%s is a fault', (template, code, message) => {
    expect(expand(template, scope).faults).toMatchObject([
      { code, message: expect.stringMatching(message) },
    ]);
  });

  test('a declared name without a value may be an empty text, when the template says so', () => {
    expect(expand('$UNSET', scope).faults[0]?.hint).toContain('"${UNSET:-}"');
    expect(expand('${UNSET:-}', scope)).toMatchObject({ text: '', faults: [] });
  });

  test.each([
    ['${NAME', 'value'],
    ['${NAME/x', 'value/x'],
    ['${NAME!}', 'value!}'],
    ['${NAME:x}', 'value:x}'],
    ['$NAME}', 'value'],
    ['{$NAME}', '{value'],
    ['$NAME}}', 'value}'],
  ])('%s is %s as in Kontena, with a warning', (template, text) => {
    const expansion = expand(template, scope);
    expect(expansion).toMatchObject({ text, faults: [] });
    expect(expansion.warnings.map(({ code }) => code)).toEqual(['unbalanced-braces']);
  });

  test.each([
    ['{$NAME}', '{value}', []],
    ['${NAME', '${NAME', ['interpolation-syntax']],
    ['${NAME!}', '${NAME!}', ['interpolation-syntax']],
  ])('%s in a Compose file is what Compose makes of it', (template, text, codes) => {
    const expansion = expand(template, { ...scope, braces: 'compose' });
    expect(expansion).toMatchObject({ text, warnings: [] });
    expect(expansion.faults.map(({ code }) => code)).toEqual(codes);
  });

  test('a name that need not be declared is asked for in grid.yml', () => {
    const [fault] = expand('$NOWHERE', { ...scope, isOpen: true }).faults;
    expect(fault).toMatchObject({ hint: expect.stringContaining('grid.yml') });
  });

  test('a name with a hyphen is not taken for a default by accident', () => {
    const hyphens = { values: new Map([['my-var', 'a']]) };
    expect(expand('${my-var}', hyphens).faults[0]?.hint).toContain('{{ my-var }}');
    expect(expand('${my-other}', hyphens)).toMatchObject({ text: 'other', faults: [] });
  });

  test('a misspelt variable is suggested', () => {
    expect(expand('$NAMES', scope).faults[0]?.hint).toBe('Did you mean "NAME"?');
  });

  test('what grows too long is a fault, before it is long', () => {
    const long = { values: new Map([['A', 'x'.repeat(1_000)]]) };
    expect(expand('$A'.repeat(100_000), long, 10_000)).toMatchObject({
      faults: [{ code: 'interpolation-too-large' }],
    });
  });

  test('a name whose declaration is broken spoils the text without a fault of its own', () => {
    const broken = { ...scope, broken: new Set(['B']) };
    expect(expand('a $B', broken)).toMatchObject({ text: 'a $B', faults: [], isSpoiled: true });
  });

  test('any text comes through when its dollars are doubled', () => {
    const text = fc.string({ unit: fc.constantFrom('$', '{', '}', 'A', ':', '-', ' ', 'é') });
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (s) => {
        expect(expand(escapeTemplate(s), scope)).toMatchObject({ text: s, faults: [] });
      }),
    );
  });

  test('any text is expanded or refused, and nothing is thrown', () => {
    const piece = fc.constantFrom(
      '$',
      '$$',
      '{',
      '}',
      '${',
      'NAME',
      'UNSET',
      ':-',
      '-',
      ':?',
      ':+',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const { text, faults } = expand(pieces.join(''), scope);
        expect(typeof text).toBe('string');
        for (const fault of faults)
          expect(fault.code).toMatch(/^(undefined-variable|interpolation-syntax)$/);
      }),
    );
  });
});
