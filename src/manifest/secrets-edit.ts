import {
  type Document,
  isMap,
  isNode,
  isScalar,
  Pair,
  parseDocument,
  Scalar,
  visit,
  YAMLMap,
} from 'yaml';
import type { Problem } from '../model/problem.ts';
import type { SealedKind } from '../model/secret.ts';
import type { TextFile } from '../model/source.ts';
import { readTree, withoutMark } from './read.ts';
import { createReport, type Fault } from './report.ts';
import { secretSections } from './secrets-file.ts';

/** What somebody does to a secrets.yml. */
export interface SecretsChange {
  /** Absent: it stays as it is. */
  readonly recipient?: string;
  /** Each in the place of the one of its name, or after the others. */
  readonly put?: readonly SealedItem[];
  readonly remove?: readonly ItemName[];
}

export interface ItemName {
  readonly kind: SealedKind;
  readonly name: string;
}

export interface SealedItem extends ItemName {
  readonly text: string;
  /** A comment after it. Absent: the one that is there stays. */
  readonly note?: string;
}

export interface SecretsEdit {
  /** `null`: the file cannot be read well enough to be changed. */
  readonly text: string | null;
  readonly problems: readonly Problem[];
}

/** A secrets.yml as it is after a change. Comments, order and everything else that stands in it stay. */
export function editSecrets(file: TextFile, change: SecretsChange): SecretsEdit {
  const { problems } = readTree(file);
  if (problems.some(({ severity }) => severity === 'error')) return { text: null, problems };
  const document = parse(file);
  const fault = faultOf(document);
  if (fault !== null) return { text: null, problems: [problemOf(file, fault)] };
  apply(document, change);
  const printed = document.toString({ lineWidth: 0, indent: indentOf(file.text) });
  const text = printed.replace(/^ +$/gm, '');
  return { text: hasCarriageReturns(file) ? text.replaceAll('\n', '\r\n') : text, problems };
}

/** What stands in a secrets.yml; of one that cannot be read, nothing. */
export function readSecrets(file: TextFile): {
  readonly recipient: string | null;
  readonly items: readonly SealedItem[];
} {
  const { root } = readTree(file);
  const document = parse(root === null ? { ...file, text: '' } : file);
  const recipient = isMap(document.contents) ? document.contents.get('recipient') : undefined;
  const items = (Object.keys(secretSections) as SealedKind[]).flatMap((kind) => {
    const section = document.get(secretSections[kind]);
    return isMap(section) ? section.items.flatMap((pair) => itemOf(kind, pair)) : [];
  });
  return { recipient: typeof recipient === 'string' && recipient !== '' ? recipient : null, items };
}

function itemOf(kind: SealedKind, { key, value }: Pair): readonly SealedItem[] {
  if (!isScalar(key) || !isScalar(value)) return [];
  const note = value.comment?.trim();
  const item = { kind, name: String(key.value), text: String(value.value) };
  return [note === undefined ? item : { ...item, note }];
}

/** `failsafe`: every scalar stays text. What `readTree` has passed is bounded. */
function parse(file: TextFile): Document.Parsed {
  const text = withoutMark(file.text).replaceAll('\r\n', '\n');
  return parseDocument(text, { schema: 'failsafe', uniqueKeys: false, prettyErrors: false });
}

function hasCarriageReturns({ text }: TextFile): boolean {
  return text.includes('\r\n');
}

/** What could not be changed without doing harm. */
function faultOf(document: Document): Fault | null {
  let hasAlias = false;
  visit(document, { Alias: () => void (hasAlias = true) });
  if (hasAlias) return withAlias;
  const { contents } = document;
  if (!isEmpty(contents) && !isMap(contents)) return noMap('the file');
  for (const key of Object.values(secretSections)) {
    const section = document.get(key);
    if (!isEmpty(section) && !isMap(section)) return noMap(key);
  }
  return null;
}

const withAlias: Fault = {
  code: 'wrong-value',
  message: 'an alias stands in the file, and with it nothing can be changed safely',
  hint: 'Write in its place what it stands for.',
};

function noMap(what: string): Fault {
  return { code: 'wrong-type', message: `${what} is no map, so nothing can be put into it` };
}

function problemOf(file: TextFile, fault: Fault): Problem {
  const report = createReport(null);
  report.error({ file: file.path, line: 1, column: 1 }, fault);
  const [problem] = report.problems();
  return problem as Problem;
}

function isEmpty(node: unknown): boolean {
  if (isScalar(node)) return node.value === '' || node.value === null;
  return node === null || node === undefined || node === '';
}

function indentOf(text: string): number {
  const [, spaces = '  '] = /^( +)[^\s#]/m.exec(text) ?? [];
  return Math.min(spaces.length, 8);
}

function apply(document: Document, { recipient, put = [], remove = [] }: SecretsChange): void {
  const root = rootOf(document);
  if (recipient !== undefined) putRecipient(root, recipient);
  for (const { kind, name } of remove) {
    const key = secretSections[kind];
    const section = root.get(key);
    if (!isMap(section)) continue;
    section.delete(name);
    if (section.items.length === 0) root.delete(key);
  }
  for (const item of put) putItem(sectionOf(root, secretSections[item.kind]), item);
}

function rootOf(document: Document): YAMLMap {
  if (isMap(document.contents)) return document.contents;
  const root = new YAMLMap();
  document.contents = root;
  // A file of comments alone has them at its end.
  document.commentBefore ??= document.comment;
  document.comment = null;
  return root;
}

function putRecipient(root: YAMLMap, recipient: string): void {
  const known = pairOf(root, 'recipient');
  if (known !== undefined) return replace(known, new Scalar(recipient));
  const [first] = root.items;
  if (isScalar(first?.key)) first.key.spaceBefore = true;
  root.items.unshift(new Pair(new Scalar('recipient'), new Scalar(recipient)));
}

function putItem(section: YAMLMap, { name, text, note }: SealedItem): void {
  const value = new Scalar(text);
  const known = pairOf(section, name);
  if (known === undefined) section.items.push(new Pair(keyOf(name), value));
  else replace(known, value);
  if (note !== undefined) value.comment = ` ${note}`;
}

function sectionOf(root: YAMLMap, key: string): YAMLMap {
  const known = pairOf(root, key);
  if (isMap(known?.value)) {
    // A line each: `{}` would put them all on one.
    if (known.value.items.length === 0) known.value.flow = false;
    return known.value;
  }
  const section = new YAMLMap();
  if (known !== undefined) {
    replace(known, section);
    return section;
  }
  const title = new Scalar(key);
  title.spaceBefore = root.items.length > 0;
  root.items.push(new Pair(title, section));
  return section;
}

function pairOf(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find(({ key }) => isScalar(key) && key.value === name);
}

function replace(pair: Pair, value: Scalar | YAMLMap): void {
  if (isNode(pair.value)) {
    const { comment, commentBefore } = pair.value;
    value.comment = comment ?? null;
    value.commentBefore = commentBefore ?? null;
  }
  pair.value = value;
}

/** What other programs would take for a number or a switch is in quotes. */
function keyOf(name: string): Scalar {
  const key = new Scalar(name);
  if (/^(?:[\d.]|(?:null|true|false|yes|no|on|off|y|n)$)/i.test(name))
    key.type = Scalar.QUOTE_DOUBLE;
  return key;
}
