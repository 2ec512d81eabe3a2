import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Image } from '../image/archive.ts';
import { type AgentFlags, agentCommand } from './agent.ts';
import { removeCgroup } from './cgroups.ts';
import { attempt, type CommandOptions, type Outcome, run } from './command.ts';
import { Engine } from './engine.ts';
import { HostProcess } from './host-process.ts';
import { addressLine, type Lan, type Port } from './lan.ts';
import { Namespaces } from './namespaces.ts';

const INIT = fileURLToPath(new URL('host-init.sh', import.meta.url));
/** The host's only interface, unless it gets further cables. */
const DEVICE = 'eth0';

/** Where a host is plugged in. */
export interface Place {
  readonly segment: string;
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
  readonly address6: string | null;
}

export interface HostOptions {
  readonly number: number;
  readonly name: string;
  readonly lan: Lan;
  readonly place: Place;
  /** What a power cut leaves: disk, logs, and the socket's place. */
  readonly directory: string;
  readonly cgroup: string;
  readonly cgroups: 'machine' | 'v2';
  readonly dns: string;
  /** `null`: a machine without Docker. */
  readonly engine: {
    readonly registries: string;
    readonly liveRestore: boolean;
    readonly args: readonly string[];
  } | null;
}

/** A machine of the rig: namespaces, a cable, a disk and, usually, a Docker engine. */
export class Host {
  readonly number: number;
  readonly name: string;
  readonly directory: string;
  /** The engine's socket, for those outside of the host; inside it is /var/run/docker.sock. */
  readonly socket: string;
  readonly #options: HostOptions;
  #place: Place;
  #namespaces: Namespaces | null = null;
  #engine: Engine | null = null;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#place = options.place;
    this.number = options.number;
    this.name = options.name;
    this.directory = options.directory;
    this.socket = path.join(options.directory, 'docker.sock');
  }

  get address(): string {
    return this.#place.address;
  }

  /** Throws where the machine, or the place behind a NAT, has no IPv6. */
  get address6(): string {
    if (this.#place.address6 === null) throw new Error(`${this.name} has no IPv6 address`);
    return this.#place.address6;
  }

  /** Where its cable ends. */
  get port(): Port {
    return { number: this.number, device: DEVICE };
  }

  get segment(): string {
    return this.#place.segment;
  }

  get isUp(): boolean {
    return this.#namespaces?.isRunning === true;
  }

  /** Power on: namespaces, cable, engine. */
  async boot(): Promise<void> {
    if (this.isUp) throw new Error(`${this.name} is up already`);
    this.#namespaces = await this.#startInit();
    await this.#lan.plug(this.port, this.segment, this.#namespaces.pid);
    await this.#address();
    this.#engine = this.#newEngine(this.#namespaces);
    await this.#engine?.start();
  }

  /** The power fails: every process dies in the same moment, the disk stays. */
  async powerOff(): Promise<void> {
    if (!this.isUp) return;
    await this.#inside.end();
    await this.#lan.unplug(this.port);
    await removeCgroup(this.#options.cgroup);
    this.#engine = null;
  }

  /** Runs a command inside to its end; resolves to what it printed, throws `CommandError`. */
  async exec(args: readonly string[], options?: CommandOptions): Promise<string> {
    return await run(this.enter(args), options);
  }

  /** Runs a command inside that may fail. */
  async attempt(args: readonly string[], options?: CommandOptions): Promise<Outcome> {
    return await attempt(this.enter(args), options);
  }

  /** Whether an address answers within a second. */
  async reaches(address: string): Promise<boolean> {
    const { code } = await this.attempt(['busybox', 'ping', '-c', '1', '-W', '1', address]);
    return code === 0;
  }

  /** Starts a program inside that goes on; its log is kept in the host's folder under `log`. */
  async spawn(
    args: readonly string[],
    options: { readonly log?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<HostProcess> {
    const { log = path.basename(args[0] ?? ''), env = {} } = options;
    const logFile = path.join(this.directory, `${log}.log`);
    return await HostProcess.start({ namespaces: this.#inside, args, env, logFile });
  }

  /** Starts gridops' agent, as a plain process. */
  async agent(options: AgentFlags): Promise<HostProcess> {
    const args = agentCommand({
      name: this.name,
      data: path.join(this.directory, 'agent'),
      ...options,
    });
    return await this.spawn(args, { log: 'agent' });
  }

  /** The docker command, against this host's engine. */
  async docker(args: readonly string[], options?: CommandOptions): Promise<string> {
    return await run(['docker', '--host', `unix://${this.socket}`, ...args], options);
  }

  /** Loads the images that its engine does not have yet. */
  async load(...images: readonly Image[]): Promise<void> {
    for (const { name, id, archive } of images)
      if (!(await this.#has(name, id))) await this.docker(['load', '--quiet', '--input', archive]);
  }

  async startEngine(): Promise<void> {
    await this.#dockerd.start();
  }

  async stopEngine(): Promise<void> {
    await this.#dockerd.stop();
  }

  /** `kill -9` of dockerd and containerd; containers go on, as live-restore has them. */
  async killEngine(): Promise<void> {
    await this.#dockerd.kill();
  }

  /** The engine hangs, until `resumeEngine`. */
  pauseEngine(): void {
    this.#dockerd.pause();
  }

  resumeEngine(): void {
    this.#dockerd.resume();
  }

  /** Pulls the network cable out. */
  async cut(): Promise<void> {
    await this.#lan.setPort(this.port, 'down');
  }

  async heal(): Promise<void> {
    await this.#lan.setPort(this.port, 'up');
  }

  /** Plugs the cable in somewhere else; the host has another address there. */
  async move(place: Place): Promise<void> {
    this.#place = place;
    if (!this.isUp) return;
    await this.#lan.move(this.port, place.segment);
    await this.#batch([`addr flush dev ${DEVICE}`]);
    await this.#address();
  }

  /** Plugs in a second cable. */
  async addCable(device: string, segment: string, address: string): Promise<void> {
    await this.#lan.plug({ number: this.number, device }, segment, this.#inside.pid);
    await this.#batch([addressLine(address, device), `link set ${device} up`]);
  }

  /** A command line that runs `args` inside. */
  enter(args: readonly string[]): readonly string[] {
    return this.#inside.enter(args);
  }

  get #lan(): Lan {
    return this.#options.lan;
  }

  get #inside(): Namespaces {
    if (this.#namespaces === null || !this.isUp) throw new Error(`${this.name} is off`);
    return this.#namespaces;
  }

  get #dockerd(): Engine {
    if (this.#engine === null) throw new Error(`${this.name} has no engine, or is off`);
    return this.#engine;
  }

  async #has(name: string, id: string): Promise<boolean> {
    const format = ['--format', '{{.Id}}'];
    const docker = ['docker', '--host', `unix://${this.socket}`];
    const { stdout } = await attempt([...docker, 'image', 'inspect', ...format, name]);
    return stdout.trim() === id;
  }

  async #startInit(): Promise<Namespaces> {
    const { name, directory, cgroups, dns } = this.#options;
    const disk = path.join(directory, 'disk');
    await mkdir(disk, { recursive: true });
    return await Namespaces.start({
      kinds: ['mount', 'uts', 'ipc', 'net', 'pid'],
      init: ['sh', INIT],
      env: { NAME: name, ADDRESS: this.address, DNS: dns, DISK: disk, CGROUPS: cgroups },
    });
  }

  async #address(): Promise<void> {
    const { address, prefix, gateway, address6 } = this.#place;
    await this.#batch([
      'link set lo up',
      addressLine(`${address}/${prefix}`, DEVICE),
      ...(address6 === null ? [] : [addressLine(`${address6}/64`, DEVICE)]),
      `link set ${DEVICE} up`,
      `route add default via ${gateway}`,
    ]);
  }

  async #batch(lines: readonly string[]): Promise<void> {
    const command = this.#inside.enter(['ip', '-batch', '-'], ['net']);
    await run(command, { input: `${lines.join('\n')}\n` });
  }

  #newEngine(namespaces: Namespaces): Engine | null {
    const { engine, cgroup, directory } = this.#options;
    if (engine === null) return null;
    const logFile = path.join(directory, 'dockerd.log');
    return new Engine(namespaces, { ...engine, cgroup, logFile, socket: this.socket });
  }
}
