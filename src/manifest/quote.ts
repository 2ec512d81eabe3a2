import { showMarks } from '../model/secret.ts';

/** Longest piece of a repository's text that a message repeats. */
const maxQuoted = 60;

/** Characters that change what a terminal or a web page shows instead of being shown: control, format, line separators. */
const invisible = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text of the repository as messages show it: in quotes, on one line, bounded, with nothing invisible in it. */
export function quote(text: string): string {
  const shown = showMarks(text);
  const short = shown.length > maxQuoted ? `${shown.slice(0, maxQuoted)}…` : shown;
  return `"${visible(short)}"`;
}

/** Replaces every invisible character by its code point, so that no text of the repository can steer a terminal. */
export function visible(text: string): string {
  return text.replace(invisible, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** `a, b or c`, for messages that list what may be written. */
export function alternatives(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

/** Shorter values are no secrets: they would be guessed, and stand in messages by chance. */
const minConcealed = 4;

/** A message without these values, also where `quote` has cut one off. */
export function conceal(message: string, secrets: Iterable<string>): string {
  let shown = message;
  for (const secret of secrets) {
    if (secret.length < minConcealed) continue;
    const written = visible(secret);
    shown = shown.replaceAll(written, hidden);
    const most = Math.min(written.length - 1, maxQuoted * maxEscaped);
    for (let length = shown.includes(cut) ? most : 0; length >= minConcealed; length--)
      shown = shown.replaceAll(written.slice(0, length) + cut, hidden + cut);
  }
  return shown;
}

const hidden = '[hidden]';
const cut = '…"';
/** What one invisible character becomes. */
const maxEscaped = 10;
