import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../support/world.ts';

const run = promisify(execFile);

/**
 * A computer of somebody: a network namespace with one cable to this machine, and nothing else. It has the machine's files, so
 * names of devices are unique.
 */
export class Laptop {
  readonly #name: string;
  readonly #net: string;
  #driver: ChildProcess | null = null;
  #folder: string | null = null;

  private constructor(name: string, net: string) {
    this.#name = name;
    this.#net = net;
  }

  /** `net` are the first three numbers of the cable's two addresses. */
  static async plugIn(net: string): Promise<Laptop> {
    const laptop = new Laptop(`gl${Math.random().toString(36).slice(2, 8)}`, net);
    const name = laptop.#name;
    await run('ip', ['netns', 'add', name]);
    const peer = ['peer', 'name', 'eth0', 'netns', name];
    await run('ip', ['link', 'add', name, 'type', 'veth', ...peer]);
    await run('ip', ['addr', 'add', `${net}.1/30`, 'dev', name]);
    await run('ip', ['link', 'set', name, 'up']);
    await laptop.exec('ip', 'addr', 'add', `${net}.2/30`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) await laptop.exec('ip', 'link', 'set', device, 'up');
    return laptop;
  }

  /** This machine, as the laptop sees it. */
  get machine(): string {
    return `${this.#net}.1`;
  }

  async exec(...command: readonly string[]): Promise<string> {
    const [program, ...args] = this.#inside(command);
    return (await run(program, args)).stdout.trim();
  }

  #inside(command: readonly string[]): readonly [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.#name, ...command];
  }

  /** What `wg-quick up` does with the file, without DNS: the namespace has the machine's resolv.conf. */
  async connect(file: string): Promise<void> {
    this.#folder = await mkdtemp(path.join(tmpdir(), 'gridops-laptop-'));
    const full = path.join(this.#folder, `${this.#name}w.conf`);
    await writeFile(full, file, { mode: 0o600 });
    const device = `${this.#name}w`;
    const env = { ...process.env, WG_PROCESS_FOREGROUND: '1', LOG_LEVEL: 'error' };
    const [program, ...args] = this.#inside(['wireguard-go', '-f', device]);
    this.#driver = spawn(program, args, { env, stdio: 'ignore' });
    await eventually(
      async () => await this.exec('wg', 'show', device).catch(() => null),
      'the WireGuard device of a laptop',
    );
    const bare = (await run('wg-quick', ['strip', full])).stdout;
    await writeFile(`${full}.bare`, bare, { mode: 0o600 });
    await this.exec('wg', 'setconf', device, `${full}.bare`);
    const field = (name: string) => new RegExp(`^${name} = (.*)$`, 'm').exec(file)?.[1] ?? '';
    await this.exec('ip', 'addr', 'add', field('Address'), 'dev', device);
    await this.exec('ip', 'link', 'set', device, 'mtu', field('MTU'), 'up');
    await this.exec('ip', 'route', 'add', field('AllowedIPs'), 'dev', device);
  }

  /** Another address on the tunnel, as somebody may try. */
  async claim(address: string): Promise<void> {
    await this.exec('ip', 'addr', 'add', `${address}/32`, 'dev', `${this.#name}w`);
  }

  /** The answer to a GET, or `null` after a second without one. */
  async get(url: string, from?: string): Promise<string | null> {
    const source = from === undefined ? [] : ['--interface', from];
    const args = ['--silent', '--fail', '--max-time', '1', ...source, url];
    return await this.exec('curl', ...args).catch(() => null);
  }

  async unplug(): Promise<void> {
    this.#driver?.kill('SIGKILL');
    await run('ip', ['netns', 'del', this.#name]).catch(() => undefined);
    await run('ip', ['link', 'del', this.#name]).catch(() => undefined);
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
    await rm(`/var/run/wireguard/${this.#name}w.sock`, { force: true });
  }
}
