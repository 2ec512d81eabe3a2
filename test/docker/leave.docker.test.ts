import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { leaveGrid } from '../../src/agent/main.ts';
import { TestEngine } from '../support/test-engine.ts';
import { startWorld, type World } from '../support/world.ts';
import { DOCKER_SOCKET, docker } from './docker-host.ts';

const engine = new TestEngine();
let world: World;
let folder: string;

beforeAll(async () => await engine.prepare(), 120_000);

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'gridops-leave-'));
  await writeFile(path.join(folder, 'hosts'), '127.0.0.1\tlocalhost\n');
});

afterEach(async () => {
  await world.stop();
  await engine.clear(world.grid);
  await rm(folder, { recursive: true, force: true });
});

const files = {
  'stacks/data/kontena.yml': `stack: test/data
services:
  keeper:
    image: ${engine.image}
    stateful: true
    command: sleep 86400
    volumes: [/data]
    stop_signal: SIGKILL
`,
};

async function leave(withContainers: boolean) {
  const { directory } = await world.agentOptions('node-1');
  return await leaveGrid({
    directory,
    dockerSocket: DOCKER_SOCKET,
    hostsFile: path.join(folder, 'hosts'),
    wireguardImage: 'gridops/wireguard',
    withContainers,
  });
}

async function ofGrid(...list: string[]): Promise<string> {
  return await docker(...list, '-q', '--filter', `label=io.kontena.grid.name=${world.grid}`);
}

describe('a host that leaves its grid', () => {
  it('is refused while its agent runs, or containers are on it, and keeps its volumes', async () => {
    world = await startWorld({ nodes: ['node-1'], files });
    await world.final(await world.work.head());
    const { directory } = await world.agentOptions('node-1');
    await expect(leave(true)).rejects.toThrow(`an agent runs with ${directory}`);

    await world.agents.get('node-1')?.stop();
    await expect(leave(false)).rejects.toThrow(
      '1 containers of the grid are on this host: data.keeper-1',
    );
    expect(await ofGrid('ps')).not.toBe('');

    const left = await leave(true);
    expect(left).toMatchObject({ grid: world.grid, node: 'node-1', containers: ['data.keeper-1'] });
    expect(left.volumes).toHaveLength(1);
    expect(await ofGrid('ps', '-a')).toBe('');
    expect(await ofGrid('network', 'ls')).toBe('');
    expect(await ofGrid('volume', 'ls')).not.toBe('');
    expect(existsSync(directory)).toBe(false);
    expect(await readFile(path.join(folder, 'hosts'), 'utf8')).toBe('127.0.0.1\tlocalhost\n');

    await expect(leave(true)).rejects.toThrow('is not the folder of an agent');
  });
});
