/** One file of the grid repository at one commit. `blob` is its object id: equal ids, equal content. */
export type SourceFile = ReadableFile | RefusedFile;

export type ReadableFile = TextFile | BinaryFile;

interface Blob {
  readonly path: string;
  readonly blob: string;
  /** Its mode in the repository says that it is a program. */
  readonly executable?: true;
}

export interface TextFile extends Blob {
  readonly kind: 'text';
  readonly text: string;
  /** The file begins with a byte order mark, which is no part of the text. */
  readonly marked?: true;
}

/** No text: good for being delivered to a node, and for nothing else. */
export interface BinaryFile extends Blob {
  readonly kind: 'binary';
  readonly bytes: Uint8Array;
}

/** In the tree, but not to be read: whoever refers to it gets a problem that says why. */
export interface RefusedFile {
  readonly kind: 'refused';
  readonly path: string;
  readonly reason: 'symlink' | 'submodule' | 'too-large' | 'not-text' | 'lfs';
}

/**
 * What one grid is compiled from: the files below `grids/<grid>/` and `stacks/` at one commit, by path from the
 * repository's root. `inputs` is a digest of the tree ids of the two folders; equal inputs, equal files.
 */
export interface SourceTree {
  readonly sha: string;
  readonly inputs: string;
  readonly files: ReadonlyMap<string, SourceFile>;
  /** By the name of the stack: what `grid.yml` takes from other repositories, or why not. Absent: nobody knows. */
  readonly foreign?: ReadonlyMap<string, ForeignSource>;
}

/** A stack that is in another repository than its grid, or why it is not to be had. */
export type ForeignSource = ForeignFiles | ForeignFault | ForeignUnseen;

/** Nobody looked, and nothing is to be deployed of what is read: a working tree by itself is being checked. */
export interface ForeignUnseen {
  readonly kind: 'unseen';
}

export interface ForeignFiles {
  readonly kind: 'files';
  readonly origin: StackOrigin;
  /** Its stack file, and all below that file's folder, by paths that no file of the grid's repository has (`foreignPath`). */
  readonly file: string;
  readonly files: ReadonlyMap<string, SourceFile>;
}

export interface ForeignFault {
  readonly kind: 'fault';
  /** Which key of the stack's entry in `grid.yml` it is about. */
  readonly key: 'repository' | 'ref' | 'path';
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** Where a stack is from that is not from its grid's own repository. */
export interface StackOrigin {
  /** As the master's settings call it. */
  readonly repository: string;
  readonly sha: string;
}

/** How a file of another repository is called beside those of the grid's own. */
export function foreignPath(repository: string, path: string): string {
  return `@${repository}/${path}`;
}

/** A file that a source has, wherever it is from. */
export function sourceFile(source: SourceTree, path: string): SourceFile | undefined {
  const own = source.files.get(path);
  if (own !== undefined || !path.startsWith('@')) return own;
  for (const one of source.foreign?.values() ?? []) {
    const file = one.kind === 'files' ? one.files.get(path) : undefined;
    if (file !== undefined) return file;
  }
  return undefined;
}

/** What a file holds once it is decoded. */
export type Decoded =
  | Pick<TextFile, 'kind' | 'text' | 'marked'>
  | Pick<BinaryFile, 'kind' | 'bytes'>;

/** Text when it is UTF-8 without zeros, as Git tells them apart. */
export function decodeFile(bytes: Uint8Array): Decoded {
  if (bytes.includes(0)) return binary(bytes);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    return { kind: 'text', text, ...(marked ? { marked } : {}) };
  } catch {
    return binary(bytes);
  }
}

/** What Git LFS leaves in the repository of a file that it has taken elsewhere: the file itself is not here. */
export function isLfsPointer(decoded: Decoded): boolean {
  return decoded.kind === 'text' && decoded.text.startsWith('version https://git-lfs.github.com/');
}

/** A copy: a view would keep all of the buffer that it looks into. */
function binary(bytes: Uint8Array): Decoded {
  return { kind: 'binary', bytes: new Uint8Array(bytes) };
}

/** A file's content, as it is in the repository. */
export function contentOf(file: ReadableFile): Uint8Array {
  if (file.kind === 'binary') return file.bytes;
  return new TextEncoder().encode(file.marked === true ? `\uFEFF${file.text}` : file.text);
}

/** What a file costs in memory. */
export function weightOf(file: SourceFile): number {
  if (file.kind === 'refused') return 0;
  return file.kind === 'text' ? file.text.length * 2 : file.bytes.byteLength;
}
