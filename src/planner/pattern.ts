/** Names and labels are at most this long; more is not looked at. */
const LONGEST_TEXT = 255;
const LONGEST_PATTERN = 200;
/** How many ways of matching a search may have to try; some milliseconds at the very worst. */
const MOST_WAYS = LONGEST_TEXT ** 3;

export type TextMatch = (text: string) => boolean;

/**
 * What an affinity's value means: literal text, or between slashes a regular expression. `null`: an expression that is
 * wrong, or that could take for ever on some text. A search cannot be interrupted, so what may be slow is refused by its
 * looks: repeated groups with a choice inside, back references, look-around, too many choices.
 */
export function textMatch(value: string): TextMatch | null {
  const source = expressionIn(value);
  if (source === null) return (text) => text === value;
  if (source.length > LONGEST_PATTERN || waysToMatch(source) > MOST_WAYS) return null;
  const expression = compile(source);
  return expression === null ? null : (text) => expression.test(text.slice(0, LONGEST_TEXT));
}

/** The text between the slashes, or `null` for a literal. */
export function expressionIn(value: string): string | null {
  return value.length > 2 && value.startsWith('/') && value.endsWith('/')
    ? value.slice(1, -1)
    : null;
}

function compile(source: string): RegExp | null {
  try {
    return new RegExp(source);
  } catch {
    return null;
  }
}

const token = /\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|\(\?:|\(\?|\{\d+(?:,\d*)?\}|[\s\S]/g;

/** An upper bound, as if every choice had to be tried with every other one. */
function waysToMatch(source: string): number {
  let ways = source.startsWith('^') ? 1 : LONGEST_TEXT;
  /** For each open group, innermost last: whether there is a choice inside. */
  const groups = [false];
  let closedChoice = false;
  for (const [part] of source.matchAll(token)) {
    if (part === '(?' || /^\\[1-9k]/.test(part)) return Number.POSITIVE_INFINITY;
    if (closedChoice && isRepetition(part)) return Number.POSITIVE_INFINITY;
    const choices = choicesOf(part);
    ways *= choices;
    if (choices > 1) groups[groups.length - 1] = true;
    closedChoice = part === ')' && groups.pop() === true;
    if (closedChoice) groups[groups.length - 1] = true;
    if (part === '(' || part === '(?:') groups.push(false);
  }
  return ways;
}

function isRepetition(part: string): boolean {
  return part === '*' || part === '+' || /^\{\d/.test(part);
}

function choicesOf(part: string): number {
  if (part === '*' || part === '+') return LONGEST_TEXT;
  if (part === '?' || part === '|') return 2;
  const counts = /^\{(\d+)(,?)(\d*)\}$/.exec(part);
  if (counts === null) return 1;
  const [, least = '', comma, most = ''] = counts;
  if (comma === '') return 1;
  const range = most === '' ? LONGEST_TEXT : Number(most) - Number(least) + 1;
  return Math.min(range, LONGEST_TEXT);
}
