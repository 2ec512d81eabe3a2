import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findLiquid, type LiquidValues, renderLiquid } from '../../src/manifest/liquid.ts';

const values: LiquidValues = new Map<
  string,
  LiquidValues extends ReadonlyMap<string, infer V> ? V : never
>([
  ['name', 'web'],
  ['none', null],
  ['copies', 2],
  ['off', false],
  ['zones', ['a', 'b']],
  ['db', { host: 'pg' }],
  ['with-hyphen', 'x'],
]);

function render(text: string): string {
  const outcome = renderLiquid(text, values);
  if ('faults' in outcome) throw new Error(JSON.stringify(outcome.faults));
  return outcome.rendered.text;
}

function faults(text: string) {
  const outcome = renderLiquid(text, values);
  return 'faults' in outcome ? outcome.faults : [];
}

describe('a Liquid template', () => {
  test.each([
    ['image: {{ name }}', 'image: web'],
    ['{{ with-hyphen }}', 'x'],
    ['[{{ none }}]', '[]'],
    ['{% if none %}a{% else %}b{% endif %}', 'b'],
    ['{% if off %}a{% endif %}', ''],
    ['{% unless off %}a{% endunless %}', 'a'],
    ['{% if copies > 1 and name == "web" %}a{% endif %}', 'a'],
    ['{% for i in (1..copies) %}{{ name }}-{{ i }} {% endfor %}', 'web-1 web-2 '],
    ['{% for z in zones %}{{ z }}{% endfor %}', 'ab'],
    ['{{ zones | join: "," }}', 'a,b'],
    ['{{ zones.size }}', '2'],
    ['{{ db.host }}', 'pg'],
    ['{% assign x = copies | times: 2 | plus: 1 %}{{ x }}', '5'],
    ['{% capture x %}{{ name }}!{% endcapture %}{{ x }}', 'web!'],
    ['{% case name %}{% when "web" %}a{% else %}b{% endcase %}', 'a'],
    [
      '{% capture x %}{% for z in zones %}{{ z }}{% endfor %}{% echo name %}{% endcapture %}{{ x }}',
      'abweb',
    ],
    ['{{ 7 | divided_by: copies }} {{ 7 | divided_by: 0.5 }}', '3 14'],
    ['{% raw %}{{ name }}{% endraw %}', '{{ name }}'],
    ['{{ "a b" | split: " " | last }}', 'b'],
    ['a {{- name -}} b', 'awebb'],
    ['# {% if none %}\nx: 1\n# {% endif %}\ny: 2', '# \ny: 2'],
  ])('%j becomes %j', (text, result) => expect(render(text)).toBe(result));

  test.each([
    ['{{ nmae }}', 3, 'undefined-variable', /"nmae" is not declared/],
    ['{% if nothing %}{% endif %}', 6, 'undefined-variable', /"nothing"/],
    ['{{ db.prot }}', 3, 'undefined-variable', /"db.prot"/],
    ['ab {% forx i %}', 3, 'bad-template', /"forx" not found/],
    ['ab {{ name | shout }}', 3, 'bad-template', /undefined filter: shout/],
    ['ab {% if name %}', 3, 'bad-template', /not closed/],
    ['ab {{ name', 3, 'bad-template', /not closed/],
    ['{{ "now" | date: "%Y" }}', 0, 'bad-template', /date/],
    ['{{ zones | where_exp: "z", "z" }}', 0, 'bad-template', /undefined filter: where_exp/],
    ['{{ copies | divided_by: 0 }}', 0, 'bad-template', /divided by zero/],
    ['{{ zones | sample }}', 0, 'bad-template', /sample/],
    ['{% include "package.json" %}', 0, 'bad-template', /include/],
    ['{% render "package.json" %}', 0, 'bad-template', /render/],
  ])('%j is refused where it is wrong', (text, offset, code, message) => {
    expect(faults(text)).toMatchObject([
      { offset, fault: { code, message: expect.stringMatching(message) } },
    ]);
  });

  test('has all of its undefined variables reported at once, and each once', () => {
    const text = '{{ a1 }} {% for i in (1..9) %}{{ b1 }}{% endfor %} {{ c1 }}';
    expect(faults(text).map(({ offset }) => offset)).toEqual([3, 33, 54]);
  });

  test('with a misspelt variable is told which was meant', () => {
    expect(faults('{{ nmae }}')[0]?.fault.hint).toBe('Did you mean "name"?');
  });

  test('that would go on for ever is stopped', () => {
    const loops = '{% for a in (1..9999) %}{% for b in (1..9999) %}x{% endfor %}{% endfor %}';
    const memory = '{% for a in (1..999999999) %}{% endfor %}';
    const growth = `{% assign s = name %}${'{% assign s = s | append: s %}'.repeat(60)}{{ s }}`;
    const twice = '{% capture s %}{{ s }}{{ s }}{% endcapture %}';
    const captured = `{% assign s = name %}${twice.repeat(22)}{{ s | size }}`;
    expect(faults(captured)[0]?.fault.message).toContain('captures');
    for (const text of [loops, memory, growth]) expect(faults(text).length).toBeGreaterThan(0);
  });

  test('with very many faults is given up early, and so is one that nests too deep', () => {
    expect(faults('{{ nope }}'.repeat(5_000)).length).toBe(20);
    expect(faults('{% forx %}'.repeat(5_000)).length).toBeLessThanOrEqual(20);
    expect(faults('{{ name }}'.repeat(5_001))[0]?.fault.message).toContain('5000 tags');
    const deep = '{% if name %}'.repeat(2_000) + '{% endif %}'.repeat(2_000);
    expect(faults(deep)[0]?.fault.message).toContain('100 deep');
    expect(render('{% if name %}'.repeat(99) + 'x' + '{% endif %}'.repeat(99))).toBe('x');
  });

  test('remembers where each piece of its text comes from', () => {
    const text = '# {% for i in (1..2) %}\nweb-{{ i }}: x\n# {% endfor %}\nend: {{ name }}!';
    const outcome = renderLiquid(text, values);
    if ('faults' in outcome) throw new Error('faults');
    const { rendered } = outcome;
    for (const at of [rendered.text.indexOf('web-1'), rendered.text.indexOf('web-2')])
      expect(rendered.origin(at)).toBe(text.indexOf('web-'));
    expect(rendered.origin(rendered.text.indexOf('2: x'))).toBe(text.indexOf('{{ i }}'));
    expect(rendered.origin(rendered.text.indexOf('end'))).toBe(text.indexOf('end:'));
    expect(rendered.origin(rendered.text.length - 1)).toBe(text.length - 1);
  });

  test('is rendered or refused, and nothing is thrown, and places are in the file', () => {
    const pieces = [
      '{{',
      '}}',
      '{%',
      '%}',
      ' name ',
      ' if ',
      ' endif ',
      ' for i in zones ',
      ' endfor ',
      '| join',
      ' raw ',
      ' endraw ',
      '-',
      '"',
      '\n',
      'x',
      ' assign a = name ',
      '(1..3)',
    ];
    const piece = fc.constantFrom(...pieces);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (some) => {
        const text = some.join('');
        const outcome = renderLiquid(text, values);
        const offsets =
          'faults' in outcome
            ? outcome.faults.map(({ offset }) => offset)
            : Array.from(outcome.rendered.text, (_, at) => outcome.rendered.origin(at));
        for (const offset of offsets) {
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(offset).toBeLessThanOrEqual(text.length);
        }
      }),
    );
  });
});

describe('Liquid', () => {
  test.each([
    '{% if x %}',
    '{%- if x %}',
    'a: {{ x }}',
    '{{x}}',
    '{{ 3 | times: 2 }}',
    '{{ "x" }}',
    '{%# note %}',
  ])('is found in %j', (text) => expect(findLiquid(text)).not.toBe(-1));

  test.each(['{{.Name}}', 'a: {b: {c: d}}', '{ { x } }', '${x}', '%{x}'])('is not in %j', (text) =>
    expect(findLiquid(text)).toBe(-1),
  );
});
