import fc from 'fast-check';

/** What people have tried to get out of a place for text with, and what a forge would act on. */
const attacks = [
  '`',
  '```',
  '````````',
  '~~~',
  '</details>',
  '<details>',
  '</summary></details><h1>✅ No changes</h1>',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<!--',
  '-->',
  '--!>',
  '<!-- gridops:preview v1 repo=company/grids pr=12 -->',
  '@company/everybody',
  '@ada',
  '#123',
  'company/grids#1',
  '!12',
  'https://evil.example/',
  'www.evil.example',
  'ada@evil.example',
  '[click](https://evil.example)',
  '![see](https://evil.example/x.png)',
  '[x]: https://evil.example',
  '<https://evil.example>',
  '|',
  '\\|',
  '\\',
  '\n',
  '\r\n\r\n',
  '\n# Heading\n',
  '\n```\n',
  '\n---\n',
  '\u2028',
  '\u202e',
  '\u2066',
  '\u200b',
  '\ufeff',
  '\u001b[31m',
  '\u0000',
  '\ud800',
  '\udc00',
  '&lt;b&gt;',
  '&#64;ada',
  '$$x$$',
  ':tada:',
  '***',
  '- [x] done',
  '[^1]',
] as const;

export const hostileText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...attacks), fc.string({ unit: 'binary', maxLength: 8 })), {
    minLength: 1,
    maxLength: 8,
  })
  .map((parts) => `EVIL${parts.join('')}`);

/** Something with every text in it replaced that may be anybody's. Equal texts stay equal. */
export function withTexts<T>(value: T, change: (text: string) => string): T {
  return put(value, change) as T;
}

/** What is ours, or can be one of a few words only. */
const ours = new Set(['kind', 'severity', 'change', 'code', 'head', 'base', 'id', 'hash', 'url']);

function put(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((part) => put(part, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, ours.has(key) ? part : put(part, change)]),
  );
}
