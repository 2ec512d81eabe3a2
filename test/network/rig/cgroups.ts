import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import path from 'node:path';
import { until } from './until.ts';

/** The folder of one cgroup in every hierarchy there is, version 1 or 2. */
export function cgroupFolders(name: string): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => path.join(line.split(' ')[4] ?? '', name))
    .filter((folder) => existsSync(folder));
}

/** Removes a cgroup whose processes have all ended, though perhaps this very moment. */
export async function removeCgroup(name: string): Promise<void> {
  for (const folder of cgroupFolders(name))
    await until(async () => await isRemoved(folder), `${folder} to be empty`);
}

async function isRemoved(folder: string): Promise<boolean> {
  try {
    await removeTree(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
}

/** Files of a cgroup cannot be removed and go with it. */
async function removeTree(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) await removeTree(path.join(folder, entry.name));
  await rmdir(folder);
}
