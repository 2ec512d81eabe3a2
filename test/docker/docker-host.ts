import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import type { DockerClient } from '../../src/agent/docker.ts';
import { DockerContainers } from '../../src/agent/docker-containers.ts';
import { DockerNetworks } from '../../src/agent/docker-networks.ts';
import { createBridgeNetworks } from '../../src/agent/plain-networks.ts';
import type { Hands } from '../support/hands-contract.ts';

const run = promisify(execFile);

/** The port `Containers` on the engine, each grid with a bridge of its own. */
export function bridgedContainers(client: DockerClient): DockerContainers {
  return new DockerContainers(client, createBridgeNetworks(new DockerNetworks(client)));
}

export const DOCKER_SOCKET = '/var/run/docker.sock';

/** Where CI says so a missing engine fails the tests; elsewhere it skips them. */
export const withoutDocker = !existsSync(DOCKER_SOCKET) && process.env['CI'] !== 'true';

/** The docker command, as a person would use it. */
export async function docker(...args: string[]): Promise<string> {
  return (await run('docker', args)).stdout.trim();
}

/** What a person does with the docker command; what is made for it goes with the grid. */
export function dockerHands(grid: string): Hands {
  return {
    pause: async (name) => void (await docker('pause', name)),
    unpause: async (name) => void (await docker('unpause', name)),
    rename: async (name, to) => void (await docker('rename', name, to)),
    kill: async (name) => void (await docker('kill', name)),
    limitMemory: async (name, memory) => {
      const limits = ['--memory', String(memory), '--memory-swap', String(2 * memory)];
      await docker('update', ...limits, name);
    },
    disconnect: async (name) => {
      const format = '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}';
      await docker('network', 'disconnect', await docker('inspect', '-f', format, name), name);
    },
    connectElsewhere: async (name) => {
      const label = `io.kontena.grid.name=${grid}`;
      const other = `other-${grid}`;
      await docker('network', 'create', '--label', label, other);
      await docker('network', 'connect', other, name);
      return other;
    },
  };
}

/** A grid name that no other run uses. */
export function testGrid(): string {
  return `t-${Math.random().toString(36).slice(2, 10)}`;
}

/** Removes every container, volume and network that carries the grid's label. */
export async function removeGrid(grid: string): Promise<void> {
  const label = `label=io.kontena.grid.name=${grid}`;
  await removeAll(['ps', '-aq', '--filter', label], ['rm', '-f', '-v']);
  await removeAll(['volume', 'ls', '-q', '--filter', label], ['volume', 'rm', '-f']);
  await removeAll(['network', 'ls', '-q', '--filter', label], ['network', 'rm']);
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function removeAll(list: string[], remove: string[]): Promise<void> {
  const ids = (await docker(...list)).split('\n').filter((id) => id !== '');
  if (ids.length > 0) await docker(...remove, ...ids);
}
