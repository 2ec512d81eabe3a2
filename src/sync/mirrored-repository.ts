import { errorMessage, GridError } from '../model/error.ts';
import { compareText } from '../model/identity.ts';
import { type SourceFile, type SourceTree, weightOf } from '../model/source.ts';
import { isAncestor } from './ancestry.ts';
import { branchRef } from './branch-ref.ts';
import { ByteCache } from './byte-cache.ts';
import { Contents, commitBytes } from './contents.ts';
import type { EngineName, GitEngine } from './engine.ts';
import { branchMissing, tooLarge } from './faults.ts';
import { commitsTouching, everyTouching, newestTouching } from './history.ts';
import type { Limits } from './limits.ts';
import type { Location } from './location.ts';
import { type MergeResult, merge } from './merge.ts';
import type { Mirror } from './mirror.ts';
import { newObjects } from './new-objects.ts';
import type { Commit, CommitInfo } from './objects.ts';
import { fullRef } from './other-refs.ts';
import { pushToPath } from './path-push.ts';
import { RawObjects } from './raw-objects.ts';
import { findFolder, readFolder, readOne } from './read-folder.ts';
import {
  findRoots,
  gridEntries,
  readSource,
  type SourceRoots,
  sourceInputs,
} from './read-source.ts';
import type { PushWish, Repository, RestoreWish, SyncResult } from './repository.ts';
import { differences, type FileDifference, type Restoring, restore } from './restore.ts';
import { SharedRun } from './shared-run.ts';
import { Turns } from './turns.ts';
import { withEither } from './with-either.ts';

export interface MirroredOptions {
  readonly engine: GitEngine;
  readonly mirror: Mirror;
  readonly ref: string;
  readonly limits: Limits;
  readonly location: Location;
}

/** A repository by way of our own mirror of it. */
export class MirroredRepository implements Repository {
  readonly #options: MirroredOptions;
  readonly #contents: Contents;
  readonly #sources: ByteCache<SourceTree>;
  readonly #syncs = new SharedRun((signal) => this.#sync(signal));
  readonly #turns = new Turns();
  readonly #closing = new AbortController();

  constructor(options: MirroredOptions) {
    this.#options = options;
    this.#contents = new Contents(options.mirror, options.limits, options.location.url);
    this.#sources = new ByteCache(options.limits.cacheBytes);
  }

  get url(): string {
    return this.#options.location.url;
  }

  get localPath(): string | null {
    const { kind, url } = this.#options.location;
    return kind === 'path' ? url : null;
  }

  get engine(): EngineName {
    return this.#options.engine.name;
  }

  get head(): string | null {
    return this.#options.mirror.head;
  }

  async sync(signal: AbortSignal): Promise<SyncResult> {
    return await this.#syncs.join(signal);
  }

  async commit(sha: string): Promise<CommitInfo> {
    const { tree: _tree, ...info } = await this.#commit(sha);
    return info;
  }

