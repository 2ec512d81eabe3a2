import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { cgroupFolders, removeCgroup } from './cgroups.ts';
import type { Claim } from './claim.ts';
import { attempt } from './command.ts';
import { until } from './until.ts';

/** In the environment of everything that a rig starts itself. */
export const MARK = 'GRIDOPS_RIG';

/** What of a rig is still on this machine, in words; nothing after `down`. */
export function leftovers(rig: Claim): readonly string[] {
  const found = [
    ...processesOf(rig).map((pid) => `process ${pid} ${commandLine(pid)}`),
    ...cgroupFolders(cgroupOf(rig)).map((folder) => `cgroup ${folder}`),
    ...readText('/proc/self/mountinfo')
      .split('\n')
      .filter((line) => line.includes(`${rig.directory}/`))
      .map((line) => `mount ${line}`),
  ];
  if (existsSync(`/sys/class/net/${cableOf(rig)}`)) found.push(`interface ${cableOf(rig)}`);
  if (existsSync(rig.directory)) found.push(`folder ${rig.directory}`);
  return found;
}

/** Removes what a run has left that was ended before it could do so. */
export async function removeLeftovers(rig: Claim): Promise<void> {
  for (const pid of processesOf(rig)) kill(pid);
  await until(() => processesOf(rig).length === 0, `the processes of rig ${rig.name} to end`);
  // Its other end may be gone already, and with it the interface.
  await attempt(['ip', 'link', 'del', cableOf(rig)]);
  await removeCgroup(cgroupOf(rig));
  await rm(rig.directory, { recursive: true, force: true });
}

export function cableOf(rig: Claim): string {
  return `${rig.name}-lan`;
}

export function cgroupOf(rig: Claim): string {
  return `gridops-${rig.name}`;
}

/** Those with the mark and, in other pid namespaces, those that see a disk of the rig: the containers'. */
function processesOf(rig: Claim): readonly number[] {
  const mark = `${MARK}=${rig.directory}\0`;
  const disks = ` ${pathOnDevice(rig.directory)}/`;
  const own = namespaceOf('self');
  const isOurs = (pid: number): boolean =>
    readText(`/proc/${pid}/environ`).includes(mark) ||
    (namespaceOf(pid) !== own && readText(`/proc/${pid}/mountinfo`).includes(disks));
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && isOurs(pid));
}

function namespaceOf(pid: number | 'self'): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}

/** Bind mounts are listed by where their file is on its device, not in the tree. */
function pathOnDevice(folder: string): string {
  const mounts = readText('/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, , , root = '', point = '']) => ({ root, point: path.join(point, '/') }))
    .filter(({ point }) => folder.startsWith(point))
    .toSorted((a, b) => b.point.length - a.point.length);
  const { root = '/', point = '/' } = mounts[0] ?? {};
  return path.join(root, folder.slice(point.length));
}

function commandLine(pid: number): string {
  return readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trimEnd();
}

/** Empty for what has gone meanwhile. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
