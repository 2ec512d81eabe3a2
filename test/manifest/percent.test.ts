import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderPercent } from '../../src/manifest/percent.ts';

const values = { project: 'shop', grid: 'demo' };

describe('the text of an app file', () => {
  test.each([
    ['%{project}-db', 'shop-db'],
    ['a.%{grid}.b', 'a.demo.b'],
    ['wordpress-%%s', 'wordpress-%s'],
    ['100%%', '100%'],
    ['%%{project}', '%{project}'],
    ['no signs', 'no signs'],
    ['# 50% of it\nx', '# 50% of it\nx'],
  ])('%j becomes %j', (text, result) => {
    expect(renderPercent(text, values)).toMatchObject({ rendered: { text: result }, faults: [] });
  });

  test.each([
    ['a: 50% x', 5, 'bad-template'],
    ['%', 0, 'bad-template'],
    ['b: %{stack}', 3, 'undefined-variable'],
    ['%s', 0, 'bad-template'],
  ])('%j has a fault where the sign is', (text, offset, code) => {
    expect(renderPercent(text, values).faults).toMatchObject([{ offset, fault: { code } }]);
  });

  test('comes through when its signs are doubled, with every place known', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('%', '{', 'a', '\n', '#') }), (text) => {
        const doubled = text.replaceAll('%', '%%');
        const { rendered, faults } = renderPercent(doubled, values);
        expect(rendered.text).toBe(text);
        expect(faults).toEqual([]);
        for (let at = 0; at < text.length; at += 1)
          expect(doubled[rendered.origin(at)]).toBe(text[at]);
      }),
    );
  });
});
