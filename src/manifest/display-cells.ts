/** What one character of a file becomes in a monospaced display. */
export interface Cell {
  readonly shown: string;
  /** Columns of the display that it takes. */
  readonly width: number;
  /** UTF-16 units of the text that it stands for. */
  readonly units: number;
}

/**
 * Text, cell by cell. What a terminal would obey, or hide, is one `·`; so is what terminals draw in different widths (flags,
 * skin tones, joiners of emoji), so that whatever comes behind it stands where it is counted to.
 */
export function cellsOf(text: string): readonly Cell[] {
  return Array.from(text, (character) => ({ ...look(character), units: character.length }));
}

/** As much of the display as the cells take, with nothing in it: ideographic spaces are as wide as ideographs in any font. */
export function blank(cells: readonly Cell[]): string {
  return cells
    .map(({ shown, width }) => (width === 2 && shown !== tab ? '\u3000' : ' '.repeat(width)))
    .join('');
}

/** No tab stops: what is cut on the left would move them. */
const tab = '  ';

function look(character: string): Omit<Cell, 'units'> {
  if (character === '\t') return { shown: tab, width: tab.length };
  if (selector.test(character)) return { shown: '', width: 0 };
  if (undrawable.test(character)) return { shown: '·', width: 1 };
  if (combining.test(character)) return { shown: character, width: 0 };
  return { shown: character, width: wide.test(character) ? 2 : 1 };
}

const selector = /[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;

const undrawable = /[\p{C}\p{Zl}\p{Zp}\p{Regional_Indicator}\p{Emoji_Modifier}]/u;

/** Marks above and below, and the later parts of Hangul syllables. */
const combining = /[\p{Mn}\p{Me}\u1160-\u11ff]/u;

/** East Asian Wide and Fullwidth, without the half-width forms. */
const wide =
  /(?![\uff61-\uffdc])[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}\p{sc=Bopo}\p{sc=Yi}\p{Emoji_Presentation}\u3000-\u303e\u3099-\u33ff\uff01-\uff60\uffe0-\uffe6]/u;
