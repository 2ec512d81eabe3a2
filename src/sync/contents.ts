import type { GridError } from '../model/error.ts';
import { type Decoded, decodeFile } from '../model/source.ts';
import { ByteCache } from './byte-cache.ts';
import type { GitObject } from './engine.ts';
import { tooLarge } from './faults.ts';
import type { Limits } from './limits.ts';
import type { Mirror } from './mirror.ts';
import { type Commit, parseCommit, parseTree, type TreeEntry } from './objects.ts';

/** What a file holds. */
export interface FileContent {
  /** `null`: too large to be read. */
  readonly decoded: Decoded | null;
  /** As in the repository. */
  readonly size: number;
}

// A commit's message and signature; far above what people write.
export const commitBytes = 1024 * 1024;

// A folder of some 50,000 names.
const treeBytes = 4 * 1024 * 1024;

// What an object costs in memory besides its content.
const overhead = 200;

/**
 * Commits, trees and files of a mirror, parsed. An object never changes, so what was read once is kept by its id.
 */
export class Contents {
  readonly #mirror: Mirror;
  readonly #limits: Limits;
  readonly #where: string;
  readonly #commits = new ByteCache<Commit>(4 * 1024 * 1024);
  readonly #trees = new ByteCache<readonly TreeEntry[]>(16 * 1024 * 1024);
  readonly #files: ByteCache<FileContent>;

  constructor(mirror: Mirror, limits: Limits, where: string) {
    this.#mirror = mirror;
    this.#limits = limits;
    this.#where = where;
    this.#files = new ByteCache(limits.cacheBytes);
  }

  /** Null when the mirror has no such commit. */
  async commit(sha: string): Promise<Commit | null> {
    const known = this.#commits.get(sha);
    if (known !== undefined) return known;
    const object = await this.#mirror.read(sha, commitBytes);
    if (object?.kind !== 'commit') return null;
    if (object.content === null) throw this.#tooLarge(`commit ${sha}`);
    const commit = parseCommit(sha, object.content);
    if (commit !== null) this.#commits.set(sha, commit, commit.message.length * 2 + overhead * 2);
    return commit;
  }

  async tree(oid: string): Promise<readonly TreeEntry[]> {
    const known = this.#trees.get(oid);
    if (known !== undefined) return known;
    const object = this.#present(oid, await this.#mirror.read(oid, treeBytes));
    if (object.content === null) throw this.#tooLarge(`the folder ${oid}`);
    const entries = parseTree(object.content, oid.length / 2);
    this.#trees.set(oid, entries, object.content.byteLength + entries.length * overhead);
    return entries;
  }

  async file(oid: string): Promise<FileContent> {
    const known = this.#files.get(oid);
    if (known !== undefined) return known;
    const object = this.#present(oid, await this.#mirror.read(oid, this.#limits.fileBytes));
    const content = readContent(object.content);
    const { decoded } = content;
    const bytes = decoded?.kind === 'text' ? decoded.text.length * 2 : content.size;
    this.#files.set(oid, content, bytes + overhead);
    return content;
  }

  #present(oid: string, object: GitObject | null): GitObject {
    if (object !== null) return object;
    throw this.#mirror.reportDamage(`${oid} is missing`);
  }

  #tooLarge(what: string): GridError {
    const hint = 'Keep what is not needed to run the grids out of the grid repository.';
    return tooLarge(this.#where, `${what} is out of bounds`, hint);
  }
}

function readContent(content: Uint8Array | null): FileContent {
  if (content === null) return { decoded: null, size: 0 };
  return { decoded: decodeFile(content), size: content.byteLength };
}
