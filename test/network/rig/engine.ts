import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { attempt } from './command.ts';
import { HostProcess } from './host-process.ts';
import type { Namespaces } from './namespaces.ts';
import { until } from './until.ts';

/** A first start on a slow disk prepares storage and network; usually it takes half a second. */
const START_MS = 60_000;

export interface EngineOptions {
  /** Where the engine also listens, for those outside of the host. */
  readonly socket: string;
  readonly logFile: string;
  readonly cgroup: string;
  readonly registries: string;
  readonly liveRestore: boolean;
  readonly args: readonly string[];
}

/** The Docker engine of one host: dockerd with default paths, and the containerd that it starts. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #namespaces: Namespaces;
  #process: HostProcess | null = null;

  constructor(namespaces: Namespaces, options: EngineOptions) {
    this.#namespaces = namespaces;
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#process?.isRunning === true;
  }

  /** Resolves when it answers. */
  async start(): Promise<void> {
    if (this.isRunning) throw new Error('the engine runs already');
    await attempt(this.#namespaces.enter(['rm', '-f', '/run/docker.pid']));
    await rm(this.#options.socket, { force: true });
    const engine = await HostProcess.start({
      namespaces: this.#namespaces,
      args: ['dockerd', ...engineFlags(this.#options)],
      logFile: this.#options.logFile,
    });
    this.#process = engine;
    await until(
      async () => {
        if (engine.isRunning) return await answers(this.#options.socket);
        throw new Error(`dockerd ended: ${engine.log.split('\n').slice(-10).join('\n')}`);
      },
      'dockerd to answer',
      START_MS,
    );
  }

  /** As a service manager does; with live-restore its containers go on. */
  async stop(): Promise<void> {
    await this.#process?.kill('SIGTERM');
    this.#process = null;
  }

  /** It takes connections and answers nothing, until `resume`. */
  pause(): void {
    this.#process?.pause();
  }

  resume(): void {
    this.#process?.resume();
  }

  /** `kill -9` of dockerd and containerd in the same moment. */
  async kill(): Promise<void> {
    const pids = 'cat /run/docker.pid /run/docker/containerd/containerd.pid 2>/dev/null';
    await attempt(this.#namespaces.enter(['sh', '-c', `kill -9 $(${pids} | tr "\\n" " ")`]));
    await this.#process?.kill('SIGKILL');
    this.#process = null;
  }
}

function engineFlags(options: EngineOptions): readonly string[] {
  return [
    '--host=unix:///run/docker.sock',
    `--host=unix://${options.socket}`,
    // systemd, where it runs, knows nothing of a host's cgroups.
    '--exec-opt=native.cgroupdriver=cgroupfs',
    `--cgroup-parent=/${options.cgroup}`,
    `--insecure-registry=${options.registries}`,
    ...(options.liveRestore ? ['--live-restore'] : []),
    ...options.args,
  ];
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const ping = request({ socketPath, path: '/_ping', timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once('timeout', () => ping.destroy());
    ping.once('error', () => resolve(false));
    ping.end();
  });
}
