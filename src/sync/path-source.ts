import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { copyObjects } from './copy-objects.ts';
import { installGit, tooLarge, unreachable, unsupported } from './faults.ts';
import {
  findLocalRepository,
  type LocalRepository,
  readLocalRef,
  specialFormat,
} from './local-repository.ts';
import type { PackGuard } from './mirror-files.ts';

/**
 * A repository on this machine, for the engine that has no git command. Its object files are copied into the mirror
 * rather than read in place: its owner may force-push, `gc` or remove it at any moment, and what is deployed must stay
 * readable.
 */
export class PathSource {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async list(ref: string): Promise<string | null> {
    return await readLocalRef(await this.#find(), ref);
  }

  async copy(to: PathCopy): Promise<void> {
    const { commonDirectory } = await this.#find();
    const tooMuch = () =>
      tooLarge(
        this.#path,
        `it holds more than ${mebibytes(to.maxBytes)} MiB of objects`,
        installGit,
      );
    await copyObjects({
      from: join(commonDirectory, 'objects'),
      to: join(to.directory, 'objects'),
      maxBytes: to.maxBytes,
      tooLarge: tooMuch,
      guard: { pack: to.guard, loose: (deflated) => checkLoose(deflated, to.maxBytes, tooMuch) },
      signal: to.signal,
    });
    await copyShallow(commonDirectory, to.directory);
  }

  async #find(): Promise<LocalRepository> {
    const repository = await findLocalRepository(this.#path);
    if (repository === null) throw unreachable(this.#path, 'there is no Git repository');
    const special = await specialFormat(repository);
    if (special !== null) throw unsupported(this.#path, special, installGit);
    return repository;
  }
}

export interface PathCopy {
  /** The mirror. */
  readonly directory: string;
  readonly maxBytes: number;
  readonly guard: PackGuard;
  readonly signal: AbortSignal;
}

function checkLoose(deflated: Buffer, maxBytes: number, tooMuch: () => Error): void {
  try {
    inflateSync(deflated, { maxOutputLength: maxBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooMuch();
    throw error;
  }
}

/** Which commits have no parents here: a repository that was itself cloned with a depth. */
async function copyShallow(from: string, to: string): Promise<void> {
  const target = join(to, 'shallow');
  await copyFile(join(from, 'shallow'), target).catch(() => rm(target, { force: true }));
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
