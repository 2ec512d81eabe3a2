import { open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** The whole text of a file; `null` when there is none. */
export async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Writes a file that only this user can read. After a crash or a power cut at any moment there is either the old text or the
 * new one: written beside, flushed, renamed, and the rename flushed too.
 */
export async function writePrivately(file: string, text: string): Promise<void> {
  const beside = `${file}.new`;
  // Left over from a crash; its mode is not to be trusted.
  await rm(beside, { force: true });
  const handle = await open(beside, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
  await flushDirectory(path.dirname(file));
}

async function flushDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
