import type { RefusedFile, SourceFile, TextFile } from '../model/source.ts';
import { quote } from './quote.ts';
import { type ReadOptions, readTree, type Tree } from './read.ts';
import type { Rendered } from './rendered.ts';
import type { Fault, Parsed } from './report.ts';
import type { Entry } from './tree.ts';

/** The files that one stack is compiled from, and a record of which were asked for. */
export interface Sources {
  open(path: string): Parsed<TextFile>;
  /** The file as a tree, or what templates made of it. */
  tree(file: TextFile, rendered?: Rendered | null): Tree;
  /** A part of the file's text with all of its lines, as a tree. */
  part(file: TextFile, text: string): Tree;
  /** The variables of an environment file, however often it is named: `parse` runs, and complains, once. */
  variables(file: TextFile, parse: () => Variables): Variables;
  /** Path → what was found there. A stack compiles to the same as before while all of these are the same. */
  readonly consulted: ReadonlyMap<string, string>;
}

export type Variables = ReadonlyMap<string, Entry>;

/** How keys that are written twice are taken. */
export type Duplicates = NonNullable<ReadOptions['duplicates']>;

/** Where trees are kept that several stacks read. */
export interface TreeCache {
  get(file: TextFile, duplicates: Duplicates, parse: () => Tree): Tree;
}

export interface SourcesInput {
  readonly files: ReadonlyMap<string, SourceFile>;
  readonly shared: TreeCache;
  readonly duplicates: Duplicates;
}

export function createSources({ files, shared, duplicates }: SourcesInput): Sources {
  const consulted = new Map<string, string>();
  function look(path: string): SourceFile | undefined {
    const file = files.get(path);
    consulted.set(path, sourceIdentity(file));
    return file;
  }
  const variables = new Map<string, Variables>();
  return {
    consulted,
    variables: (file, parse) => {
      const known = variables.get(file.path) ?? parse();
      variables.set(file.path, known);
      return known;
    },
    tree: (file, rendered = null) =>
      rendered === null
        ? shared.get(file, duplicates, () => readTree(file, { duplicates }))
        : readTree(file, { rendered, duplicates }),
    part: (file, text) => readTree({ ...file, text }, { duplicates }),
    open(path) {
      const file = look(path);
      if (file?.kind === 'text') return { value: file };
      const refused = file ?? refusedFolder(path, look);
      return { fault: refused === null ? missing(path) : refusal(refused) };
    },
  };
}

/** What stands at a path, as a text that is equal exactly when the content is: object ids are no words. */
export function sourceIdentity(file: SourceFile | undefined): string {
  if (file === undefined) return 'missing';
  return file.kind === 'text' ? file.blob : file.reason;
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

function missing(path: string): Fault {
  return {
    code: 'file-missing',
    message: `there is no file ${quote(path)} here`,
    hint: 'Only files of this grid\'s folder and of "stacks/" can be used.',
  };
}

const reasons: Readonly<Record<RefusedFile['reason'], string>> = {
  symlink: 'is a symbolic link; links are not followed',
  submodule: 'is a submodule; submodules are not read',
  'too-large': 'is too large to be read',
  'not-text': 'is not UTF-8 text',
};

function refusal(file: RefusedFile): Fault {
  return { code: 'file-refused', message: `${quote(file.path)} ${reasons[file.reason]}` };
}
