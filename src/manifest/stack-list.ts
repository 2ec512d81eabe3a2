import { compareText } from '../model/identity.ts';
import type { Position } from '../model/problem.ts';
import type { Seed } from '../model/seed.ts';
import type { ForeignSource, SourceFile, TextFile } from '../model/source.ts';
import type { ChildStack } from './child-stacks.ts';
import { overrideNames, stackFileNames } from './dialect.ts';
import { isForeign, openForeign } from './foreign-file.ts';
import type { StackMention } from './grid.ts';
import { nameFault } from './names.ts';
import { quote } from './quote.ts';
import type { Parsed, Report } from './report.ts';
import { resolvePath } from './source-path.ts';
import type { Sources } from './sources.ts';
import { compileStack, emptyDraft, type StackDraft, type StackObserver } from './stack.ts';
import { StackEntry } from './stack-entry-schema.ts';
import { type MapNode, mapNode, type ScalarNode, type TreeNode, valueAt } from './tree.ts';
import { createValidator } from './validate.ts';

/** A stack that the grid has: by its folder, by its mention in grid.yml, by both, or because another one brings it along. */
export interface StackListing {
  readonly name: string;
  readonly hasFolder: boolean;
  readonly mention: StackMention | null;
  readonly child: ChildStack | null;
}

/** All stacks of a grid, by name. */
export function listStacks(
  grid: string,
  files: ReadonlyMap<string, SourceFile>,
  mentions: ReadonlyMap<string, StackMention>,
): readonly StackListing[] {
  const folders = listFolders(`grids/${grid}/stacks/`, files.values());
  const names = [...new Set([...folders, ...mentions.keys()])].toSorted(compareText);
  return names.map((name) => ({
    name,
    hasFolder: folders.has(name),
    mention: mentions.get(name) ?? null,
    child: null,
  }));
}

/** In grid.yml with values only: the stack itself has to come from another one. */
export function isValuesOnly({ hasFolder, mention }: StackListing): boolean {
  if (hasFolder || mention === null) return false;
  return valueAt(mention.value, 'file') === null && valueAt(mention.value, 'repository') === null;
}

function listFolders(prefix: string, files: Iterable<SourceFile>): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const file of files) {
    const { path } = file;
    if (!path.startsWith(prefix)) continue;
    const end = path.indexOf('/', prefix.length);
    if (end !== -1) folders.add(path.slice(prefix.length, end));
    else if (standsForFolder(file)) folders.add(path.slice(prefix.length));
  }
  return folders;
}

/** A link or a submodule is where a folder was: what cannot be looked into is not gone, and its services are not removed. */
function standsForFolder(file: SourceFile): boolean {
  const isOpaque = file.kind === 'refused' && ['symlink', 'submodule'].includes(file.reason);
  return isOpaque && nameFault('stack', file.path.slice(file.path.lastIndexOf('/') + 1)) === null;
}

/** Everything that a stack is compiled from beside files, as a text. Places are left out: moving an entry changes nothing. */
export function listingInputs({ hasFolder, mention, child }: StackListing): string {
  const brought =
    child === null
      ? null
      : [child.parent, child.chain, child.variables && meaningOf(child.variables)];
  return JSON.stringify([hasFolder, mention === null ? null : meaningOf(mention.value), brought]);
}

function meaningOf(node: TreeNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return [node.text, node.plain];
    case 'list':
      return { list: node.items.map(meaningOf) };
    case 'map':
      return { map: Array.from(node.entries, ([key, { value }]) => [key, meaningOf(value)]) };
  }
}

const validateEntry = createValidator(StackEntry);

export interface ListedStack {
  readonly grid: string;
  readonly listing: StackListing;
  /** What there is of it where grid.yml takes it from another repository. */
  readonly foreign?: ForeignSource | undefined;
  readonly seed: Seed;
  readonly sources: Sources;
  readonly report: Report;
  readonly observe?: StackObserver | undefined;
}

