import type { ReadableFile, RefusedFile, SourceFile, TextFile } from '../model/source.ts';
import { quote } from './quote.ts';
import { type ReadOptions, readTree, type Tree } from './read.ts';
import type { Rendered } from './rendered.ts';
import type { Fault, Parsed, Report } from './report.ts';
import type { Measure, SourceIndex } from './source-index.ts';
import type { Entry } from './tree.ts';

/** The files that one stack is compiled from, and a record of which were asked for. */
export interface Sources {
  open(path: string): Parsed<TextFile>;
  /** A file of the grid itself, wherever the stack is from. */
  openOfGrid(path: string): Parsed<TextFile>;
  /** The file at the path, or all files below the folder there. A file that cannot be read is a fault. */
  collect(path: string): Parsed<Collected>;
  measure(file: ReadableFile): Measure;
  /** The file as a tree, or what templates made of it. */
  tree(file: TextFile, rendered?: Rendered | null): Tree;
  /** A part of the file's text with all of its lines, as a tree. */
  part(file: TextFile, text: string): Tree;
  /** The variables of an environment file, however often it is named: each `parse` runs, and complains, once. */
  variables(file: TextFile, parse: VariablesParser, report: Report): Variables;
  /** Path → what was found there. A stack compiles to the same as before while all of these are the same. */
  readonly consulted: ReadonlyMap<string, string>;
}

export type Collected =
  | { readonly kind: 'file'; readonly file: ReadableFile }
  | { readonly kind: 'folder'; readonly files: readonly ReadableFile[] };

export type Variables = ReadonlyMap<string, Entry>;

export type VariablesParser = (file: TextFile, report: Report) => Variables;

/** How keys that are written twice are taken. */
export type Duplicates = NonNullable<ReadOptions['duplicates']>;

/** Where trees are kept that several stacks read. */
export interface TreeCache {
  get(file: TextFile, duplicates: Duplicates, parse: () => Tree): Tree;
}

export interface SourcesInput {
  readonly files: SourceIndex;
  readonly shared: TreeCache;
  readonly duplicates: Duplicates;
  /** The stack may use files only whose paths begin so; absent: all. */
  readonly within?: string | undefined;
}

export function createSources(input: SourcesInput): Sources {
  const { files: index, shared, duplicates, within = '' } = input;
  const missing = within === '' ? missingHere : missingThere;
  const consulted = new Map<string, string>();
  function look(path: string): SourceFile | undefined {
    return path.startsWith(within) ? lookAnywhere(path) : undefined;
  }
  function lookAnywhere(path: string): SourceFile | undefined {
    consulted.set(path, index.identity(path));
    return index.get(path);
  }
  function lookInto(folder: string): readonly SourceFile[] {
    if (!`${folder}/`.startsWith(within)) return [];
    consulted.set(`${folder}/`, index.identity(`${folder}/`));
    return index.below(folder);
  }
  function collect(path: string): Parsed<Collected> {
    const file = look(path);
    if (file !== undefined && file.kind !== 'refused') return { value: { kind: 'file', file } };
    const files = file === undefined ? lookInto(path) : [];
    const refused = file ?? files.find(isRefused) ?? refusedFolder(path, look);
    if (refused !== null) return { fault: refusal(refused) };
    if (files.length === 0) return { fault: missing(path) };
    return { value: { kind: 'folder', files: files.filter((one) => !isRefused(one)) } };
  }
  const collected = new Map<string, Parsed<Collected>>();
  const variables = new Map<VariablesParser, Map<string, Variables>>();
  const trees = new Map<string, Tree>();
  function treeOf(file: TextFile): Tree {
    const tree =
      trees.get(file.path) ?? shared.get(file, duplicates, () => readTree(file, { duplicates }));
    trees.set(file.path, tree);
    return tree;
  }
  return {
    consulted,
    variables: (file, parse, report) => {
      const parsed = variables.get(parse) ?? new Map<string, Variables>();
      const known = parsed.get(file.path) ?? parse(file, report);
      variables.set(parse, parsed.set(file.path, known));
      return known;
    },
    tree: (file, rendered = null) =>
      rendered === null ? treeOf(file) : readTree(file, { rendered, duplicates }),
    part: (file, text) => readTree({ ...file, text }, { duplicates }),
    measure: (file) => index.measure(file),
    open(path) {
      const file = look(path);
      if (file?.kind === 'text') return { value: file };
      const refused = file ?? refusedFolder(path, look);
      return { fault: refused === null ? missing(path) : refusal(refused) };
    },
    openOfGrid(path) {
      const file = lookAnywhere(path);
      if (file?.kind === 'text') return { value: file };
      return { fault: file === undefined ? missingHere(path) : refusal(file) };
    },
    collect(path) {
      const known = collected.get(path) ?? collect(path);
      collected.set(path, known);
      return known;
    },
  };
}

function isRefused(file: SourceFile): file is RefusedFile {
  return file.kind === 'refused';
}

// A file below a linked folder is not in the tree: then the link is what is wrong, and is named.
function refusedFolder(
  path: string,
  look: (path: string) => SourceFile | undefined,
): RefusedFile | null {
  const segments = path.split('/');
  for (let length = 1; length < segments.length; length++) {
    const folder = look(segments.slice(0, length).join('/'));
    if (folder?.kind === 'refused') return folder;
  }
  return null;
}

/** Of a stack from another repository. */
function missingThere(path: string): Fault {
  return {
    code: 'file-missing',
    message: `there is no file ${quote(path)} that this stack may use`,
    hint: 'A stack from another repository can use the files of its own folder there, and no others.',
  };
}

function missingHere(path: string): Fault {
  return {
    code: 'file-missing',
    message: `there is no file ${quote(path)} here`,
    hint: 'Add it to the repository. Only files of this grid\'s folder and of "stacks/" can be used.',
  };
}

const reasons: Readonly<Record<RefusedFile['reason'], string>> = {
  symlink: 'is a symbolic link; links are not followed',
  submodule: 'is a submodule; submodules are not read',
  'too-large': 'is too large to be read',
  'not-text': 'is not UTF-8 text',
  lfs: 'is kept by Git LFS; only what is in the repository itself is read',
};

function refusal(file: Exclude<SourceFile, TextFile>): Fault {
  const reason = reasons[file.kind === 'binary' ? 'not-text' : file.reason];
  return { code: 'file-refused', message: `${quote(file.path)} ${reason}` };
}
