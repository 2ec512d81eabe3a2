import { randomUUID } from 'node:crypto';
import fs from 'node:fs/promises';
import type { PromiseFsClient } from 'isomorphic-git';

/** Called with a pack before it is kept; throws when it must not be. */
export type PackGuard = (pack: Buffer) => Promise<void>;

/**
 * The file system that isomorphic-git gets for a mirror. It writes files in place; here each one is complete or absent
 * whatever happens, and no pack is kept that the guard refuses.
 */
export function mirrorFiles(guard: PackGuard): PromiseFsClient {
  async function writeFile(path: string, data: string | Uint8Array): Promise<void> {
    if (path.endsWith('.pack')) await guard(Buffer.from(data as Uint8Array));
    await writeWhole(path, data);
  }
  return { promises: { ...fs, writeFile } };
}

/** Writes a file beside its place and moves it there. */
export async function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${path}.tmp_${randomUUID()}`;
  try {
    await fs.writeFile(temporary, data);
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.rm(temporary, { force: true });
    throw error;
  }
}
