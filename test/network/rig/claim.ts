import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { removeLeftovers } from './leftovers.ts';

/** A rig's identity: nobody else on this machine has its name, its folder or its addresses. */
export interface Claim {
  /** At most 8 characters: an interface is named after it. */
  readonly name: string;
  /** The first three numbers of the LAN's addresses. */
  readonly net: string;
  readonly directory: string;
}

const FOLDER = path.join(tmpdir(), 'gridops-rigs');
const FIRST_NET = 16;
const NETS = 240;

/**
 * Takes the identity that was asked for, or a free one that starts at the process's number. What crashed runs have left,
 * under this name or any, is cleaned up first.
 */
export async function claim(wanted: Partial<Claim>): Promise<Claim> {
  await sweep();
  for (let turn = 0; turn < NETS; turn += 1) {
    const candidate = { ...candidateOf(process.pid + turn), ...wanted };
    if (await take(candidate)) return candidate;
    if (wanted.name !== undefined || wanted.net !== undefined)
      throw new Error(`rig ${candidate.name} or its network ${candidate.net}.0/24 is in use`);
  }
  throw new Error(`all ${NETS} rigs are in use`);
}

function candidateOf(turn: number): Claim {
  const third = FIRST_NET + (turn % NETS);
  const name = `rig${third}`;
  return { name, net: `10.76.${third}`, directory: path.join(FOLDER, name) };
}

async function sweep(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const names = readdirSync(FOLDER).filter((name) => /^rig\d+$/.test(name));
  for (const candidate of names.map((name) => candidateOf(Number(name.slice(3)) - FIRST_NET)))
    if (isAbandoned(candidate)) await clear(candidate);
}

async function take(candidate: Claim): Promise<boolean> {
  if (isAbandoned(candidate)) await clear(candidate);
  if (existsSync(candidate.directory) || hasAddressIn(candidate.net)) return false;
  // It appears with its owner in it, so that nobody takes it for an abandoned one.
  const next = { ...candidate, directory: `${candidate.directory}.${process.pid}` };
  mkdirSync(next.directory);
  writeFileSync(ownerFile(next), `${process.pid} ${bornAt(process.pid)}`);
  try {
    renameSync(next.directory, candidate.directory);
    return true;
  } catch (error) {
    rmSync(next.directory, { recursive: true });
    // Somebody else was faster.
    if ((error as NodeJS.ErrnoException).code === 'ENOTEMPTY') return false;
    throw error;
  }
}

/** A folder without an owner's name in it is none of ours. */
function isAbandoned(candidate: Claim): boolean {
  try {
    const [pid, born] = readFileSync(ownerFile(candidate), 'utf8').split(' ');
    return bornAt(Number(pid)) !== born;
  } catch {
    return false;
  }
}

/** Of several that find the same folder without an owner one gets it, by the rename. */
async function clear(candidate: Claim): Promise<void> {
  const stale = `${candidate.directory}.${process.pid}-stale`;
  try {
    renameSync(candidate.directory, stale);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await removeLeftovers(candidate);
  await rm(stale, { recursive: true, force: true });
}

function ownerFile(candidate: Claim): string {
  return path.join(candidate.directory, 'owner');
}

function hasAddressIn(net: string): boolean {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.some(({ address }) => address.startsWith(`${net}.`));
}

/** The start time of a process in the kernel's ticks: with the pid it names one process for ever. */
function bornAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
