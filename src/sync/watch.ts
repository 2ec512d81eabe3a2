import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { errorMessage, type GridError } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import { branchRef } from './branch-ref.ts';
import { unreachable } from './faults.ts';
import { findLocalRepository, type LocalRepository } from './local-repository.ts';

export interface WatchOptions {
  /** A bare repository or a work tree on this machine. */
  readonly path: string;
  readonly branch: string;
  /** The branch may have moved: a hint to sync. */
  readonly onChange: () => void;
  /** The repository went away or cannot be watched. Watching goes on, and `onChange` is called when it is back. */
  readonly onError: (error: GridError) => void;
  readonly clock: Clock;
  /** Milliseconds in which several writes are one change; default 10. */
  readonly debounce?: number;
  /** Milliseconds between looks whether the repository is still the same one; default 2000. */
  readonly recheck?: number;
}

export interface RepositoryWatch {
  close(): Promise<void>;
}

/**
 * Notices within milliseconds that a local branch was committed or pushed to. What the file system does not tell (a
 * link that was exchanged, a repository that was made anew) is noticed by the recheck. Resolves when changes are
 * noticed from now on, or the absence of the repository was reported.
 */
export async function watchRepository(options: WatchOptions): Promise<RepositoryWatch> {
  const watching = new Watching(options);
  await watching.start();
  return watching;
}

class Watching implements RepositoryWatch {
  readonly #options: WatchOptions;
  readonly #files: readonly string[];
  #isClosed = false;
  /** Aborted to look at once. */
  #rest = new AbortController();
  #watched: Watched | null = null;
  #pending: NodeJS.Timeout | null = null;
  #checking: Promise<void> = Promise.resolve();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#files = refFiles(options.branch);
  }

  async start(): Promise<void> {
    const place = await findPlace(this.#options.path);
    if (place === null) this.#report('there is no Git repository');
    else this.#watched = await this.#watch(place);
    this.#checking = this.#keepLooking();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#rest.abort();
    if (this.#pending !== null) clearTimeout(this.#pending);
    await this.#checking;
    await this.#watched?.watcher.close();
  }

  async #keepLooking(): Promise<void> {
    const { clock, recheck = 2_000 } = this.#options;
    while (!this.#isClosed) {
      await clock.sleep(recheck, this.#rest.signal).catch(() => undefined);
      if (this.#isClosed) return;
      this.#rest = new AbortController();
      await this.#look();
    }
  }

  /** Sees to it that what is watched is what `path` is now. */
  async #look(): Promise<void> {
    const place = await findPlace(this.#options.path);
    const before = this.#watched;
    if (place?.identity === before?.identity) return;
    this.#watched = null;
    await before?.watcher.close();
    if (place === null) {
      this.#report('there is no Git repository any more');
      return;
    }
    this.#watched = await this.#watch(place);
    this.#options.onChange();
  }

  async #watch({ repository, identity }: Place): Promise<Watched> {
    const wanted = paths(repository, this.#files);
    const watcher = watch([repository.commonDirectory, repository.gitDirectory], {
      ignoreInitial: true,
      atomic: false,
      ignored: (path) => !wanted.has(path),
    });
    watcher.on('all', (_event, path) => this.#noticed(wanted, path));
    // What the operating system says, before chokidar has looked for itself: it looks once a second at most.
    watcher.on('raw', (_event, name: string | null, details: unknown) => {
      const { watchedPath } = details as { readonly watchedPath?: string };
      // Where chokidar polls (it can be told so from outside) there is none: then its own events must do.
      if (watchedPath === undefined) return;
      this.#noticed(wanted, watchedPath);
      if (name === null) return;
      const path = join(watchedPath, name);
      this.#noticed(wanted, path);
      if (wanted.get(path) === 'folder') this.#watchAgain();
    });
    watcher.on('error', (error) => this.#report(errorMessage(error)));
    await new Promise<void>((resolve) => {
      watcher.once('ready', () => resolve());
      watcher.once('error', () => resolve());
    });
    return { identity, watcher };
  }

  /** A folder on the way to the branch came or went: what happens in it may be missed by those who watch now. */
  #watchAgain(): void {
    if (this.#watched !== null) this.#watched = { ...this.#watched, identity: '' };
    this.#rest.abort();
  }

  #noticed(wanted: ReadonlyMap<string, 'file' | 'folder'>, path: string): void {
    if (wanted.get(path) !== 'file' || this.#isClosed) return;
    this.#pending ??= setTimeout(() => {
      this.#pending = null;
      this.#options.onChange();
    }, this.#options.debounce ?? 10);
  }

  #report(why: string): void {
    this.#options.onError(unreachable(this.#options.path, why));
  }
}

interface Watched {
  readonly identity: string;
  readonly watcher: FSWatcher;
}

interface Place {
  readonly repository: LocalRepository;
  /** Changes when the same path is another folder. */
  readonly identity: string;
}

async function findPlace(path: string): Promise<Place | null> {
  const repository = await findLocalRepository(path);
  if (repository === null) return null;
  const { commonDirectory, gitDirectory } = repository;
  const status = await stat(commonDirectory).catch(() => null);
  if (status === null) return null;
  const identity = [commonDirectory, gitDirectory, status.dev, status.ino].join('\n');
  return { repository, identity };
}

/** Where the value of the branch is written, relative to the repository; `reftable` is git's newer format. */
function refFiles(branch: string): readonly string[] {
  return [branchRef(branch), 'packed-refs', 'reftable/tables.list'];
}

/** The files that matter and the folders that lead to them: nothing else is looked at. */
function paths(
  { commonDirectory, gitDirectory }: LocalRepository,
  files: readonly string[],
): ReadonlyMap<string, 'file' | 'folder'> {
  const wanted = new Map<string, 'file' | 'folder'>([
    [commonDirectory, 'folder'],
    [gitDirectory, 'folder'],
    [join(gitDirectory, 'HEAD'), 'file'],
  ]);
  for (const file of files) {
    wanted.set(join(commonDirectory, file), 'file');
    for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) {
      wanted.set(join(commonDirectory, folder), 'folder');
    }
  }
  return wanted;
}
