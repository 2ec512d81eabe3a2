import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ask, main, run, SetupError, say } from './command.mjs';
import { canInstall, hasServiceManager, install } from './debian.mjs';
import { isAlive } from './exclusive.mjs';

/**
 * The Docker engine that demo, tests and benchmark use. An engine that answers is used as it is. One that was started here
 * is recorded in `.cache/engine.json`, so that whoever asked for it can end it: `node scripts/docker.mjs stop`.
 */
const ROOT = path.resolve(import.meta.dirname, '..');
const RECORD = path.join(ROOT, '.cache/engine.json');
const LOG = path.join(ROOT, '.cache/dockerd.log');

const DEFAULT_SOCKET = '/var/run/docker.sock';
const PING_MS = 3_000;
/** A first start on a slow disk prepares storage and network; usually it takes two seconds. */
const START_MS = 60_000;
/** dockerd stops its containers first, each with its own grace period. */
const STOP_MS = 60_000;
const POLL_MS = 100;

const ADVICE =
  'Install Docker Engine (https://docs.docker.com/engine/install/) and start it, or set DOCKER_HOST.';

/**
 * Makes sure that an engine answers; installs and starts one as root on Debian or Ubuntu. True when it was started by us
 * and is therefore to be ended by us. Throws `SetupError`, one line, where a person has to act.
 */
export async function ensureEngine() {
  const state = await ping();
  if (state === 'ok') return false;
  if (state === 'denied')
    throw new SetupError(
      `You may not use ${DEFAULT_SOCKET}: run as root, or join its group (usermod -aG docker <you>) and log in again.`,
    );
  if (process.env.DOCKER_HOST)
    throw new SetupError(`No Docker engine answers at DOCKER_HOST=${process.env.DOCKER_HOST}.`);
  if (!canInstall())
    throw new SetupError(`No Docker engine answers at ${DEFAULT_SOCKET}. ${ADVICE}`);
  installEngine();
  return await startEngine();
}

/** What is missing of dockerd, of the tool it sets its network up with, and of the demo image's contents. */
function installEngine() {
  const packages = { dockerd: 'docker.io', iptables: 'iptables', busybox: 'busybox-static' };
  const missing = Object.keys(packages).filter((command) => ask('which', [command]) === null);
  if (missing.length > 0) install(missing.map((command) => packages[command]));
}

async function startEngine() {
  // Installing the package starts the engine on machines that are set up to do so.
  if ((await ping()) === 'ok') return false;
  if (hasServiceManager()) {
    await run('systemctl', ['start', 'docker'], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (await answers()) return false;
    throw new SetupError('The docker service does not come up; see: journalctl -u docker');
  }
  say('starting dockerd');
  const pid = launch();
  if (await answers(pid)) return true;
  await end({ pid, born: bornAt(pid) });
  throw new SetupError(`dockerd does not come up; the end of ${LOG}:\n${lastLines(LOG)}`);
}

/** In a session of its own: Ctrl-C in the terminal must not end the engine before its users have cleaned up. */
function launch() {
  mkdirSync(path.dirname(LOG), { recursive: true });
  const log = openSync(LOG, 'w');
  const child = spawn('dockerd', [], { detached: true, stdio: ['ignore', log, log] });
  child.on('error', () => undefined);
  child.unref();
  const record = { pid: child.pid, born: bornAt(child.pid) };
  writeFileSync(RECORD, `${JSON.stringify(record)}\n`);
  return child.pid;
}

async function answers(pid = process.pid) {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline && isAlive(pid)) {
    if ((await ping()) === 'ok') return true;
    await sleep(POLL_MS);
  }
  return false;
}

/** Ends the engine that `ensureEngine` started, and waits for its end. Does nothing where it started none. */
export async function stopEngine() {
  let record;
  try {
    record = JSON.parse(readFileSync(RECORD, 'utf8'));
  } catch {
    return;
  }
  await end(record);
}

async function end(record) {
  // A pid is used again some day: only the process that was started then is ours.
  const isOurs = () => isAlive(record.pid) && bornAt(record.pid) === record.born;
  if (isOurs()) process.kill(record.pid, 'SIGTERM');
  const deadline = Date.now() + STOP_MS;
  while (isOurs() && Date.now() < deadline) await sleep(POLL_MS);
  rmSync(RECORD, { force: true });
}

/** The start time of a process in the kernel's ticks: with the pid it names one process for ever. */
function bornAt(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    // A process that has ended but whose parent has not looked yet is no process.
    return fields[0] === 'Z' ? null : fields[19];
  } catch {
    return null;
  }
}

/** `ok`, `denied` (there is one, we may not use it) or `none`. */
export function ping() {
  return new Promise((resolve) => {
    const { send, options } = target();
    const request = send({ ...options, path: '/_ping', timeout: PING_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? 'ok' : 'none');
    });
    request.once('timeout', () => request.destroy(new Error('timeout')));
    request.once('error', (error) => resolve(error.code === 'EACCES' ? 'denied' : 'none'));
    request.end();
  });
}

function target() {
  const address = process.env.DOCKER_HOST || `unix://${DEFAULT_SOCKET}`;
  if (address.startsWith('unix://'))
    return { send: httpRequest, options: { socketPath: address.slice('unix://'.length) } };
  if (!/^(tcp|https?):\/\//.test(address))
    throw new SetupError(
      `DOCKER_HOST=${address}: only unix:// and tcp:// addresses can be used here.`,
    );
  const { hostname, port } = new URL(address.replace(/^tcp:/, 'http:'));
  if (!process.env.DOCKER_TLS_VERIFY) return { send: httpRequest, options: { hostname, port } };
  const folder = process.env.DOCKER_CERT_PATH ?? path.join(process.env.HOME ?? '/', '.docker');
  const [ca, cert, key] = ['ca', 'cert', 'key'].map((name) =>
    readFileSync(path.join(folder, `${name}.pem`)),
  );
  return { send: httpsRequest, options: { hostname, port, ca, cert, key } };
}

function lastLines(file) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}

const COMMANDS = { start: ensureEngine, stop: stopEngine };

if (process.argv[1] === fileURLToPath(import.meta.url))
  await main(async () => {
    const command = COMMANDS[process.argv[2]];
    if (command === undefined) throw new SetupError('usage: node scripts/docker.mjs start|stop');
    await command();
  });
