import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html } from '../../src/http/page-html.ts';

/** Any UTF-16 there is, torn surrogates and controls included, with more of what matters in markup. */
const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0x20, max: 0x60 })))
  .map((units) => String.fromCharCode(...units));

describe('html', () => {
  it('escapes what is put into text and quoted attributes', () => {
    const evil = `<script>alert("1")</script>' onload='x`;
    expect(html`<p title="${evil}">${evil}</p>`.toString()).toBe(
      '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; onload=&#39;x">' +
        '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; onload=&#39;x</p>',
    );
  });

  it('lets no text out of its place, whatever it is', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const inside = html`<b title="${text}">${text}</b>`.toString();
        return (
          inside.replace(/^<b title="|">|<\/b>$/g, '').search(/[<>"'`]/) === -1 &&
          inside.match(/[<>]/g)?.length === 4
        );
      }),
    );
  });

  it('takes its own markup as it is, joins lists and leaves nothing for null and false', () => {
    const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${items}</ul>${null}${false}${0}`.toString()).toBe(
      '<ul><li>a</li><li>&lt;b&gt;</li></ul>0',
    );
  });

  it('takes text that ends like an attribute, also right before another value', () => {
    expect(html`<p>${'DATABASE_URL='}${'x'}</p>`.toString()).toBe('<p>DATABASE_URL=x</p>');
  });

  it('does not take an object that only looks like markup', () => {
    const forged = { toString: () => '<script>' };
    expect(() => html`${forged as unknown as string}`.toString()).toThrow();
  });

  it('shows that characters were there which turn or hide text', () => {
    expect(html`${'a\u202etxt.exe\u200b\u0007'}`.toString()).toBe('a\ufffdtxt.exe\ufffd\ufffd');
  });

  it('keeps line breaks and tabs', () => {
    expect(html`${'a\n\tb'}`.toString()).toBe('a\n\tb');
  });

  it('refuses a value in an attribute without quotes', () => {
    expect(() => html`<p class=${'x'}></p>`).toThrow('without quotes');
  });
});
