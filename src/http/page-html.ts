/** Text that may be sent to a browser as it is. Only `html` makes it. */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

export type HtmlValue = Html | string | number | null | false | readonly HtmlValue[];

/**
 * Tagged template: everything that is put in is escaped, for text and for quoted attributes; `Html` goes in as it is, lists
 * are joined, `null` and `false` leave nothing. A value right after `=` throws, because no escaping is safe in an
 * attribute without quotes. Never put a value inside `<script>` or `<style>`, or a foreign URL into `href`.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = parts[0] ?? '';
  values.forEach((value, index) => {
    if (parts[index]?.endsWith('=') === true)
      throw new Error('a value in an attribute without quotes');
    markup += print(value) + (parts[index + 1] ?? '');
  });
  return new Html(markup);
}

function print(value: HtmlValue): string {
  if (value instanceof Html) return value.toString();
  if (value === null || value === false) return '';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escape(value);
  return value.map(print).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** Control characters, and those that turn the direction of text around or take no room: what is shown is what is there. */
const invisible = /[^\P{Cc}\n\t]|[\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

function escape(text: string): string {
  return text.replace(/[&<>"'`]/g, (sign) => entities[sign] ?? '').replace(invisible, '\ufffd');
}
