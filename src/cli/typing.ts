import { GridError } from '../model/error.ts';

/** A line in the making while its characters are not shown. */
export interface Typing {
  /** Everything that arrived at once: one key, or what was pasted. Throws `GridError` when that was more than a line. */
  take(data: string): 'more' | 'done' | 'interrupted';
  line(): string;
}

export function createTyping(): Typing {
  let characters: string[] = [];
  function type(character: string): void {
    if (character === key.backspace || character === key.delete) characters.pop();
    else if (character === key.clear) characters = [];
    else characters.push(character);
  }
  function take(data: string): 'more' | 'done' | 'interrupted' {
    if (data.includes(key.interrupt)) return 'interrupted';
    // Arrows and the like: there is nothing to move in.
    if (data.startsWith(key.escape)) return 'more';
    const [first = '', ...others] = data.replaceAll(key.end, '\n').split(/\r\n|\r|\n/);
    for (const character of first) type(character);
    // What was pasted beyond the first line would be lost without a word.
    if (others.some((line) => line !== '')) throw severalLines();
    return others.length === 0 ? 'more' : 'done';
  }
  return { take, line: () => characters.join('') };
}

const key = {
  interrupt: '\u0003',
  /** Ctrl-D: like Enter. */
  end: '\u0004',
  backspace: '\b',
  clear: '\u0015',
  escape: '\u001b',
  delete: '\u007f',
} as const;

function severalLines(): GridError {
  return new GridError({
    code: 'invalid-request',
    message: 'more than one line was pasted, and only one can be entered here',
    hint: 'Put it in a file and give that: --file PATH; or pipe it in.',
  });
}
