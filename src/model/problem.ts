/** A place in a file of the grid repository. `file` is relative to the repository's root; lines and columns start at 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * An expected fault in the grid repository. Problems are returned, never thrown, all at once.
 * `code` is kebab-case and stable: docs have an anchor for each.
 */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly position: Position;
  /** What to write instead, as a whole sentence. */
  readonly hint?: string;
  /** The stack that is held back by it; absent when the grid as a whole is. */
  readonly stack?: string;
}

/** A problem as people and programs are shown it. */
export interface ShownProblem extends Problem {
  /** Where its code is explained. */
  readonly help: string;
  /** The lines around its position, where they can be had. */
  readonly frame?: string;
}

/**
 * What a line of a problem's frame is, for those who set it off. Every line begins with the frame's own gutter: no line of a
 * file can pass for the marked one or for the caret's.
 */
export function frameLineKind(line: string): 'marked' | 'caret' | 'around' {
  if (line.startsWith('>')) return 'marked';
  return /^ +\| [ \u3000]*\^$/.test(line) ? 'caret' : 'around';
}

/** `file:line:column`, as editors and terminals link it. */
export function printPosition(at: Position): string {
  return `${at.file}:${at.line}:${at.column}`;
}

/** One line for people: where, what and, if it is known, what to write instead. */
export function printProblem({ position, message, hint }: Problem): string {
  const place = `${printPosition(position)} ${message}`;
  return hint === undefined ? place : `${place}. ${hint}`;
}
