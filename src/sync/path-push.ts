import { chown, lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { notTaken, unreachable } from './faults.ts';
import {
  findLocalRepository,
  type LocalRepository,
  readLocalRef,
  specialFormat,
} from './local-repository.ts';
import { type NewObject, writeLooseObject } from './loose-objects.ts';

export interface PathPush {
  readonly path: string;
  readonly ref: string;
  readonly commit: string;
  /** Where the ref has to be; null: nowhere yet. */
  readonly expected: string | null;
  /** What the repository may lack of the commit, the commit itself included. */
  readonly objects: AsyncIterable<Omit<NewObject, 'digits'>>;
}

/**
 * Moves a branch of a repository on this machine. No git runs in it, because its hooks and its configuration would run
 * commands of whoever owns it as the user that the master runs as. So what its hooks are there for cannot happen, and a
 * repository with hooks, or with the branch in a work tree, is refused. False: the branch is elsewhere by now.
 */
export async function pushToPath(push: PathPush): Promise<boolean> {
  const repository = await findLocalRepository(push.path);
  if (repository === null) throw unreachable(push.path, 'there is no Git repository');
  await refuseWhatCannotBe(push, repository);
  const owner = await lstat(join(repository.commonDirectory, 'objects'));
  const digits = push.commit.length;
  for await (const object of push.objects) {
    const id = await writeLooseObject(repository.commonDirectory, { ...object, digits });
    const file = join(repository.commonDirectory, 'objects', id.slice(0, 2), id.slice(2));
    await giveTo(owner, [dirname(file), file]);
  }
  return await moveRef(push, repository, owner);
}

async function refuseWhatCannotBe(push: PathPush, repository: LocalRepository): Promise<void> {
  const { path, ref } = push;
  const special = await specialFormat(repository);
  if (special?.includes('reftable') === true) throw notTaken(path, special);
  const config = await read(join(repository.commonDirectory, 'config'));
  const hook = /^\s*hookspath\s*=/im.test(config)
    ? 'core.hooksPath'
    : await receiveHook(repository.commonDirectory);
  if (hook !== null) throw notTaken(path, `it has a hook (${hook}) that only its owner can run`);
  const isBare = /^\s*bare\s*=\s*"?(true|yes|on|1)\b/im.test(config);
  for (const head of await workTreeHeads(repository, isBare)) {
    if ((await read(head)).trim() !== `ref: ${ref}`) continue;
    throw notTaken(path, `${ref.replace('refs/heads/', '')} is checked out in a work tree there`);
  }
}

const hooks = /^(pre-receive|update|post-receive|post-update|proc-receive|reference-transaction)$/;

async function receiveHook(directory: string): Promise<string | null> {
  const names = await readdir(join(directory, 'hooks')).catch(() => []);
  return names.find((name) => hooks.test(name)) ?? null;
}

/** Of a bare repository only linked work trees have files that would have to follow. */
async function workTreeHeads(
  { gitDirectory, commonDirectory }: LocalRepository,
  isBare: boolean,
): Promise<readonly string[]> {
  const linked = await readdir(join(commonDirectory, 'worktrees')).catch(() => []);
  const own = isBare ? [] : [join(commonDirectory, 'HEAD'), join(gitDirectory, 'HEAD')];
  return [...own, ...linked.map((name) => join(commonDirectory, 'worktrees', name, 'HEAD'))];
}

/** As git does it: whoever makes the lock file may compare and change. */
async function moveRef(
  { path, ref, commit, expected }: PathPush,
  repository: LocalRepository,
  owner: Owner,
): Promise<boolean> {
  const file = join(repository.commonDirectory, ref);
  const lock = `${file}.lock`;
  await mkdir(dirname(file), { recursive: true }).catch((error: unknown) => {
    throw notTaken(path, `${ref} cannot be made beside the branches that are there`, error);
  });
  const handle = await open(lock, 'wx').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return null;
    throw notTaken(path, `${ref} cannot be written (${error.code ?? 'failed'})`, error);
  });
  if (handle === null) return false;
  try {
    if ((await readLocalRef(repository, ref)) !== expected) return false;
    await handle.writeFile(`${commit}\n`);
    await giveTo(owner, [lock]);
    await rename(lock, file);
    return true;
  } finally {
    await handle.close();
    await rm(lock, { force: true });
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** A master that runs as root leaves nothing behind that the owner cannot change. */
async function giveTo({ uid, gid }: Owner, paths: readonly string[]): Promise<void> {
  if (process.getuid?.() !== 0 || uid === 0) return;
  for (const path of paths) await chown(path, uid, gid);
}

async function read(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}
