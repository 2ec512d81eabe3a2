import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Redactor } from '../../src/sync/redactor.ts';

describe('what a message may say', () => {
  it('is one short line without user information', () => {
    const redactor = new Redactor();

    const clean = redactor.clean(
      "fatal: unable to access 'https://me:pw@h/x':\n\u001b[31mAuthorization: Basic abc\u202e\n",
    );

    expect(clean).toBe("fatal: unable to access 'https://h/x': [31mAuthorization: Basic ***");
    expect(redactor.clean('x'.repeat(10_000)).length).toBeLessThan(500);
  });

  it('leaves ordinary words alone', () => {
    const redactor = new Redactor();
    redactor.learn({ username: 'git', password: '' });

    expect(redactor.clean('git could not read http://h:8080/a/@b')).toBe(
      'git could not read http://h:8080/a/@b',
    );
  });

  it('never holds a secret that was handed out, in any of its spellings', () => {
    const secret = fc.string({ minLength: 8, unit: 'grapheme-ascii' }).filter(isOpaque);
    fc.assert(
      fc.property(secret, fc.string(), (password, around) => {
        const redactor = new Redactor();
        redactor.learn({ username: 'x-access-token', password });
        const basic = Buffer.from(`x-access-token:${password}`).toString('base64');

        const clean = redactor.clean(
          `${around}${password} ${encodeURIComponent(password)} Basic ${basic}${around}`,
        );

        for (const spelling of [password, encodeURIComponent(password), basic]) {
          expect(clean.includes(spelling)).toBe(false);
        }
      }),
    );
  });
});

/** Secrets that are not part of their own replacement or of the text around. */
function isOpaque(text: string): boolean {
  return /^[\w+/=@%.-]+$/.test(text);
}
