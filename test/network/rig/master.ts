import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createWorkRepository, git, type WorkRepository } from '../../support/temp-repo.ts';
import { GRIDOPS } from './agent.ts';
import { until } from './until.ts';

const TOKEN = 'test-token-test-token-test-token';
const PORT = 8080;

export interface MasterOptions {
  readonly directory: string;
  readonly address: string;
  readonly pollSeconds?: number;
}

/** A master on the machine's own address in the LAN, as a process, with a repository beside it. */
export class RigMaster {
  readonly url: string;
  readonly token = TOKEN;
  readonly #options: MasterOptions;
  readonly #work: WorkRepository;
  #process: ChildProcess | null = null;

  private constructor(options: MasterOptions, work: WorkRepository) {
    this.#options = options;
    this.#work = work;
    this.url = `http://${options.address}:${PORT}`;
  }

  static async start(options: MasterOptions): Promise<RigMaster> {
    mkdirSync(options.directory, { recursive: true });
    const origin = path.join(options.directory, 'origin.git');
    await git(options.directory, 'init', '-q', '--bare', '-b', 'main', origin);
    const work = await createWorkRepository({ remote: origin });
    await work.commit('first');
    await work.push();
    const master = new RigMaster(options, work);
    await master.boot();
    return master;
  }

  get log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  /** Starts the process again after `stop` or `kill`, with the data of before. */
  async boot(): Promise<void> {
    const log = openSync(this.#logFile, 'a');
    // It must not outlive the tests, whatever ends them.
    const child = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', process.execPath, GRIDOPS, ...this.#flags],
      {
        stdio: ['ignore', log, log],
        detached: true,
      },
    );
    closeSync(log);
    this.#process = child;
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the master ended: ${this.log}`);
      return await fetch(this.url).then(
        () => true,
        () => false,
      );
    }, 'the master to answer');
  }

  /** Ends it politely; `boot` starts it again. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends it without a chance to say good-bye. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Writes files below `grids/<grid>/`, commits and pushes; `null` removes one. Resolves to the commit. */
  async push(grid: string, files: Readonly<Record<string, string | null>>): Promise<string> {
    for (const [name, text] of Object.entries(files)) {
      const file = `grids/${grid}/${name}`;
      if (text === null) await this.#work.remove(file);
      else await this.#work.write(file, text);
    }
    const sha = await this.#work.commit();
    await this.#work.push();
    return sha;
  }

  async joinToken(grid: string): Promise<string> {
    return (await this.api<{ readonly token: string }>('tokens', { grid })).token;
  }

  async api<T>(name: string, body?: object): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${name}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async dispose(): Promise<void> {
    await this.kill();
    await this.#work.dispose();
  }

  get #logFile(): string {
    return path.join(this.#options.directory, 'master.log');
  }

  get #flags(): readonly string[] {
    const { directory, address, pollSeconds = 1 } = this.#options;
    return [
      'master',
      `--data=${path.join(directory, 'data')}`,
      `--listen=${address}:${PORT}`,
      `--repository=${path.join(directory, 'origin.git')}`,
      `--poll-seconds=${pollSeconds}`,
      `--api-token=${TOKEN}`,
    ];
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }
}
