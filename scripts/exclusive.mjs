import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './command.mjs';

/** Between creating the lock file and writing the pid there is a moment in which it is empty. */
const EMPTY_MS = 10_000;
const POLL_MS = 200;

/**
 * Runs `work` while no other process runs it for the same lock file. The file holds the owner's pid; the lock of a process
 * that has died is taken over.
 */
export async function exclusively(file, work) {
  await acquire(file);
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

async function acquire(file) {
  mkdirSync(path.dirname(file), { recursive: true });
  let announced = false;
  while (!create(file)) {
    const owner = ownerOf(file);
    if (owner === null) rmSync(file, { force: true });
    else if (!announced) say(`waiting for another set-up (process ${owner}) to end`);
    announced = true;
    await sleep(POLL_MS);
  }
}

function create(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Who holds the lock; `null` when its owner has died. */
function ownerOf(file) {
  try {
    const text = readFileSync(file, 'utf8');
    if (text === '') return Date.now() - statSync(file).mtimeMs < EMPTY_MS ? 'starting' : null;
    return isAlive(Number(text)) ? text : null;
  } catch {
    return 'ending';
  }
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
