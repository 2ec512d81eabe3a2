import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GridError } from '../model/error.ts';
import type { SourceFile, SourceTree } from '../model/source.ts';
import { branchRef } from './branch-ref.ts';
import { chooseEngine } from './choose-engine.ts';
import type { EngineName } from './engine.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { type Credentials, type Location, parseLocation } from './location.ts';
import type { MergeResult } from './merge.ts';
import { Mirror } from './mirror.ts';
import { MirroredRepository } from './mirrored-repository.ts';
import type { CommitInfo } from './objects.ts';
import type { FileDifference, Restoration } from './restore.ts';

export type { Limits } from './limits.ts';
export type { Credentials } from './location.ts';
export type { MergeResult } from './merge.ts';
export type { CommitInfo } from './objects.ts';
export type { FileDifference } from './restore.ts';

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
  /** The files below some folders that are not the same in two commits, by path. */
  differences(
    from: string,
    to: string,
    under: readonly string[],
  ): Promise<readonly FileDifference[]>;
  /** The commits of the branch of `newer` since `older` that touched some paths, newest first. */
  commitsTouching(
    of: { readonly newer: string; readonly older: string },
    paths: readonly string[],
  ): Promise<readonly CommitInfo[]>;
  /** A commit as it is stored, to the byte: what signatures are of. */
  content(sha: string): Promise<Uint8Array>;
  /** The newest commit of the branch of `sha` that touched some paths; null: none that is within bounds. */
  newestTouching(sha: string, paths: readonly string[]): Promise<CommitInfo | null>;
  /**
   * All commits since `older` that touched some paths, those that merges have brought in included, newest first.
   * @throws GridError repository-too-large
   */
  everyTouching(
    of: { readonly newer: string; readonly older: string },
    paths: readonly string[],
  ): Promise<readonly CommitInfo[]>;
  /** A commit on top of another in which some files are as they are in a third. Nothing is pushed. */
  restore(wish: RestoreWish): Promise<string>;
  /**
   * Moves a branch to a commit made here, from where it has to be; never back, never to another history. False: the
   * branch is elsewhere by now.
   * @throws GridError as `sync` does; repository-refused when it does not take the commit.
   */
  push(wish: PushWish, signal: AbortSignal): Promise<boolean>;
  close(): Promise<void>;
}

export interface RestoreWish extends Omit<Restoration, 'from' | 'onto'> {
  readonly onto: string;
  readonly from: string;
}

export interface PushWish {
  /** The short name. */
  readonly branch: string;
  readonly commit: string;
  /** Null: there must be no such branch yet. */
  readonly expected: string | null;
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
