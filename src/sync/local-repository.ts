import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** Where a repository on this machine keeps its things. They differ in a linked work tree only. */
export interface LocalRepository {
  /** `HEAD` is here. */
  readonly gitDirectory: string;
  /** Objects, branches and the configuration are here. */
  readonly commonDirectory: string;
}

/** Finds the repository of a work tree (`.git` being a folder, a link, or a file that names it) or a bare one. */
export async function findLocalRepository(path: string): Promise<LocalRepository | null> {
  for (const candidate of [join(path, '.git'), path]) {
    const gitDirectory = await gitDirectoryAt(candidate);
    if (gitDirectory === null) continue;
    const common = (await readSmall(join(gitDirectory, 'commondir')))?.trim();
    const commonDirectory = common === undefined ? gitDirectory : resolve(gitDirectory, common);
    if (await isDirectory(join(commonDirectory, 'objects')))
      return { gitDirectory, commonDirectory };
  }
  return null;
}

async function gitDirectoryAt(candidate: string): Promise<string | null> {
  const real = await realpath(candidate).catch(() => null);
  if (real === null) return null;
  if (await isDirectory(real)) return (await readSmall(join(real, 'HEAD'))) === null ? null : real;
  const named = /^gitdir: (.+)/.exec((await readSmall(real)) ?? '')?.[1];
  return named === undefined ? null : resolve(dirname(real), named.trim());
}

// Symbolic refs that point at each other end here.
const mostLinks = 5;

/** The commit that a ref points at; null when there is no such ref. */
export async function readLocalRef(
  repository: LocalRepository,
  ref: string,
): Promise<string | null> {
  let name = ref;
  for (let link = 0; link < mostLinks; link += 1) {
    const value =
      (await readSmall(join(repository.commonDirectory, name)))?.trim() ??
      (await readPackedRef(repository, name));
    if (value === null) return null;
    if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(value)) return value;
    const target = /^ref: (refs\/heads\/[^\s]+)$/.exec(value)?.[1];
    if (target === undefined || target.includes('..')) return null;
    name = target;
  }
  return null;
}

async function readPackedRef(repository: LocalRepository, ref: string): Promise<string | null> {
  const text = await readSmall(join(repository.commonDirectory, 'packed-refs'));
  for (const line of (text ?? '').split('\n')) {
    if (line.endsWith(` ${ref}`)) return line.slice(0, -ref.length - 1);
  }
  return null;
}

/** What of a repository's format only git itself can read; null when it is the common one. */
export async function specialFormat(repository: LocalRepository): Promise<string | null> {
  const config = (await readSmall(join(repository.commonDirectory, 'config'))) ?? '';
  if (/^\s*objectformat\s*=\s*"?sha256/im.test(config)) return 'its object ids are SHA-256';
  if (/^\s*refstorage\s*=\s*"?reftable/im.test(config)) return 'its refs are a reftable';
  return null;
}

// A packed-refs file of some 200,000 refs.
const mostBytes = 16 * 1024 * 1024;

/** The text of a regular file; null when it is not there, not a file or far too large. */
async function readSmall(path: string): Promise<string | null> {
  const status = await lstat(path).catch(() => null);
  if (status === null || !status.isFile() || status.size > mostBytes) return null;
  return await readFile(path, 'utf8').catch(() => null);
}

async function isDirectory(path: string): Promise<boolean> {
  return await stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}
