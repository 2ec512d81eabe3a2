import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GridError } from '../model/error.ts';
import { type GitEngine, type GitObject, mirrorRef, type ObjectReader } from './engine.ts';
import { damaged, unreachable } from './faults.ts';
import { type NewObject, writeLooseObject } from './loose-objects.ts';
import { commitTree, taggedObject } from './objects.ts';
import {
  listOtherRefs,
  otherRef,
  prepareOtherRef,
  readMirrorRef,
  removeMirrorRef,
} from './other-refs.ts';

export interface MirrorOptions {
  readonly engine: GitEngine;
  /** The mirror itself. Everything beside it whose name starts with the same digest belongs to it. */
  readonly directory: string;
  /** The repository, for messages. */
  readonly where: string;
}

export interface MirrorUpdate {
  readonly ref: string;
  /** Where `ref` was listed last. */
  readonly head: string;
  readonly signal: AbortSignal;
}

/**
 * Our own bare copy of a repository.
 *
 * - It is there whole or not at all: a clone is made beside it and moved into its place.
 * - `head` only ever names a commit that can be read with its tree.
 * - A damaged mirror is cloned again by the next update; until then its last head stays.
 * - What it holds besides its branch (other refs, objects of our own) it may lose when it is cloned again.
 * - One change at a time (the caller sees to it); reads go on meanwhile.
 */
export class Mirror {
  readonly #options: MirrorOptions;
  #reader: ObjectReader;
  #head: string | null = null;
  #isDamaged = false;
  #copies = 0;

  private constructor(options: MirrorOptions) {
    this.#options = options;
    this.#reader = options.engine.openObjects(options.directory);
  }

  /** Opens what an earlier process left, and removes what it left half done. */
  static async open(options: MirrorOptions): Promise<Mirror> {
    await removeLeftovers(options.directory);
    await removeLocks(options.directory);
    const mirror = new Mirror(options);
    const head = await readMirrorRef(options.directory, mirrorRef);
    if (head !== null) mirror.#head = head;
    mirror.#isDamaged = head === null || !(await mirror.#holds(head));
    return mirror;
  }

  get directory(): string {
    return this.#options.directory;
  }

  /** The last fetched commit; null before the first clone. */
  get head(): string | null {
    return this.#head;
  }

  /** False: `update` has something to do even if the head has not moved. */
  get isSound(): boolean {
    return !this.#isDamaged;
  }

