import type { GitObject } from './engine.ts';

export interface CommitInfo {
  readonly sha: string;
  readonly parents: readonly string[];
  /** The author's name, without the address. */
  readonly author: string;
  /** As written, at most a few thousand characters of it. */
  readonly message: string;
  /** When it was committed: milliseconds since the epoch. */
  readonly at: number;
}

export interface Commit extends CommitInfo {
  readonly tree: string;
}

export interface TreeEntry {
  readonly kind: 'tree' | 'file' | 'symlink' | 'submodule' | 'unknown';
  readonly name: string;
  readonly oid: string;
  /** A file that is a program. */
  readonly executable?: true;
}

const longestMessage = 4_000;

/**
 * A commit is header lines `key value`, with continuation lines that start with a space (signatures), an empty line,
 * and the message. Null when the bytes are something else.
 */
export function parseCommit(sha: string, content: Uint8Array): Commit | null {
  const text = new TextDecoder().decode(content);
  const end = text.indexOf('\n\n');
  const header = end < 0 ? text : text.slice(0, end);
  const tree = /^tree ([0-9a-f]+)$/m.exec(header)?.[1];
  if (tree === undefined) return null;
  return {
    sha,
    tree,
    parents: [...header.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1] ?? ''),
    author: /^author (.*?) ?</m.exec(header)?.[1] ?? '',
    message: end < 0 ? '' : text.slice(end + 2, end + 2 + longestMessage),
    at: 1000 * Number(/^committer .*> (\d+)/m.exec(header)?.[1] ?? 0),
  };
}

/** The tree of a commit object; null when it is none or not there. */
export function commitTree(object: GitObject | null): string | null {
  if (object?.kind !== 'commit' || object.content === null) return null;
  return parseCommit('', object.content)?.tree ?? null;
}

/** What an annotated tag names; null when the object is none. */
export function taggedObject(object: GitObject | null): string | null {
  if (object?.kind !== 'tag' || object.content === null) return null;
  return /^object ([0-9a-f]+)\n/.exec(new TextDecoder().decode(object.content))?.[1] ?? null;
}

/** A tree is entries `<octal mode> <name>\0<object id as bytes>`. What is cut short is left out. */
export function parseTree(content: Uint8Array, idBytes: number): readonly TreeEntry[] {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const entries: TreeEntry[] = [];
  let at = 0;
  for (;;) {
    const space = bytes.indexOf(0x20, at);
    const nul = bytes.indexOf(0, space);
    const next = nul + 1 + idBytes;
    if (space < 0 || nul < 0 || next > bytes.length) return entries;
    const name = decodeName(bytes.subarray(space + 1, nul));
    const mode = bytes.toString('latin1', at, space);
    entries.push({
      kind: name === null ? 'unknown' : kindOf(mode),
      name: name ?? bytes.toString('utf8', space + 1, nul),
      oid: bytes.toString('hex', nul + 1, next),
      ...(mode === '100755' ? { executable: true } : {}),
    });
    at = next;
  }
}

function kindOf(mode: string): TreeEntry['kind'] {
  if (mode === '40000') return 'tree';
  if (mode === '120000') return 'symlink';
  if (mode === '160000') return 'submodule';
  return /^100\d{3}$/.test(mode) ? 'file' : 'unknown';
}

/**
 * Null for names that no honest work tree holds: they would make one path look like another. Trees are made by whoever
 * pushes, not only by git.
 */
function decodeName(bytes: Buffer): string | null {
  try {
    const name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const isDeceptive = /^$|^\.\.?$|^\.git$|[/\\\p{Cc}]/iu.test(name);
    return isDeceptive ? null : name;
  } catch {
    return null;
  }
}