/** A listed stack → its services. What is wrong goes to the report. */
export function compileListed(listed: ListedStack): StackDraft {
  const { grid, listing, sources, report } = listed;
  const { name, mention, child } = listing;
  const fault = nameFault('stack', name);
  if (fault !== null) report.error(placeOf(listed), fault);
  const entry = mention === null ? {} : validateEntry(mention.value, report);
  const file = fault !== null || entry === null ? null : chooseFile(listed);
  if (file === null) return emptyDraft;
  return compileStack({
    grid,
    name,
    file,
    variables: givenVariables(listing),
    profiles: entry?.profiles ?? [],
    child,
    seed: listed.seed,
    sources,
    report,
    observe: listed.observe,
  });
}

/** What grid.yml says counts more than what the stack says that brings this one along. */
function givenVariables({ mention, child }: StackListing): MapNode | null {
  const written = mention === null ? null : valueAt(mention.value, 'variables');
  const own = written?.kind === 'map' ? written : null;
  const brought = child?.variables ?? null;
  if (own === null || brought === null) return own ?? brought;
  return mapNode(own, new Map([...brought.entries, ...own.entries]));
}

function chooseFile(listed: ListedStack): TextFile | null {
  const { mention, child } = listed.listing;
  if (mention !== null && child === null && isForeign(mention)) return openForeign(listed, mention);
  const written = mention === null ? null : valueAt(mention.value, 'file');
  const at = child?.key ?? written ?? placeOf(listed);
  const opened = openStackFile(listed, written);
  if (opened.fault === undefined) return opened.value;
  listed.report.error(at, opened.fault);
  return null;
}

function openStackFile(listed: ListedStack, written: TreeNode | null): Parsed<TextFile> {
  const { child } = listed.listing;
  if (child !== null) return listed.sources.open(child.chain.at(-1) ?? '');
  return written?.kind === 'scalar' ? openWritten(listed, written) : openFolder(listed);
}

function openWritten(listed: ListedStack, written: ScalarNode): Parsed<TextFile> {
  const path = resolvePath(written.file, written.text);
  if (path.fault !== undefined) return path;
  if (!listed.listing.hasFolder || path.value === folderFile(listed))
    return listed.sources.open(path.value);
  const message = `this stack is there twice: as ${quote(path.value)} and as ${quote(folderFile(listed))}`;
  return {
    fault: { code: 'duplicate-stack', message, hint: 'Remove "file" here, or remove the folder.' },
  };
}

/** The folder's stack file, by the first of its names that is there. */
function openFolder(listed: ListedStack): Parsed<TextFile> {
  const { sources } = listed;
  const folder = folderFile(listed).replace(/kontena\.yml$/, '');
  for (const name of stackFileNames) {
    const opened = sources.open(folder + name);
    if (opened.fault?.code === 'file-missing') continue;
    if (opened.fault === undefined) warnOfOverride(folder, name, listed);
    return opened;
  }
  const message = `the stack ${quote(listed.listing.name)} has no file ${quote(folderFile(listed))}`;
  return {
    fault: { code: 'stack-file-missing', message, hint: withoutFile(listed.listing) },
  };
}

/** Compose merges it without being asked; a stack is what one file says. */
function warnOfOverride(folder: string, name: string, { sources, report }: ListedStack): void {
  if (name.startsWith('kontena')) return;
  for (const override of overrideNames) {
    const opened = sources.open(folder + override);
    if (opened.fault !== undefined) continue;
    const message = `${quote(override)} is not merged into ${quote(name)}`;
    const hint = 'Write what it says in that file, or remove it.';
    return report.warn(
      { file: opened.value.path, line: 1, column: 1 },
      { code: 'no-effect', message, hint },
    );
  }
}

function withoutFile({ hasFolder }: StackListing): string {
  return hasFolder
    ? 'To remove the stack, remove its folder.'
    : 'Say where its stack file is: "file: PATH".';
}

function folderFile({ grid, listing }: ListedStack): string {
  return `grids/${grid}/stacks/${listing.name}/kontena.yml`;
}

/** Where the stack is named: in grid.yml or, by its folder alone, where its file is or should be. */
export function placeOf(listed: ListedStack): Position {
  const { mention, child } = listed.listing;
  return mention?.key ?? child?.key ?? { file: folderFile(listed), line: 1, column: 1 };
}
