import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { eventually } from '../support/world.ts';

const run = promisify(execFile);

/** Enough for what tests run, and quickly filled. */
const DISK_MEGABYTES = 96;
const START_MS = 60_000;

/** Starting an engine and mounting its disk need root; CI that lacks them fails. */
export const withoutOwnEngine =
  process.env['CI'] !== 'true' &&
  (process.getuid?.() !== 0 ||
    !['/usr/sbin', '/usr/bin'].some((of) => existsSync(`${of}/dockerd`)));

/** A Docker engine of a test's own, on a small disk of its own, that bad things may happen to. */
export class OwnEngine {
  readonly #directory: string;
  #process: ChildProcess | null = null;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async start(): Promise<OwnEngine> {
    const engine = new OwnEngine(await mkdtemp(path.join(tmpdir(), 'gridops-engine-')));
    await mkdir(engine.#disk);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEGABYTES}m`, 'tmpfs', engine.#disk]);
    await engine.#makeBridge();
    await engine.start();
    return engine;
  }

  get socket(): string {
    return path.join(this.#directory, 'docker.sock');
  }

  get docker(): Docker {
    return new Docker({ socketPath: this.socket });
  }

  /** The docker command, as a person would use it. */
  async command(...args: string[]): Promise<string> {
    return (await run('docker', ['-H', `unix://${this.socket}`, ...args])).stdout.trim();
  }

  /** Copies images of the machine's engine. */
  async load(...images: string[]): Promise<void> {
    const archive = path.join(this.#directory, 'images.tar');
    await run('docker', ['save', '-o', archive, ...images]);
    await this.command('load', '-i', archive);
    await rm(archive);
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    const before = await plainBridge();
    await rm(this.#pidFile, { force: true });
    const log = openSync(path.join(this.#directory, 'log'), 'a');
    this.#process = spawn('dockerd', this.#flags(), { stdio: ['ignore', log, log] });
    closeSync(log);
    await eventually(
      async () => {
        if (this.#process?.exitCode !== null) throw new Error(`dockerd ended: ${this.#log}`);
        return await this.docker.ping().then(
          () => true,
          () => null,
        );
      },
      'the engine to answer',
      START_MS,
    );
    if (before !== null && (await plainBridge()) === null) await putBackPlainBridge(before);
  }

  /** `kill -9` of dockerd and its containerd. */
  async kill(): Promise<void> {
    const ended = this.#ended();
    for (const file of [this.#pidFile, path.join(this.#runtime, 'containerd/containerd.pid')])
      process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    await ended;
  }

  /** It neither works nor ends until it thaws. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** All but so many kibibytes of its disk. */
  async fill(but: number): Promise<void> {
    const free = Number(
      (await run('df', ['--output=avail', '-k', this.#disk])).stdout.split('\n')[1],
    );
    await run('fallocate', ['-l', `${free - but}KiB`, this.#filler]);
  }

  async makeRoom(): Promise<void> {
    await rm(this.#filler, { force: true });
  }

  async end(): Promise<void> {
    this.thaw();
    await this.makeRoom();
    const ids = await this.command('ps', '-aq');
    if (ids !== '') await this.command('rm', '-f', '-v', ...ids.split('\n'));
    await this.command('network', 'prune', '-f');
    const ended = this.#ended();
    this.#process?.kill('SIGTERM');
    await ended;
    await run('ip', ['link', 'delete', this.#bridge]);
    const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
    const ours = mounts.map((line) => line.split(' ')[1] ?? '');
    for (const one of ours.filter((mount) => mount.startsWith(this.#directory)).toReversed())
      await run('umount', ['-l', one]);
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** A device's name has at most 15 characters. */
  get #bridge(): string {
    return `own-${process.pid}`;
  }

  get #disk(): string {
    return path.join(this.#directory, 'disk');
  }

  get #runtime(): string {
    return path.join(this.#directory, 'run');
  }

  get #pidFile(): string {
    return path.join(this.#directory, 'pid');
  }

  get #filler(): string {
    return path.join(this.#disk, 'filler');
  }

  get #log(): string {
    return readFileSync(path.join(this.#directory, 'log'), 'utf8').slice(-2_000);
  }

  /** Told to have none, an engine takes docker0 away. */
  async #makeBridge(): Promise<void> {
    await run('ip', ['link', 'add', this.#bridge, 'type', 'bridge']);
    await run('ip', ['address', 'add', '10.212.0.1/24', 'dev', this.#bridge]);
    await run('ip', ['link', 'set', this.#bridge, 'up']);
  }

  async #ended(): Promise<void> {
    if (this.#process !== null && this.#process.exitCode === null)
      await once(this.#process, 'exit');
  }

  #flags(): string[] {
    return [
      `--data-root=${path.join(this.#disk, 'data')}`,
      `--exec-root=${this.#runtime}`,
      `--pidfile=${this.#pidFile}`,
      `--host=unix://${this.socket}`,
      '--exec-opt=native.cgroupdriver=cgroupfs',
      // The machine's own engine has its rules and addresses for itself.
      `--bridge=${this.#bridge}`,
      '--iptables=false',
      '--ip-masq=false',
      '--default-address-pool=base=10.213.0.0/16,size=24',
    ];
  }
}

const PLAIN_BRIDGE = 'docker0';

/** Address of the machine's own engine's plain bridge; `null`: it has none. */
async function plainBridge(): Promise<string | null> {
  try {
    const { stdout } = await run('ip', ['-json', '-4', 'address', 'show', 'dev', PLAIN_BRIDGE]);
    const [device] = JSON.parse(stdout) as { addr_info: { local: string; prefixlen: number }[] }[];
    const [address] = device?.addr_info ?? [];
    return address === undefined ? null : `${address.local}/${address.prefixlen}`;
  } catch {
    return null;
  }
}

/** An engine that comes up after a kill removes it (Docker 20.10), whatever bridge it was told to have. */
async function putBackPlainBridge(address: string): Promise<void> {
  await run('ip', ['link', 'add', PLAIN_BRIDGE, 'type', 'bridge']);
  await run('ip', ['address', 'add', address, 'broadcast', '+', 'dev', PLAIN_BRIDGE]);
  await run('ip', ['link', 'set', PLAIN_BRIDGE, 'up']);
}
