import { Composer, type Document, Lexer, LineCounter, Parser, type YAMLError } from 'yaml';
import type { Position, Problem } from '../model/problem.ts';
import type { TextFile } from '../model/source.ts';
import { buildTree } from './build-tree.ts';
import { quote, visible } from './quote.ts';
import type { Rendered } from './rendered.ts';
import { createReport, type Fault, type Report } from './report.ts';
import { tagFault } from './tag-fault.ts';
import type { TreeNode } from './tree.ts';

/** A file as a tree; `root` is null when it cannot be read, and the problems say why. There can be problems with a root too. */
export interface Tree {
  readonly root: TreeNode | null;
  readonly problems: readonly Problem[];
}

/**
 * Bounds on what is parsed at all. The YAML library recurses once per nested value, and near the end of the stack not only
 * this call dies but the process (compiling a regular expression there is fatal): the depth has to be known before.
 */
const limits = {
  characters: 512 * 1024,
  tokens: 200_000,
  depth: 100,
  nodes: 100_000,
} as const;

export interface ReadOptions {
  /** What templates made of the file's text; places are those in the file. */
  readonly rendered?: Rendered | null;
  /** A key that is written twice: a problem, or as in Kontena the last one, with a warning. */
  readonly duplicates?: 'refuse' | 'last-wins';
}

/** Text → tree with positions. Never throws; time and memory are proportional to the text, whatever is in it. */
export function readTree(file: TextFile, options: ReadOptions = {}): Tree {
  const report = createReport(null);
  const root = read(file, options, report);
  return { root, problems: report.problems() };
}

/** The text without the byte order mark that some editors put in front. */
export function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text;
}

function read(
  file: TextFile,
  { rendered = null, duplicates = 'refuse' }: ReadOptions,
  report: Report,
): TreeNode | null {
  const written = withoutMark(file.text);
  if (!checkText(file.path, written, report)) return null;
  const text = rendered?.text ?? written;
  const lines = rendered === null ? new LineCounter() : countLines(written);
  if (rendered === null) lines.addNewLine(0);
  const place = (offset: number): Position =>
    positionIn(file.path, written, lines, rendered?.origin(offset) ?? offset);
  // The parser counts the lines of what it reads.
  const seen = rendered === null ? lines : new LineCounter();
  const document = compose({ text, lines: seen, place, report });
  if (document === null) return null;
  for (const error of document.errors) report.error(place(error.pos[0]), syntaxFault(error));
  for (const warning of document.warnings)
    report.error(place(warning.pos[0]), warningFault(warning, text));
  if (report.failed()) return null;
  const { nodes: maxNodes, depth: maxDepth } = limits;
  return buildTree({ document, place, report, duplicates, maxNodes, maxDepth });
}

function checkText(path: string, text: string, report: Report): boolean {
  if (text.length > limits.characters) {
    report.error(
      { file: path, line: 1, column: 1 },
      {
        code: 'file-too-large',
        message: `the file has ${text.length} characters; more than ${limits.characters} are not read`,
        hint: 'Split it into several stacks.',
      },
    );
    return false;
  }
  const offset = text.search(unreadable);
  if (offset === -1) return true;
  const character = text.charAt(offset);
  report.error(positionOf(path, text, offset), {
    code: character === '\uFFFD' ? 'not-utf8' : 'control-character',
    message:
      character === '\uFFFD'
        ? 'the file is not valid UTF-8 here'
        : `the control character ${quote(character)} is not allowed in YAML`,
  });
  return false;
}

/** What no YAML text contains, and what decoders put where the bytes are no text. */
const unreadable = /(?![\t\n\r\u0085])\p{Cc}|\uFFFD/u;

interface Composing {
  readonly text: string;
  readonly lines: LineCounter;
  readonly place: (offset: number) => Position;
  readonly report: Report;
}

/** Token by token, so that depth, length and a second document are noticed before anything is built of them. */
function compose({ text, lines, place, report }: Composing): Document.Parsed | null {
  const parser = new Parser(lines.addNewLine);
  // `failsafe`: every scalar stays text. Duplicate keys are ours to find: the library's check is quadratic.
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, prettyErrors: false });
  const documents: Document.Parsed[] = [];
  let tokens = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens += 1;
    for (const token of parser.next(lexeme)) documents.push(...(composer.next(token) as Parsed));
    if (parser.stack.length > limits.depth) return refuse(tooDeep, place(parser.offset), report);
    if (tokens > limits.tokens) return refuse(tooManyTokens, place(parser.offset), report);
    if (documents.length > 1) break;
  }
  for (const token of parser.end()) documents.push(...(composer.next(token) as Parsed));
  documents.push(...(composer.end(true, text.length) as Parsed));
  const [first, second] = documents;
  if (second !== undefined) return refuse(secondDocument, place(second.range[0]), report);
  return first ?? null;
}

type Parsed = Iterable<Document.Parsed>;

function refuse(fault: Fault, at: Position, report: Report): null {
  report.error(at, fault);
  return null;
}

const tooDeep = {
  code: 'yaml-too-deep',
  message: `values are nested more than ${limits.depth} deep`,
};

const tooManyTokens = {
  code: 'yaml-too-large',
  message: 'the file has more values than are read from one file',
  hint: 'Split it into several stacks.',
};

const secondDocument = {
  code: 'multiple-documents',
  message: 'a second document starts here; one file holds one document',
  hint: 'Remove what follows the line `---`.',
};

function syntaxFault(error: YAMLError): Fault {
  const message = visible(error.message.split('\n')[0]?.slice(0, 200) ?? '');
  if (error.code === 'TAB_AS_INDENT') {
    return { code: 'yaml-syntax', message, hint: 'Indent with spaces.' };
  }
  if (error.code === 'BAD_ALIAS') return { code: 'yaml-syntax', message, hint: quoteAsterisk };
  return { code: 'yaml-syntax', message };
}

const quoteAsterisk =
  'An asterisk begins an alias of YAML. Put one that is meant as text in quotes: "*".';

/** `text` is what was parsed. */
function warningFault({ code, message, pos }: YAMLError, text: string): Fault {
  if (code === 'TAG_RESOLVE_FAILED') return tagFault(text.slice(...pos).slice(0, 200));
  return { code: 'yaml-syntax', message: visible(message.slice(0, 200)) };
}

/** Offsets of the library may lie one past the end: places are always inside the file. */
function positionIn(file: string, text: string, lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(Math.min(offset, text.length));
  return { file, line: Math.max(1, line), column: Math.max(1, col) };
}

function countLines(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1);
  return lines;
}

/** Where in the file an offset of its text, without the byte order mark, is. */
export function positionAt(file: TextFile, offset: number): Position {
  return positionOf(file.path, withoutMark(file.text), offset);
}

function positionOf(file: string, text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { file, line: before.split('\n').length, column: offset - lineStart + 1 };
}
