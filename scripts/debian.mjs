import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { SetupError, say } from './command.mjs';

/** May this process install packages of the distribution? */
export function canInstall() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

export function hasServiceManager() {
  return existsSync('/run/systemd/system');
}

/** Installs packages of Debian or Ubuntu; throws `SetupError` when that fails. apt-get is heard only then. */
export function install(packages) {
  say(`installing ${packages.join(', ')} (apt-get)`);
  // A stale index may still have the packages, so only the second command decides.
  aptGet(['update']);
  const done = aptGet(['install', '-y', '--no-install-recommends', ...packages]);
  if (done.status === 0) return;
  say(`${done.stdout}${done.stderr}`);
  throw new SetupError(
    `apt-get could not install ${packages.join(', ')}; its reason stands above.`,
  );
}

function aptGet(args) {
  const quiet = ['-qq', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const stdio = ['ignore', 'pipe', 'pipe'];
  return spawnSync('apt-get', [...quiet, ...args], {
    env,
    stdio,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
}
