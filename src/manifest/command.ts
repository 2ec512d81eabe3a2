import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

/**
 * A command line → its words, split as a POSIX shell does: blanks separate, '…' is literal, "…" keeps blanks and knows \\ \" \$
 * \`, and a backslash outside quotes takes the next character as it is. Nothing is expanded: there is no shell.
 */
export function splitCommand(text: string): Parsed<readonly string[]> {
  const words: string[] = [];
  let word: string | null = null;
  piece.lastIndex = 0;
  while (piece.lastIndex < text.length) {
    const match = piece.exec(text)?.groups;
    if (match === undefined) return unclosed(text);
    if (match['blank'] === undefined) word = (word ?? '') + meaning(match);
    else if (word !== null) [word] = [null, words.push(word)];
  }
  if (word !== null) words.push(word);
  return { value: words };
}

const piece =
  /(?<blank>\s+)|(?<bare>[^\s'"\\]+)|'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[^])*)"|\\(?<escaped>[^])/y;

function meaning(match: Readonly<Record<string, string | undefined>>): string {
  const double = match['double']?.replace(/\\(?:([$`"\\])|\n)/g, '$1');
  const escaped = match['escaped'] === '\n' ? '' : match['escaped'];
  return match['bare'] ?? match['single'] ?? double ?? escaped ?? '';
}

function unclosed(text: string): Parsed<readonly string[]> {
  return {
    fault: {
      code: 'bad-command',
      message: `${quote(text)} ends inside a quote or after a backslash`,
      hint: 'Close the quote, or write the command as a list of words.',
    },
  };
}
