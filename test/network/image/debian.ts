import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../../.cache/debian/', import.meta.url));

/**
 * A package's files, with those of what it needs and this machine does not have, in a folder: nothing is installed, so no
 * service is started and no user made. Once per machine. Throws where there is no apt-get or no mirror.
 */
export function unpacked(name: string): string {
  const folder = path.join(CACHE, name);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  const root = path.join(unfinished, 'root');
  mkdirSync(root, { recursive: true });
  try {
    download(name, unfinished);
    const archives = readdirSync(unfinished).filter((file) => file.endsWith('.deb'));
    for (const file of archives) call('dpkg-deb', ['-x', path.join(unfinished, file), root]);
    renameSync(root, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

function download(name: string, folder: string): void {
  let needed = neededFor(name);
  if (needed === null) {
    call('apt-get', ['update', '-qq']);
    needed = neededFor(name);
  }
  if (needed === null) throw new Error(`there is no package ${name}`);
  call('apt-get', ['download', '-qq', ...needed], folder);
}

/** What installing it would install, by apt's own reckoning; `null` when it does not know the package. */
function neededFor(name: string): readonly string[] | null {
  try {
    const plan = call('apt-get', ['install', '--simulate', '--no-install-recommends', name]);
    return plan.split('\n').flatMap((line) => /^Inst (\S+)/.exec(line)?.[1] ?? []);
  } catch {
    return null;
  }
}

function call(program: string, args: readonly string[], cwd = '/'): string {
  return execFileSync(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}
