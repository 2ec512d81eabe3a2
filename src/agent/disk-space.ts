import { statfs } from 'node:fs/promises';
import type { DiskSpace } from '../model/engine-condition.ts';

/** Of the file system that a folder is on; `null`: nobody can say, for example because the folder is another machine's. */
export async function spaceOf(folder: string): Promise<DiskSpace | null> {
  try {
    const { bsize, bavail, blocks } = await statfs(folder);
    return blocks === 0 ? null : { free: bavail * bsize, total: blocks * bsize };
  } catch {
    return null;
  }
}
