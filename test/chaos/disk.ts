import { existsSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { run } from '../network/rig/command.ts';

const BLOCK = Buffer.alloc(64 * 1024);

/** A small disk of its own for the folder of one process: in memory, so that it survives that process and can be filled. */
export class Disk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Hosts that are booted afterwards see it, too. */
  static async mount(folder: string, megabytes: number): Promise<Disk> {
    await mkdir(folder, { recursive: true });
    await run(['mount', '-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', folder]);
    return new Disk(folder);
  }

  /** Until not one byte more fits. */
  async fill(): Promise<void> {
    const file = await open(this.#ballast, 'a');
    try {
      for (let size = BLOCK.length; size > 0; )
        if (!(await fits(async () => await file.write(BLOCK, 0, size)))) size >>= 1;
    } finally {
      await file.close();
    }
  }

  async empty(): Promise<void> {
    if (existsSync(this.#ballast)) await rm(this.#ballast);
  }

  async unmount(): Promise<void> {
    await run(['umount', '--lazy', this.folder]);
  }

  get #ballast(): string {
    return path.join(this.folder, 'ballast');
  }
}

async function fits(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
