/**
 * Text that was made from another text: what each piece of it was made from is remembered, so that whatever is found in the
 * new text can be shown in the file as it is written.
 */
export interface Rendered {
  readonly text: string;
  /** Offset in `text` → offset in the text that it was made from. */
  origin(offset: number): number;
}

/** Collects the pieces of a text, from its start to its end. */
export interface Rendering {
  /** A piece that stands in the source as it is, from the offset on. */
  copy(piece: string, from: number): void;
  /** A piece that was put in for what stands in the source at the offset. */
  insert(piece: string, at: number): void;
  readonly length: number;
  finish(): Rendered;
}

interface Piece {
  readonly start: number;
  readonly source: number;
  readonly copied: boolean;
}

export function createRendering(): Rendering {
  const texts: string[] = [];
  const pieces: Piece[] = [];
  let length = 0;
  function add(text: string, source: number, copied: boolean): void {
    if (text === '') return;
    pieces.push({ start: length, source, copied });
    texts.push(text);
    length += text.length;
  }
  return {
    copy: (text, from) => add(text, from, true),
    insert: (text, at) => add(text, at, false),
    get length() {
      return length;
    },
    finish: () => ({ text: texts.join(''), origin: (offset) => originOf(pieces, offset) }),
  };
}

function originOf(pieces: readonly Piece[], offset: number): number {
  const piece = pieces[lastAtOrBefore(pieces, offset)];
  if (piece === undefined) return 0;
  return piece.copied ? piece.source + (offset - piece.start) : piece.source;
}

function lastAtOrBefore(pieces: readonly Piece[], offset: number): number {
  let [low, high] = [0, pieces.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((pieces[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
