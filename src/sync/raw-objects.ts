import { ByteCache } from './byte-cache.ts';
import { tooLarge, unmergeable } from './faults.ts';
import type { Mirror } from './mirror.ts';
import { encodeTree, parseRawTree, type RawEntry } from './raw-tree.ts';

// A folder of some 50,000 names.
const treeBytes = 4 * 1024 * 1024;
// Two sides of a merge hold mostly the same folders, and a hostile one holds the same folder everywhere. No more than one
// folder may have: taken apart, it is several times as large.
const keptBytes = treeBytes;

/** Folders and files of a mirror to the byte, to be taken apart and put together again. */
export class RawObjects {
  readonly #mirror: Mirror;
  readonly #where: string;
  readonly #fileBytes: number;
  readonly #trees = new ByteCache<ReadonlyMap<string, RawEntry>>(keptBytes);

  constructor(mirror: Mirror, of: { readonly where: string; readonly fileBytes: number }) {
    this.#mirror = mirror;
    this.#where = of.where;
    this.#fileBytes = of.fileBytes;
  }

  /** By name. @throws GridError repository-damaged, repository-too-large, internal */
  async tree(oid: string): Promise<ReadonlyMap<string, RawEntry>> {
    const kept = this.#trees.get(oid);
    if (kept !== undefined) return kept;
    const { entries, bytes } = await this.#readTree(oid);
    this.#trees.set(oid, entries, bytes);
    return entries;
  }

  async #readTree(oid: string) {
    const object = await this.#mirror.read(oid, treeBytes);
    if (object === null) throw this.#mirror.reportDamage(`${oid} is missing`);
    if (object.content === null) {
      throw tooLarge(this.#where, `the folder ${oid} is out of bounds`, 'Split it.');
    }
    const entries = parseRawTree(object.content, oid.length / 2);
    if (object.kind === 'tree' && entries !== null)
      return { entries, bytes: object.content.byteLength };
    throw unmergeable(this.#where, `the folder ${oid} is not as git writes it`);
  }

  /** Null when it is larger than what is read of files. */
  async file(oid: string): Promise<Buffer | null> {
    const object = await this.#mirror.read(oid, this.#fileBytes);
    if (object === null) throw this.#mirror.reportDamage(`${oid} is missing`);
    return object.content === null ? null : Buffer.from(object.content);
  }

  async writeTree(entries: Iterable<RawEntry>): Promise<string> {
    return await this.#mirror.write({ kind: 'tree', content: encodeTree(entries) });
  }

  async writeFile(content: Uint8Array): Promise<string> {
    return await this.#mirror.write({ kind: 'blob', content });
  }
}
