/**
 * An entry of a folder to the letter, to be written again: the mode as it stands there, and the name as one character
 * for each byte. Trees are made by whoever pushes, so a name can hold anything but a zero.
 */
export interface RawEntry {
  readonly mode: string;
  readonly name: string;
  readonly oid: string;
}

export const treeMode = '40000';

export function isFile(entry: RawEntry): boolean {
  return /^100\d{3}$/.test(entry.mode);
}

export function isSame(one: RawEntry | null, other: RawEntry | null): boolean {
  return one?.oid === other?.oid && one?.mode === other?.mode;
}

/** By name; null for bytes that are no tree, or that hold a name twice. */
export function parseRawTree(
  content: Uint8Array,
  idBytes: number,
): ReadonlyMap<string, RawEntry> | null {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const entries = new Map<string, RawEntry>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const nul = bytes.indexOf(0, space);
    const next = nul + 1 + idBytes;
    if (space < 0 || nul < 0 || next > bytes.length) return null;
    const name = bytes.toString('latin1', space + 1, nul);
    if (entries.has(name)) return null;
    const oid = bytes.toString('hex', nul + 1, next);
    entries.set(name, { mode: bytes.toString('latin1', at, space), name, oid });
    at = next;
  }
  return entries;
}

/** In git's order, in which the name of a folder ends with a slash. */
export function encodeTree(entries: Iterable<RawEntry>): Uint8Array {
  const key = ({ mode, name }: RawEntry) => (mode === treeMode ? `${name}/` : name);
  const sorted = [...entries].toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  const parts = sorted.flatMap(({ mode, name, oid }) => [
    Buffer.from(`${mode} ${name}\0`, 'latin1'),
    Buffer.from(oid, 'hex'),
  ]);
  return Buffer.concat(parts);
}
