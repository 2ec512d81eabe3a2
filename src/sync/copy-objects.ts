import { lstat, mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type PackGuard, writeWhole } from './mirror-files.ts';

export interface ObjectCopy {
  /** The `objects` folder of the repository that is read. */
  readonly from: string;
  /** The `objects` folder of the mirror. */
  readonly to: string;
  readonly maxBytes: number;
  readonly tooLarge: () => Error;
  /** Called with each pack and each loose object before it is kept. */
  readonly guard: { readonly pack: PackGuard; readonly loose: (deflated: Buffer) => void };
  readonly signal: AbortSignal;
}

/**
 * Copies every object file that the mirror lacks. Object files never change, so what has the same name is the same.
 *
 * Loose objects come before packs: the owner's `git gc` moves objects from the one to the other, never back, so that
 * order misses none. A pack comes before its index: an index promises that its pack is there.
 */
export async function copyObjects(copy: ObjectCopy): Promise<void> {
  const budget: Budget = { copy, left: copy.maxBytes };
  const stores = await objectStores(copy.from);
  for (const store of stores) await copyLoose(budget, store);
  for (const store of stores) await copyPacks(budget, store);
}

interface Budget {
  readonly copy: ObjectCopy;
  left: number;
}

// git's own bound for chains of borrowed object stores.
const mostStores = 6;

/** The store itself and those it borrows from (`git clone --shared`). */
async function objectStores(first: string): Promise<readonly string[]> {
  const stores = [first];
  for (const store of stores) {
    const alternates = await readFile(join(store, 'info/alternates'), 'utf8').catch(() => '');
    for (const line of alternates.split('\n')) {
      const path = resolve(store, line);
      if (line !== '' && !line.startsWith('#') && !stores.includes(path)) stores.push(path);
    }
    if (stores.length >= mostStores) break;
  }
  return stores.slice(0, mostStores);
}

async function copyLoose(budget: Budget, store: string): Promise<void> {
  const { to, guard, signal } = budget.copy;
  const folders = (await names(store)).filter((name) => /^[0-9a-f]{2}$/.test(name));
  const missing = await Promise.all(folders.map((folder) => missingLoose(store, to, folder)));
  for (const [position, folder] of folders.entries()) {
    const wanted = missing[position] ?? [];
    if (wanted.length > 0) await mkdir(join(to, folder), { recursive: true });
    for (const name of wanted) {
      signal.throwIfAborted();
      await copyFile(budget, join(store, folder, name), join(to, folder, name), guard.loose);
    }
  }
}

async function missingLoose(store: string, to: string, folder: string): Promise<readonly string[]> {
  const present = new Set(await names(join(to, folder)));
  const all = await names(join(store, folder));
  return all.filter((name) => /^[0-9a-f]{38}$/.test(name) && !present.has(name));
}

async function copyPacks(budget: Budget, store: string): Promise<void> {
  const { to, guard, signal } = budget.copy;
  const present = new Set(await names(join(to, 'pack')));
  const wanted = (await names(join(store, 'pack'))).filter(
    (name) => /^pack-[0-9a-f]{40}\.idx$/.test(name) && !present.has(name),
  );
  for (const index of wanted) {
    signal.throwIfAborted();
    const pack = `${basename(index, '.idx')}.pack`;
    const copied = await copyFile(
      budget,
      join(store, 'pack', pack),
      join(to, 'pack', pack),
      guard.pack,
    );
    if (copied) await copyFile(budget, join(store, 'pack', index), join(to, 'pack', index));
  }
}

async function names(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}

/**
 * False when the file is gone: moved into a pack by the owner's `git gc`, or not to be had. Whether anything is missing
 * is seen afterwards, when the commit is read.
 */
async function copyFile(
  budget: Budget,
  from: string,
  to: string,
  guard: (bytes: Buffer) => void | Promise<void> = () => undefined,
): Promise<boolean> {
  const status = await lstat(from).catch(() => null);
  if (status === null || !status.isFile()) return false;
  budget.left -= status.size;
  if (budget.left < 0) throw budget.copy.tooLarge();
  const bytes = await readFile(from).catch(() => null);
  if (bytes === null) return false;
  await guard(bytes);
  await writeWhole(to, bytes);
  return true;
}
