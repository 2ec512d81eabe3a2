import { mkdtempSync, readFileSync, statfsSync } from 'node:fs';

const SHM = '/dev/shm';
const LEAST_BYTES = 2 * 1024 ** 3;

/** A new folder in memory, or `null` where there is none in which programs may lie, or too little room. */
export function memoryFolder() {
  try {
    const line = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .find((one) => one.startsWith(`tmpfs ${SHM} tmpfs `));
    if (line === undefined || /[ ,]noexec[ ,]/.test(line)) return null;
    const { bavail, bsize } = statfsSync(SHM);
    return bavail * bsize < LEAST_BYTES ? null : mkdtempSync(`${SHM}/gridops-test-`);
  } catch {
    return null;
  }
}
