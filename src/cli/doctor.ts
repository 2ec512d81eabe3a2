import { errorMessage, GridError } from '../model/error.ts';
import { Version } from '../protocol/api.ts';
import { packageVersion } from '../runtime/version.ts';
import { dockerAddress } from './agent-options.ts';
import { createClient } from './client.ts';
import { findMaster, isLoopback, type Target } from './connect.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import type { Machine } from './machine.ts';
import { paint, show } from './output.ts';
import type { Flags } from './settings-load.ts';

export interface Check {
  readonly name: string;
  /** `warning`: matters only for some uses, said in `fix`. */
  readonly result: 'ok' | 'warning' | 'failed';
  readonly detail: string;
  /** What to do about it; `null` when it is fine. */
  readonly fix: string | null;
}

export interface DoctorOptions {
  readonly flags: Flags;
  readonly json: boolean;
}

/** Looks at everything that gridops stands on and says how to mend what is not right. Fails when a check failed. */
export async function doctor(io: Io, machine: Machine, options: DoctorOptions): Promise<ExitCode> {
  const checks = [
    checkNode(machine.nodeVersion),
    await checkGit(machine),
    await checkDocker(machine, dockerAddress(io.env)),
    ...(await checkMaster(io, options.flags)),
  ];
  show(io, {
    json: options.json,
    value: { checks },
    text: (value) => value.checks.map((check) => printCheck(io, check)).join('\n'),
  });
  return checks.some(({ result }) => result === 'failed') ? EXIT.failed : EXIT.done;
}

function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const recent = major > 20 || (major === 20 && minor >= 19);
  return recent
    ? ok('node', version)
    : failed('node', version, 'Install Node 20.19 or later: https://nodejs.org.');
}

async function checkGit(machine: Machine): Promise<Check> {
  const version = await machine.git();
  if (version !== null) return ok('git', version);
  const fix =
    'Install git 2.30 or later where the master runs: ssh URLs, sha256 and large repositories need it; https works without.';
  return warning('git', 'not found or too old', fix);
}

async function checkDocker(machine: Machine, address: string): Promise<Check> {
  try {
    return ok('docker', `${await machine.docker(address)} at ${address}`);
  } catch (error) {
    const denied = (error as NodeJS.ErrnoException).code === 'EACCES';
    const fix = denied
      ? 'Run as root or as a member of the group `docker`.'
      : 'Needed where an agent runs only: install Docker and start it, or set DOCKER_HOST.';
    return warning('docker', `${address}: ${errorMessage(error)}`, fix);
  }
}

async function checkMaster(io: Io, flags: Flags): Promise<Check[]> {
  let target: Target;
  try {
    target = await findMaster(io, flags);
  } catch (error) {
    return [failed('settings', errorMessage(error), hintOf(error))];
  }
  const before = io.clock.now();
  const client = createClient({ ...target, io });
  try {
    const version = await client.get(Version, '/version');
    const after = io.clock.now();
    return [
      ok('master', `${target.url}, version ${version.version}`),
      ok('token', `accepted (${target.tokenSource})`),
      checkVersion(version.version),
      checkClock(version.now - (before + after) / 2),
      ...checkTransport(target.url),
    ];
  } catch (error) {
    if (error instanceof GridError && error.code === 'not-authenticated')
      return [ok('master', target.url), failed('token', error.message, hintOf(error))];
    return [failed('master', errorMessage(error), hintOf(error))];
  }
}

function checkVersion(master: string): Check {
  const own = packageVersion();
  if (own === master) return ok('version', own);
  return warning(
    'version',
    `this is ${own}, the master ${master}`,
    'Use the same version on both sides.',
  );
}

/** Join tokens and sessions end by the clock, and events are ordered by it. */
function checkClock(skew: number): Check {
  const seconds = Math.round(Math.abs(skew) / 1_000);
  const detail = `${seconds} s ${skew < 0 ? 'behind' : 'ahead of'} this machine`;
  const fix =
    'Let both machines set their clocks by NTP (for example systemd-timesyncd or chrony).';
  if (seconds < 5) return ok('clock', 'as on the master');
  return seconds < 60
    ? warning('clock', `the master is ${detail}`, fix)
    : failed('clock', `the master is ${detail}`, fix);
}

function checkTransport(url: string): Check[] {
  if (url.startsWith('https:') || isLoopback(url)) return [];
  const fix = 'Put a proxy with TLS before the master, or reach it through a VPN or an ssh tunnel.';
  return [warning('transport', 'the token travels in clear text', fix)];
}

function hintOf(error: unknown): string {
  return (error instanceof GridError ? error.hint : undefined) ?? 'See the message.';
}

function ok(name: string, detail: string): Check {
  return { name, result: 'ok', detail, fix: null };
}

function warning(name: string, detail: string, fix: string): Check {
  return { name, result: 'warning', detail, fix };
}

function failed(name: string, detail: string, fix: string): Check {
  return { name, result: 'failed', detail, fix };
}

function printCheck(io: Io, check: Check): string {
  const colours = paint(io);
  const tones = { ok: colours.green, warning: colours.yellow, failed: colours.red };
  const line = `${tones[check.result](check.result.padEnd(7))} ${check.name.padEnd(9)} ${check.detail}`;
  return check.fix === null ? line : `${line}\n${' '.repeat(18)}${colours.dim(check.fix)}`;
}