  /** Follows the branch wherever it went. Returns the new head. */
  async update(update: MirrorUpdate): Promise<string> {
    const { engine, directory } = this.#options;
    if (this.#isDamaged || (await engine.isWorn(directory))) return await this.#clone(update);
    try {
      return await this.#fetch(update);
    } catch (error) {
      if (!(await this.#isCuredByClone(error))) throw error;
      return await this.#clone(update);
    }
  }

  /** Brings another ref of the remote repository in. Returns the commit that it names, directly or as a tag. */
  async fetchOther({ ref, head, signal }: MirrorUpdate, growth: number): Promise<string> {
    const { engine, directory, where } = this.#options;
    const name = otherRef(ref);
    const known = await readMirrorRef(directory, name);
    const commit = known === head ? await this.#peel(head) : null;
    if (commit !== null) return commit;
    await prepareOtherRef(directory, { name, where });
    try {
      await engine.fetch({ ref, head, into: name, growth, directory, signal });
      await this.#reopen();
      return await this.#commitOf(ref, await readMirrorRef(directory, name));
    } catch (error) {
      await removeLocks(directory);
      await removeMirrorRef(directory, name);
      throw error;
    }
  }

  async forgetOther(ref: string): Promise<void> {
    await removeMirrorRef(this.#options.directory, otherRef(ref));
  }

  async otherRefs(): Promise<readonly string[]> {
    return await listOtherRefs(this.#options.directory);
  }

  /** Adds an object of our own. Returns its id. */
  async write(object: Omit<NewObject, 'digits'>): Promise<string> {
    const digits = this.#head?.length ?? 40;
    return await writeLooseObject(this.#options.directory, { ...object, digits });
  }

  /**
   * An object, or null when the mirror does not have it.
   * @throws GridError repository-damaged; the next update clones again.
   */
  async read(oid: string, maxBytes: number): Promise<GitObject | null> {
    for (;;) {
      const reader = this.#reader;
      try {
        return await reader.read(oid, maxBytes);
      } catch (error) {
        // The mirror was replaced meanwhile: what failed was the old one.
        if (reader === this.#reader) throw this.reportDamage(`${oid} cannot be read`, error);
      }
    }
  }

  /** Has the next update clone again. Returns the fault to throw. */
  reportDamage(why: string, cause?: unknown): GridError {
    this.#isDamaged = true;
    return damaged(this.#options.where, why, cause);
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  async #fetch(update: MirrorUpdate): Promise<string> {
    const { engine, directory } = this.#options;
    try {
      await engine.fetch({ ...update, into: mirrorRef, growth: null, directory });
    } catch (error) {
      await removeLocks(directory);
      throw error;
    }
    await this.#reopen();
    return await this.#settle();
  }

  async #clone(update: MirrorUpdate): Promise<string> {
    const { engine, directory } = this.#options;
    this.#copies += 1;
    const fresh = `${directory}.new-${process.pid}-${this.#copies}`;
    const old = `${directory}.old-${process.pid}-${this.#copies}`;
    try {
      await mkdir(dirname(directory), { recursive: true });
      await engine.create(fresh, update.head);
      await engine.fetch({ ...update, into: mirrorRef, growth: null, directory: fresh });
      await rename(directory, old).catch(ignoreMissing);
      await rename(fresh, directory);
      this.#isDamaged = false;
      await this.#reopen();
      return await this.#settle();
    } finally {
      await rm(fresh, { recursive: true, force: true });
      await rm(old, { recursive: true, force: true });
    }
  }

  async #reopen(): Promise<void> {
    const reader = this.#reader;
    this.#reader = this.#options.engine.openObjects(this.#options.directory);
    await reader.close();
  }

  async #settle(): Promise<string> {
    const head = await readMirrorRef(this.#options.directory, mirrorRef);
    if (head === null || !(await this.#holds(head))) {
      throw this.reportDamage('the commit that was fetched is not complete');
    }
    this.#head = head;
    return head;
  }

  /** Also when it is full: what fills it may be refs of others, which a clone leaves out. */
  async #isCuredByClone(error: unknown): Promise<boolean> {
    if (!(error instanceof GridError)) return false;
    if (error.code === 'repository-damaged') return true;
    return error.code === 'repository-too-large' && (await this.otherRefs()).length > 0;
  }

  async #commitOf(ref: string, oid: string | null): Promise<string> {
    const commit = oid === null ? null : await this.#peel(oid);
    if (commit !== null) return commit;
    throw unreachable(this.#options.where, `${ref} does not lead to a whole commit`);
  }

  /** Follows tags to the commit that they name; null when it is not there with its tree. */
  async #peel(oid: string): Promise<string | null> {
    let id = oid;
    for (let hop = 0; hop < mostTags; hop += 1) {
      const next = taggedObject(await this.#reader.read(id, enough).catch(() => null));
      if (next === null) break;
      id = next;
    }
    return (await this.#holds(id)) ? id : null;
  }

  async #holds(commit: string): Promise<boolean> {
    try {
      const tree = commitTree(await this.#reader.read(commit, enough));
      return tree !== null && (await this.#reader.read(tree, 0)) !== null;
    } catch {
      return false;
    }
  }
}

// A commit's header with any signature; the tree is only asked whether it is there.
const enough = 1024 * 1024;

// Tags of tags are rare.
const mostTags = 5;

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Half made and half removed mirrors of processes that are gone, and the mirror that the other engine made. */
async function removeLeftovers(directory: string): Promise<void> {
  const own = basename(directory);
  const prefix = own.slice(0, own.indexOf('.') + 1);
  for (const name of await readdir(dirname(directory)).catch(() => [])) {
    if (!name.startsWith(prefix) || name === own || isInUse(name)) continue;
    await rm(join(dirname(directory), name), { recursive: true, force: true });
  }
}

/** Our own process id, too, may be that of a process before us: containers start counting at 1. */
function isInUse(name: string): boolean {
  const pid = Number(/\.(?:new|old)-(\d+)-\d+$/.exec(name)?.[1] ?? 0);
  if (pid === 0 || pid === process.pid) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What a git that was ended in the middle of its work leaves behind, and what would keep the next one out. */
async function removeLocks(directory: string): Promise<void> {
  const refs = [dirname(mirrorRef), dirname(otherRef('refs/heads/any'))];
  const folders = ['', 'objects/pack', ...refs].map((folder) => join(directory, folder));
  for (const folder of folders) {
    for (const name of await readdir(folder).catch(() => [])) {
      if (!/\.lock$|^gc\.pid|tmp_|^\.tmp-/.test(name)) continue;
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}
