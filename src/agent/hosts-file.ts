import { randomUUID } from 'node:crypto';
import { chmod, chown, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';

/** One line of a hosts file: a name of a grid, which ends in `.kontena.local`. */
export interface HostsEntry {
  readonly address: string;
  readonly name: string;
}

/**
 * Keeps one block of lines in a hosts file, and touches nothing else in it. `owner` tells the blocks of several agents apart.
 * Does nothing when the block is as it should be. Throws the file system's error when the file cannot be read or written.
 */
export async function putHosts(
  path: string,
  owner: string,
  entries: readonly HostsEntry[],
): Promise<void> {
  const file = await realpath(path);
  const before = await readFile(file, 'utf8');
  const after = withHosts(before, owner, entries);
  if (after !== before) await replace(file, after);
}

/** The text of a hosts file with the owner's block in it: where it was, or else at the end; without entries there is none. */
export function withHosts(text: string, owner: string, entries: readonly HostsEntry[]): string {
  const lines = text.split('\n');
  const marks = marksOf(owner);
  const block = entries.length === 0 ? [] : [marks.begin, ...entries.map(print), marks.end];
  const kept: string[] = [];
  let at: number | null = null;
  for (let index = 0; index < lines.length; index += 1) {
    const length = blockLength(lines, index, marks);
    if (length === 0) kept.push(lines[index] ?? '');
    else {
      at ??= kept.length;
      index += length - 1;
    }
  }
  if (at !== null) kept.splice(at, 0, ...block);
  else if (block.length > 0) append(kept, block);
  return kept.join('\n');
}

interface Marks {
  readonly begin: string;
  readonly end: string;
}

function marksOf(owner: string): Marks {
  const name = owner.replace(/[^A-Za-z0-9._-]/g, '_');
  return {
    begin: `# gridops ${name}: begin (kept by its agent; changes are undone)`,
    end: `# gridops ${name}: end`,
  };
}

function print({ address, name }: HostsEntry): string {
  return `${address}\t${name}`;
}

/** How many lines from here are ours; a block that somebody took the end from ends where a line is not as ours are. */
function blockLength(lines: readonly string[], start: number, { begin, end }: Marks): number {
  if (lines[start] !== begin) return 0;
  let index = start + 1;
  while (/^[0-9.]+\t\S+\.kontena\.local$/.test(lines[index] ?? '')) index += 1;
  return index - start + (lines[index] === end ? 1 : 0);
}

/** Behind the last line, whether or not it is ended as it should be. */
function append(lines: string[], block: readonly string[]): void {
  if (lines.at(-1) === '') lines.pop();
  lines.push(...block, '');
}

/** Whole or not at all, where the file can be replaced. */
async function replace(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    const { mode, uid, gid } = await stat(file);
    await write(temporary, text, 'wx');
    await chmod(temporary, mode & 0o7777);
    await chown(temporary, uid, gid);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    if (!inPlace.has((error as { code?: string }).code ?? '')) throw error;
    await write(file, text, 'r+');
  }
}

/** A file that is mounted by itself, as into an agent's container, cannot be replaced; nor is there always a folder to write in. */
const inPlace: ReadonlySet<string> = new Set(['EBUSY', 'EXDEV', 'EROFS', 'EACCES', 'EPERM']);

/** What is longer is cut off last: no reader finds the file empty. */
async function write(path: string, text: string, flags: string): Promise<void> {
  const bytes = Buffer.from(text);
  const file = await open(path, flags, 0o600);
  try {
    await file.write(bytes, 0, bytes.length, 0);
    await file.truncate(bytes.length);
    await file.sync();
  } finally {
    await file.close();
  }
}
