import { contentDigest, digest } from '../model/digest.ts';
import { contentOf, type ReadableFile, type SourceFile } from '../model/source.ts';

/** The files of one commit, to be asked for in all the ways that a compile asks. What is worked out is worked out once. */
export interface SourceIndex {
  get(path: string): SourceFile | undefined;
  /** Everything below a folder, however deep. */
  below(folder: string): readonly SourceFile[];
  /**
   * What stands at a path, as a text that is equal exactly when the content is: object ids are no words. With a slash at its
   * end the path means everything below a folder.
   */
  identity(path: string): string;
  measure(file: ReadableFile): Measure;
}

export interface Measure {
  readonly bytes: number;
  /** SHA-256 of the content. */
  readonly digest: string;
}

export function indexSources(files: ReadonlyMap<string, SourceFile>): SourceIndex {
  const measures = new Map<string, Measure>();
  const identities = new Map<string, string>();
  let folders: ReadonlyMap<string, readonly SourceFile[]> | null = null;
  function below(folder: string): readonly SourceFile[] {
    // Most grids never ask.
    folders ??= byFolder(files.values());
    return folders.get(folder) ?? [];
  }
  function folderIdentity(path: string): string {
    const known = identities.get(path);
    if (known !== undefined) return known;
    const found = below(path.slice(0, -1)).map((file) => [file.path, fileIdentity(file)]);
    const identity = digest(found);
    identities.set(path, identity);
    return identity;
  }
  return {
    get: (path) => files.get(path),
    below,
    identity: (path) => (path.endsWith('/') ? folderIdentity(path) : fileIdentity(files.get(path))),
    measure(file) {
      const known = measures.get(file.blob) ?? measureContent(contentOf(file));
      measures.set(file.blob, known);
      return known;
    },
  };
}

function measureContent(content: Uint8Array): Measure {
  return { bytes: content.byteLength, digest: contentDigest(content) };
}

function fileIdentity(file: SourceFile | undefined): string {
  if (file === undefined) return 'missing';
  if (file.kind === 'refused') return file.reason;
  return file.executable === true ? `${file.blob} program` : file.blob;
}

/** Every file is listed in each of the folders that it is below; a source is at most a few dozen folders deep. */
function byFolder(files: Iterable<SourceFile>): ReadonlyMap<string, readonly SourceFile[]> {
  const folders = new Map<string, SourceFile[]>();
  for (const file of files) {
    for (let end = file.path.lastIndexOf('/'); end > 0; end = file.path.lastIndexOf('/', end - 1)) {
      const folder = file.path.slice(0, end);
      const found = folders.get(folder);
      if (found === undefined) folders.set(folder, [file]);
      else found.push(file);
    }
  }
  return folders;
}
