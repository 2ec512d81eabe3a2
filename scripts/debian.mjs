import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { SetupError, say } from './command.mjs';

/** May this process install packages of the distribution? */
export function canInstall() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

export function hasServiceManager() {
  return existsSync('/run/systemd/system');
}

/** The distribution's own way to say whether installing a package may start its service. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs packages of Debian or Ubuntu; throws `SetupError` when that fails. apt-get is heard only then. With
 * `services: false` none of their services is started.
 */
export function install(packages, { services = true } = {}) {
  say(`installing ${packages.join(', ')} (apt-get)`);
  if (services || existsSync(POLICY)) return installNow(packages);
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    installNow(packages);
  } finally {
    rmSync(POLICY);
  }
}

function installNow(packages) {
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
