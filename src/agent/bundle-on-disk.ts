import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { BundledFile, FileBundle } from '../model/delivery.ts';
import { GridError } from '../model/error.ts';

/** A bundle, and where it is or is to be. */
export interface BundleOnDisk {
  readonly bundle: FileBundle;
  readonly at: string;
}

/** Everyone may look into folders: who may read a file, the file says. */
const folderMode = 0o755;

/** Whether a bundle is there with everything that belongs to it, and nothing else. */
export async function isWhole({ bundle, at }: BundleOnDisk): Promise<boolean> {
  try {
    for (const file of bundle.files)
      if (!(await isAsIt(path.join(at, file.path), file, bundle))) return false;
    return isSingle(bundle) || (await countFiles(at)) === bundle.files.length;
  } catch (error) {
    // What cannot be read is written anew.
    if ((error as NodeJS.ErrnoException).code !== undefined) return false;
    throw error;
  }
}

/** Writes a bundle where nothing is yet, and flushes it. `contentOf` gives contents by their SHA-256. */
export async function writeBundle(
  { bundle, at }: BundleOnDisk,
  contentOf: (name: string) => Buffer,
): Promise<void> {
  const folders = new Set<string>();
  if (!isSingle(bundle)) await addFolders(at, at, folders);
  for (const file of bundle.files) {
    const where = path.join(at, ...namesOf(file));
    if (!isSingle(bundle)) await addFolders(path.dirname(where), at, folders);
    await writeFile(where, contentOf(file.content), { file, bundle });
  }
  for (const folder of folders) await flushFolder(folder);
}

/**
 * Makes whole what is not, where containers may have it mounted: they would go on with a folder that was replaced, and see it
 * emptied. So each file is written `beside` and moved to its place. `false`: what is there cannot become the bundle.
 */
export async function repairBundle(
  { bundle, at }: BundleOnDisk,
  beside: string,
  contentOf: (name: string) => Buffer,
): Promise<boolean> {
  const status = await lstat(at).catch(missingIsNull);
  if (status?.isDirectory() !== true || isSingle(bundle)) return false;
  await removeOthers(bundle, at);
  const folders = new Set<string>();
  await addFolders(at, at, folders);
  for (const file of bundle.files) {
    const where = path.join(at, ...namesOf(file));
    await addFolders(path.dirname(where), at, folders);
    if (await isAsIt(where, file, bundle).catch(missingIsNull)) continue;
    await writeFile(beside, contentOf(file.content), { file, bundle });
    await rename(beside, where);
  }
  for (const folder of folders) await flushFolder(folder);
  return true;
}

export async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isSingle({ files }: FileBundle): boolean {
  return files.length === 1 && files[0]?.path === '';
}

/** The master is believed what it signed, but a path must never lead out of its bundle. */
function namesOf({ path: written }: BundledFile): readonly string[] {
  const names = written === '' ? [] : written.split('/');
  if (!names.some((name) => /^\.{0,2}$|[\\\0]/.test(name))) return names;
  throw new GridError({
    code: 'protocol-violation',
    message: `${JSON.stringify(written)} is no path of a delivered file`,
  });
}

async function isAsIt(where: string, file: BundledFile, bundle: FileBundle): Promise<boolean> {
  const status = await lstat(where);
  if (!status.isFile() || (status.mode & 0o7777) !== file.mode) return false;
  if (bundle.uid !== null && status.uid !== bundle.uid) return false;
  if (bundle.gid !== null && status.gid !== bundle.gid) return false;
  const content = await readFile(where);
  return createHash('sha256').update(content).digest('hex') === file.content;
}

async function countFiles(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => !entry.isDirectory()).length;
}

/** What does not belong to the bundle, and what is a folder where a file belongs or the other way round. */
async function removeOthers({ files }: FileBundle, at: string): Promise<void> {
  const wanted = new Set(files.map((file) => path.join(at, ...namesOf(file))));
  const folders = new Set<string>();
  for (const file of wanted)
    for (let one = path.dirname(file); one !== at; one = path.dirname(one)) folders.add(one);
  for (const entry of await readdir(at, { withFileTypes: true, recursive: true })) {
    const where = path.join(entry.parentPath, entry.name);
    const belongs = entry.isDirectory() ? folders.has(where) : wanted.has(where);
    if (!belongs) await rm(where, { recursive: true, force: true });
  }
}

function missingIsNull(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
  throw error;
}

/** Makes a folder and those above it, down from the bundle's own, where they are missing. */
async function addFolders(folder: string, top: string, made: Set<string>): Promise<void> {
  if (made.has(folder)) return;
  if (folder !== top) await addFolders(path.dirname(folder), top, made);
  // Those above it are there, so that this makes none but itself.
  await mkdir(folder, { recursive: true });
  // Whatever the process's umask is.
  await chmod(folder, folderMode);
  made.add(folder);
}

interface Kind {
  readonly file: BundledFile;
  readonly bundle: FileBundle;
}

/** Nobody else can open it before it has its owner and its mode. */
async function writeFile(where: string, content: Buffer, { file, bundle }: Kind): Promise<void> {
  const handle = await open(where, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    if (bundle.uid !== null || bundle.gid !== null) {
      const { uid, gid } = await handle.stat();
      await handle.chown(bundle.uid ?? uid, bundle.gid ?? gid);
    }
    await handle.chmod(file.mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
