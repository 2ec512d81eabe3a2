import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorMessage, GridError } from '../model/error.ts';
import { compareText } from '../model/identity.ts';
import { type SourceFile, type SourceTree, weightOf } from '../model/source.ts';
import { isAncestor } from './ancestry.ts';
import { branchRef } from './branch-ref.ts';
import { ByteCache } from './byte-cache.ts';
import { chooseEngine } from './choose-engine.ts';
import { Contents } from './contents.ts';
import type { EngineName, GitEngine } from './engine.ts';
import { branchMissing, tooLarge } from './faults.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type Credentials, type Location, parseLocation } from './location.ts';
import { type MergeResult, merge } from './merge.ts';
import { Mirror } from './mirror.ts';
import type { Commit, CommitInfo } from './objects.ts';
import { fullRef } from './other-refs.ts';
import { findFolder, readFolder, readOne } from './read-folder.ts';
import {
  findRoots,
  gridEntries,
  readSource,
  type SourceRoots,
  sourceInputs,
} from './read-source.ts';
import { SharedRun } from './shared-run.ts';
import { Turns } from './turns.ts';
import { withEither } from './with-either.ts';

export type { Limits } from './limits.ts';
export type { Credentials } from './location.ts';
export type { MergeResult } from './merge.ts';
export type { CommitInfo } from './objects.ts';

export interface RepositoryOptions {
  /** `https://…`, `ssh://…`, `user@host:path`, `file://…` or an absolute path; `http://…` for loopback hosts. */
  readonly url: string;
  /** The short name; always `refs/heads/<branch>`. */
  readonly branch: string;
  /** Where bare mirrors live. One process at a time uses it. */
  readonly directory: string;
  readonly engine: EngineName | 'auto';
  /** Asked before every conversation with the remote repository. */
  readonly credentials: (() => Promise<Credentials | null>) | null;
  readonly limits: Partial<Limits>;
  /** Path of a known_hosts file. Absent: those that ssh uses by itself. */
  readonly knownHosts?: string;
  /** Path of a private key. Absent: those of the ssh agent. */
  readonly sshKeyFile?: string;
  /** Allows `http://` for any host. */
  readonly allowPlainHttp?: boolean;
  /** The git command of the native engine; default `git`. */
  readonly gitProgram?: string;
}

export interface SyncResult {
  /** The commit the branch points at, mirrored. */
  readonly head: string;
  /** Whether this sync changed what is mirrored. */
  readonly moved: boolean;
}

export interface Repository {
  /** The URL without user information. */
  readonly url: string;
  readonly engine: EngineName;
  /** Where it is on this machine, to be watched; null when it is elsewhere. */
  readonly localPath: string | null;
  /** The last mirrored commit, also when the remote repository cannot be reached; null before the first sync. */
  readonly head: string | null;
  /**
   * Looks where the branch points and fetches when that is new. Follows force-pushes. Calls that overlap share the
   * work. On any error the mirror keeps its last head.
   * @throws GridError repository-unreachable, repository-refused, branch-missing, repository-too-large,
   *   unsupported-repository, repository-damaged, internal (disk); the signal's reason when it is aborted.
   */
  sync(signal: AbortSignal): Promise<SyncResult>;
  /** @throws GridError not-found when the mirror has no such commit. So do the others that take one. */
  commit(sha: string): Promise<CommitInfo>;
  /** The names of the folders below `grids/`, in code unit order. None is not an error here. */
  grids(sha: string): Promise<readonly string[]>;
  /** @throws GridError not-found without a folder `grids/<grid>`; repository-too-large. */
  source(sha: string, grid: string): Promise<SourceTree>;
  /** What `source` would say as `inputs`, without reading files; null without a folder `grids/<grid>`. */
  inputs(sha: string, grid: string): Promise<string | null>;
  /** One file of a commit; null: there is none. */
  file(sha: string, path: string): Promise<SourceFile | null>;
  /** Equal for equal contents of `folder`, without reading files; null without such a folder. */
  folderId(sha: string, path: string): Promise<string | null>;
  /**
   * The files below a folder, by their paths from the root; of the root itself (an empty path) only those directly in it.
   * @throws GridError not-found; repository-too-large.
   */
  folder(sha: string, path: string): Promise<ReadonlyMap<string, SourceFile>>;
  /** Whether `older` is `newer` or in its history; false also beyond `limits.ancestry` commits. */
  isAncestor(older: string, newer: string): Promise<boolean>;
  /**
   * Brings another ref (`refs/pull/7/head`, `refs/heads/x`, `refs/tags/v1`) in and keeps it, so that the others here
   * read what it names. Gives that commit; null when the remote repository has no such ref, which is then forgotten.
   * To be asked again before use: a mirror that is cloned again loses what is not its branch.
   * @throws GridError as `sync` does; invalid-request when it is not the full name of a ref.
   */
  fetchRef(ref: string, signal: AbortSignal): Promise<string | null>;
  /** Lets what was fetched by that name go. */
  forgetRef(ref: string): Promise<void>;
  /** The refs that `fetchRef` keeps, in code unit order. */
  fetchedRefs(): Promise<readonly string[]>;
  /**
   * What merging `head` into `base` gives, as a commit that the others here read: `head` itself where that only goes
   * forward, `base` where nothing is new. The same two commits always give the same one. Nothing is pushed.
   * @throws GridError not-found, repository-too-large, internal; later when it takes too long.
   */
  merge(base: string, head: string, signal?: AbortSignal): Promise<MergeResult>;
  close(): Promise<void>;
}

/**
 * Opens a repository without talking to it: what an earlier process mirrored is readable at once.
 * @throws GridError invalid-configuration, unsupported-repository
 */
export async function openRepository(options: RepositoryOptions): Promise<Repository> {
  const location = parseLocation(options.url, options.allowPlainHttp);
  const ref = branchRef(options.branch);
  const limits = { ...defaultLimits, ...options.limits };
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true });
  const engine = await chooseEngine(options.engine, {
    location,
    directory,
    limits,
    credentials: async () => plain((await options.credentials?.()) ?? location.credentials),
    program: options.gitProgram ?? 'git',
    knownHosts: options.knownHosts === undefined ? null : resolve(options.knownHosts),
    sshKeyFile: options.sshKeyFile === undefined ? null : resolve(options.sshKeyFile),
  });
  const where = location.url;
  const mirrorDirectory = join(directory, `${mirrorName(location, ref)}.${engine.name}`);
  const mirror = await Mirror.open({ engine, directory: mirrorDirectory, where });
  return new MirroredRepository({ engine, mirror, ref, limits, location });
}

/** A digest, so that no two URLs or branches share a mirror and nothing of them becomes part of a path. */
function mirrorName(location: Location, ref: string): string {
  return createHash('sha256').update(`${location.url}\n${ref}`).digest('hex');
}

interface MirroredOptions {
  readonly engine: GitEngine;
  readonly mirror: Mirror;
  readonly ref: string;
  readonly limits: Limits;
  readonly location: Location;
}

class MirroredRepository implements Repository {
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
    const { limits } = this.#options;
    const { tree } = await this.#commit(sha);
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

/** Line ends would become lines of git's credential protocol; they come from files that were not trimmed. */
function plain(credentials: Credentials | null): Credentials | null {
  if (credentials === null || !/[\r\n\0]/.test(credentials.username + credentials.password)) {
    return credentials;
  }
  throw new GridError({
    code: 'invalid-configuration',
    message: 'The credentials of the repository hold a line end.',
    hint: 'Remove it from the end of the user name or token.',
  });
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