  async grids(sha: string): Promise<readonly string[]> {
    const { tree } = await this.#commit(sha);
    const entries = await gridEntries(this.#contents, await this.#contents.tree(tree));
    const { limits } = this.#options;
    if (entries.length > limits.entries) {
      throw tooLarge(this.url, `it has more than ${limits.entries} grids`, 'Split it.');
    }
    return entries.map(({ name }) => name).toSorted(compareText);
  }

  async source(sha: string, grid: string): Promise<SourceTree> {
    const { limits } = this.#options;
    const roots = await this.#roots(sha, grid);
    if (roots === null) throw notFound(`Commit ${sha} has no folder grids/${grid}.`);
    const key = `${grid}/${sourceInputs(roots)}`;
    const known = this.#sources.get(key);
    if (known !== undefined) return { ...known, sha };
    const source = await readSource({
      contents: this.#contents,
      roots,
      sha,
      limits,
      where: this.url,
    });
    this.#sources.set(key, source, weigh(source));
    return source;
  }

  async inputs(sha: string, grid: string): Promise<string | null> {
    const roots = await this.#roots(sha, grid);
    return roots === null ? null : sourceInputs(roots);
  }

  async file(sha: string, path: string): Promise<SourceFile | null> {
    const { tree } = await this.#commit(sha);
    const { limits } = this.#options;
    return await readOne({ contents: this.#contents, tree, path }, { limits, where: this.url });
  }

  async folderId(sha: string, path: string): Promise<string | null> {
    const { tree } = await this.#commit(sha);
    return (await findFolder({ contents: this.#contents, tree, path }))?.id ?? null;
  }

  async folder(sha: string, path: string): Promise<ReadonlyMap<string, SourceFile>> {
    const { limits } = this.#options;
    const contents = this.#contents;
    const { tree } = await this.#commit(sha);
    const folder = await findFolder({ contents, tree, path });
    if (folder === null) throw notFound(`Commit ${sha} has no folder ${path}.`);
    return await readFolder(folder, { contents, limits, where: this.url });
  }

  async isAncestor(older: string, newer: string): Promise<boolean> {
    const question = {
      contents: this.#contents,
      older,
      newer,
      most: this.#options.limits.ancestry,
    };
    return await isAncestor(question);
  }

  async fetchRef(ref: string, signal: AbortSignal): Promise<string | null> {
    const { mirror, engine, limits } = this.#options;
    const name = fullRef(ref);
    return await this.#whileOpen(signal, async (live) => {
      const head = await engine.list(name, live);
      if (head === null) await mirror.forgetOther(name);
      if (head === null) return null;
      return await this.#turns.take(live, () =>
        mirror.fetchOther({ ref: name, head, signal: live }, limits.refBytes),
      );
    });
  }

  async forgetRef(ref: string): Promise<void> {
    await this.#options.mirror.forgetOther(fullRef(ref));
  }

  async fetchedRefs(): Promise<readonly string[]> {
    return await this.#options.mirror.otherRefs();
  }

  async merge(base: string, head: string, signal = this.#closing.signal): Promise<MergeResult> {
    const { engine, mirror, limits } = this.#options;
    const commits = { base: await this.#commit(base), head: await this.#commit(head) };
    const merging = { contents: this.#contents, mirror, engine, limits, where: this.url };
    return await this.#whileOpen(signal, (live) =>
      this.#turns.take(live, () => merge({ ...merging, ...commits, signal: live })),
    );
  }

  async differences(
    from: string,
    to: string,
    under: readonly string[],
  ): Promise<readonly FileDifference[]> {
    const commits = [await this.#commit(from), await this.#commit(to)] as const;
    return await differences(this.#restoring(), commits, under);
  }

  async commitsTouching(
    { newer, older }: { readonly newer: string; readonly older: string },
    paths: readonly string[],
  ): Promise<readonly CommitInfo[]> {
    await this.#commit(newer);
    await this.#commit(older);
    return await commitsTouching({ ...this.#history(paths), newer, older });
  }

  async content(sha: string): Promise<Uint8Array> {
    await this.#commit(sha);
    const object = await this.#options.mirror.read(sha, commitBytes);
    if (object === null || object.content === null) {
      throw notFound(`There is no commit ${sha} in the mirror.`);
    }
    return object.content;
  }

  async newestTouching(sha: string, paths: readonly string[]): Promise<CommitInfo | null> {
    await this.#commit(sha);
    return await newestTouching({ ...this.#history(paths), newer: sha });
  }

  async everyTouching(
    { newer, older }: { readonly newer: string; readonly older: string },
    paths: readonly string[],
  ): Promise<readonly CommitInfo[]> {
    await this.#commit(newer);
    await this.#commit(older);
    return await everyTouching({ ...this.#history(paths), newer, older });
  }

  async restore(wish: RestoreWish): Promise<string> {
    const commits = { onto: await this.#commit(wish.onto), from: await this.#commit(wish.from) };
    const { signal } = this.#closing;
    return await this.#turns.take(signal, () =>
      restore(this.#restoring(), { ...wish, ...commits }),
    );
  }

  async push({ branch, commit, expected }: PushWish, signal: AbortSignal): Promise<boolean> {
    const { engine, mirror, location } = this.#options;
    const ref = branchRef(branch);
    const made = await this.#commit(commit);
    const parent = await this.#commit(made.parents[0] ?? '');
    return await this.#whileOpen(signal, async (live) => {
      if (location.kind !== 'path') {
        const { directory } = mirror;
        return await engine.push({ directory, ref, commit, expected, signal: live });
      }
      const objects = newObjects(this.#restoring(), made, parent);
      return await pushToPath({ path: location.url, ref, commit, expected, objects });
    });
  }

  async close(): Promise<void> {
    const reason = new Error('the repository was closed');
    this.#closing.abort(reason);
    await this.#syncs.stop(reason);
    await this.#turns.idle();
    await this.#options.mirror.close();
  }

  async #sync(signal: AbortSignal): Promise<SyncResult> {
    const { engine, mirror, ref } = this.#options;
    try {
      const listed = await engine.list(ref, signal);
      if (listed === null) throw branchMissing(this.url, ref);
      const before = mirror.head;
      if (listed === before && mirror.isSound) return { head: before, moved: false };
      const head = await this.#turns.take(signal, () =>
        mirror.update({ ref, head: listed, signal }),
      );
      return { head, moved: head !== before };
    } catch (error) {
      if (signal.aborted || error instanceof GridError) throw error;
      throw unexpected(this.url, error);
    }
  }

  async #whileOpen<T>(signal: AbortSignal, work: (live: AbortSignal) => Promise<T>): Promise<T> {
    return await withEither(signal, this.#closing.signal, async (live) => {
      try {
        return await work(live);
      } catch (error) {
        live.throwIfAborted();
        throw error instanceof GridError ? error : unexpected(this.url, error);
      }
    });
  }

  #history(paths: readonly string[]) {
    const most = this.#options.limits.ancestry;
    return { contents: this.#contents, paths, most, where: this.url };
  }

  #restoring(): Restoring {
    const { mirror, limits } = this.#options;
    const objects = new RawObjects(mirror, { where: this.url, fileBytes: limits.fileBytes });
    const { signal } = this.#closing;
    const bounds = { most: limits.entries, where: this.url, signal };
    return { contents: this.#contents, objects, mirror, ...bounds };
  }

  async #roots(sha: string, grid: string): Promise<SourceRoots | null> {
    const { tree } = await this.#commit(sha);
    return await findRoots(this.#contents, tree, grid);
  }

  async #commit(sha: string): Promise<Commit> {
    const isId = /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(sha);
    const commit = isId ? await this.#contents.commit(sha) : null;
    if (commit === null) throw notFound(`There is no commit ${sha.slice(0, 64)} in the mirror.`);
    return commit;
  }
}

function unexpected(where: string, error: unknown): GridError {
  return new GridError({
    code: 'internal',
    message: `Cannot sync ${where}: ${errorMessage(error)}.`,
    hint: 'It is tried again by itself.',
    retry: 'later',
    cause: error,
  });
}

function notFound(message: string): GridError {
  return new GridError({
    code: 'not-found',
    message,
    hint: 'It may have been dropped by a force-push; sync, then take a commit of the branch.',
  });
}

function weigh(source: SourceTree): number {
  let bytes = 0;
  for (const file of source.files.values()) {
    bytes += 200 + weightOf(file);
  }
  return bytes;
}
