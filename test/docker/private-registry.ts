import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Docker from 'dockerode';
import { eventually } from '../support/world.ts';
import { DOCKER_SOCKET, freePort } from './docker-host.ts';

/** Debian's package docker-registry. Where CI says so its absence fails the tests. */
const PROGRAM = '/usr/bin/docker-registry';
export const withoutRegistry = !existsSync(PROGRAM) && process.env['CI'] !== 'true';

export const USER = 'deploy';
export const PASSWORD = 'correct-horse-battery';
/** Of the password. */
const BCRYPT = '$2b$05$abcdefghijklmnopqrstuuSnF5tLPqPFqc0z9CY0HcSLFbSRlL67u';

export interface PrivateRegistry {
  readonly host: string;
  /** Puts an image of the engine's there, and takes what it is called by then off the engine. */
  push(from: string, name: string): Promise<string>;
  stop(): Promise<void>;
}

/** Docker's own registry, which lets in nobody without a password. Engines speak plain HTTP to those on 127.0.0.0/8. */
export async function startPrivateRegistry(): Promise<PrivateRegistry> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gridops-registry-'));
  const host = `127.0.0.1:${await freePort()}`;
  await writeFile(path.join(folder, 'htpasswd'), `${USER}:${BCRYPT}\n`);
  const settings = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: path.join(folder, 'images') } },
    http: { addr: host },
    auth: { htpasswd: { realm: 'test', path: path.join(folder, 'htpasswd') } },
  };
  const file = path.join(folder, 'config.yml');
  await writeFile(file, JSON.stringify(settings));
  const server = spawn(PROGRAM, ['serve', file], { stdio: 'ignore' });
  await eventually(async () => await answers(host), 'the registry answers', 10_000);
  return {
    host,
    push: async (from, name) => await push(from, { repo: `${host}/${name}`, host }),
    stop: async () => {
      await end(server);
      await rm(folder, { recursive: true });
    },
  };
}

async function answers(host: string): Promise<true | null> {
  const response = await fetch(`http://${host}/v2/`).catch(() => null);
  return response?.status === 401 ? true : null;
}

async function push(
  from: string,
  { repo, host }: { readonly repo: string; readonly host: string },
): Promise<string> {
  const docker = new Docker({ socketPath: DOCKER_SOCKET });
  const name = `${repo}:1`;
  await docker.getImage(from).tag({ repo, tag: '1' });
  const authconfig = { username: USER, password: PASSWORD, serveraddress: host };
  const stream = await docker.getImage(repo).push({ tag: '1', authconfig });
  let said = '';
  for await (const chunk of stream) said += String(chunk);
  if (said.includes('"error"')) throw new Error(said);
  await docker.getImage(name).remove();
  return name;
}

async function end(server: ChildProcess): Promise<void> {
  const ended = once(server, 'exit');
  server.kill();
  await ended;
}
