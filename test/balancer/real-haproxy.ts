import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ask } from '../../src/balancer/ask.ts';
import { Balancer, type BalancerEvent, type CheckResult } from '../../src/balancer/balancer.ts';
import type { Place } from '../../src/balancer/config.ts';
import { systemClock } from '../../src/runtime/clock.ts';

/** Debian's, as it is in the image, and what asks it. Where they are missing in CI, the tests fail. */
export const hasHaproxy =
  process.env['CI'] === 'true' ||
  ['haproxy -v', 'h2load --version', 'openssl version', 'command -v wrk'].every(
    (command) => spawnSync('sh', ['-c', command]).status === 0,
  );
const isRoot = process.getuid?.() === 0;

/** Asked as the agent asks it in the container. */
export async function checkFile(file: string): Promise<CheckResult> {
  return await new Promise((resolve) => {
    execFile('haproxy', ['-c', '-f', file], (error, _out, messages) => {
      resolve({ accepted: error === null, messages: messages.trim().split('\n') });
    });
  });
}

export function aPlace(folder: string, ports: Place['ports']): Place {
  return { folder, user: isRoot ? 'haproxy' : null, address: '127.0.0.1', ports };
}

export interface RealHaproxy {
  readonly folder: string;
  readonly ports: Place['ports'];
  readonly balancer: Balancer;
  readonly events: BalancerEvent[];
  readonly url: string;
  /** Resolves when everything that was wanted is done. */
  settled(): Promise<void>;
  /** Whether the entrypoint waits for something to do. */
  isWaiting(): boolean;
  /** Where the container would be started, and killed. */
  start(): void;
  kill(): Promise<void>;
  /** As the engine does it, by the image's signal. */
  softStop(): Promise<number | null>;
  /** Another agent, of the same folder. */
  restartAgent(): Promise<Balancer>;
  end(): Promise<void>;
}

/** A HAProxy that is started by the image's own entrypoint, and the balancer that keeps it. */
export async function runHaproxy(): Promise<RealHaproxy> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lb-'));
  const [http = 0, https = 0, statistics = 0] = await freePorts(3);
  const ports = { http, https, statistics };
  const events: BalancerEvent[] = [];
  const place = aPlace(folder, ports);
  const open = () =>
    new Balancer({
      folder,
      place,
      check: async (file) => await checkFile(path.join(folder, file)),
      clock: systemClock,
      onEvent: (event) => events.push(event),
    });
  let balancer = open();
  let child = startEntrypoint(folder);
  return {
    folder,
    ports,
    events,
    url: `http://127.0.0.1:${http}`,
    get balancer() {
      return balancer;
    },
    settled: async () => {
      await until(async () => {
        balancer.wake();
        await balancer.idle();
        return (await isUp(http)) && (await isHeard(folder));
      });
      balancer.wake();
      await balancer.idle();
    },
    isWaiting: () => readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8') !== '',
    start: () => {
      child = startEntrypoint(folder);
    },
    kill: async () => {
      await ended(child, 'SIGKILL');
      await until(async () => !(await isUp(http)));
    },
    softStop: async () => await ended(child, 'SIGUSR1'),
    restartAgent: async () => {
      await balancer.stop();
      balancer = open();
      return balancer;
    },
    end: async () => {
      await balancer.stop();
      await ended(child, 'SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const entrypoint = path.resolve('images/lb/entrypoint.sh');

function startEntrypoint(folder: string) {
  const env = { ...process.env, GRIDOPS_LB_FOLDER: folder };
  const child = spawn('/bin/sh', [entrypoint], { env, stdio: ['ignore', 'ignore', 'ignore'] });
  return child;
}

async function ended(child: ReturnType<typeof spawn>, signal: NodeJS.Signals) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return await exit;
}

/** HAProxy listens for clients a moment before it does for us. */
async function isHeard(folder: string): Promise<boolean> {
  return await ask(`${folder}/run/master.sock`, 'show proc').then(
    (processes) => processes.includes('worker'),
    () => false,
  );
}

async function isUp(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export async function until(is: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await is())) {
    if (Date.now() > end) throw new Error('it did not come to pass');
    await systemClock.sleep(20);
  }
}

/** Ports that nobody has now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      async () =>
        await new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** A key and a certificate for these names, as a bundle. */
export function aBundle(...names: readonly string[]): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'lb-pem-'));
  try {
    const file = path.join(folder, 'key.pem');
    const alternatives = names.map((name) => `DNS:${name}`).join(',');
    const { stdout, status, stderr } = spawnSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '30',
        '-keyout',
        file,
        '-subj',
        `/CN=${names[0] ?? ''}`,
        '-addext',
        `subjectAltName=${alternatives}`,
      ],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
    return `${stdout}${readFileSync(file, 'utf8')}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
