import { digest } from '../model/digest.ts';
import type { SourceFile } from '../model/source.ts';
import type { Contents } from './contents.ts';
import type { Limits } from './limits.ts';
import type { TreeEntry } from './objects.ts';
import { list, newListing, readAll } from './read-source.ts';

export interface FolderPlace {
  readonly contents: Contents;
  /** The root of the commit. */
  readonly tree: string;
  /** From there; empty for the root itself. */
  readonly path: string;
}

/** What `readFolder` reads: everything below a folder, and of the root only the files that are directly in it. */
export interface Folder {
  readonly path: string;
  readonly entries: readonly TreeEntry[];
  /** Equal for equal contents. */
  readonly id: string;
}

/** `null` where the commit has no such folder. */
export async function findFolder({ contents, tree, path }: FolderPlace): Promise<Folder | null> {
  let oid = tree;
  for (const name of path === '' ? [] : path.split('/')) {
    const entry = await entryOf(contents, oid, name);
    if (entry?.kind !== 'tree') return null;
    ({ oid } = entry);
  }
  const entries = await contents.tree(oid);
  if (path !== '') return { path, entries, id: oid };
  // Else all of a project's code would be read, and each change of it were one of the stack.
  const files = entries.filter(({ kind }) => kind !== 'tree');
  const id = digest(
    files.map(({ name, kind, oid: file, executable }) => [name, kind, file, executable]),
  );
  return { path, entries: files, id };
}

/** The entry itself at a path; `null`: there is none. */
async function findEntry({ contents, tree, path }: FolderPlace): Promise<TreeEntry | null> {
  const end = path.lastIndexOf('/');
  const folder = await findFolder({ contents, tree, path: path.slice(0, Math.max(0, end)) });
  return folder?.entries.find(({ name }) => name === path.slice(end + 1)) ?? null;
}

/** @throws GridError repository-too-large */
export async function readFolder(
  folder: Folder,
  of: { readonly contents: Contents; readonly limits: Limits; readonly where: string },
): Promise<ReadonlyMap<string, SourceFile>> {
  const what = folder.path === '' ? 'the files at its root' : folder.path;
  const hint = 'Put the stack file into a folder with nothing else than what it uses.';
  const listing = newListing({ ...of, what, hint });
  for (const entry of folder.entries)
    await list(listing, entry, folder.path === '' ? entry.name : `${folder.path}/${entry.name}`);
  return await readAll(listing);
}

/** `null`: there is none, or a folder. */
export async function readOne(
  place: FolderPlace,
  of: { readonly limits: Limits; readonly where: string },
): Promise<SourceFile | null> {
  const { contents, path } = place;
  const entry = await findEntry(place);
  if (entry === null || entry.kind === 'tree') return null;
  const listing = newListing({ ...of, contents, what: path, hint: 'Keep it small.' });
  await list(listing, entry, path);
  return (await readAll(listing)).get(path) ?? null;
}

async function entryOf(
  contents: Contents,
  tree: string,
  name: string,
): Promise<TreeEntry | undefined> {
  return (await contents.tree(tree)).find((entry) => entry.name === name);
}
