import { accessSync, constants } from 'node:fs';
import path from 'node:path';

/** What a rig is made of: program → Debian package. */
const PROGRAMS: Readonly<Record<string, string>> = {
  dockerd: 'docker.io',
  docker: 'docker.io',
  ip: 'iproute2',
  iptables: 'iptables',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  unshare: 'util-linux',
  tcpdump: 'tcpdump',
  busybox: 'busybox-static',
};

/** Why no rig can be set up here, in some words; `null` when one can. */
export function reasonAgainstRig(): string | null {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = Object.keys(PROGRAMS).filter((program) => !isInstalled(program));
  const packages = [...new Set(missing.map((program) => PROGRAMS[program]))];
  return missing.length === 0
    ? null
    : `needs ${missing.join(', ')} (apt-get install ${packages.join(' ')})`;
}

/** Where CI says so a machine without rigs fails the tests; elsewhere it skips them. */
export const withoutRig = reasonAgainstRig() !== null && process.env['CI'] !== 'true';

function isInstalled(program: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(':');
  return folders.some((folder) => isExecutable(path.join(folder, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
