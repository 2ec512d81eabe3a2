import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GridStatus } from '../../src/protocol/grid-api.ts';
import { API_TOKEN, eventually, startWorld, type World } from '../support/world.ts';
import { busyboxImage, wireguardImage } from './images.ts';
import { GRIDOPS } from './rig/agent.ts';
import type { Host } from './rig/host.ts';
import type { HostProcess } from './rig/host-process.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { sendFrom } from './rig/stranger.ts';
import { until } from './rig/until.ts';
import { arpReply, vxlan } from './rig/vxlan.ts';
import { addressOn, containerOn, fetchFrom } from './web.ts';

const OTHER = 'other';

/** In both grids alike, but for what they answer. */
function stack(text: string): string {
  return `stack: test/app
services:
  web:
    image: ${busyboxImage().name}
    deploy: {strategy: daemon, wait_for_port: 80}
    environment: [TEXT=${text}]
`;
}

/**
 * Two grids of one master on one LAN, with one subnet, one stack and the same names of nodes. The cases follow each other: the
 * last one moves a node.
 */
describe.skipIf(withoutRig)('two grids of one master', () => {
  const agents = new Map<Host, HostProcess>();
  let rig: Rig;
  let world: World;
  let first: readonly Host[];
  let second: readonly Host[];
  let one: Host;
  let foreign: Host;

  beforeAll(async () => {
    rig = await Rig.up(4);
    await rig.load(busyboxImage(), wireguardImage());
    [first, second] = [rig.hosts.slice(0, 2), rig.hosts.slice(2)];
    [one, foreign] = [rig.host(1), rig.host(4)];
    world = await startWorld({
      listen: rig.address,
      files: {
        'grid.yml': '{}\n',
        'stacks/app/kontena.yml': stack('first'),
        [`../${OTHER}/grid.yml`]: '{}\n',
        [`../${OTHER}/stacks/app/kontena.yml`]: stack('second'),
      },
    });
    // One after the other, so that numbers follow the names; those of both grids at the same time.
    for (const number of [1, 2]) {
      const [ours, theirs] = [rig.host(number), rig.host(2 + number)];
      await Promise.all([
        join(ours, world.grid, `node-${number}`),
        join(theirs, OTHER, `node-${number}`),
      ]);
      await eventually(
        async () =>
          (await isOnline(world.grid, number)) && (await isOnline(OTHER, number)) ? true : null,
        'two nodes to join',
      );
    }
  });

  afterAll(async () => {
    await Promise.all([...agents.values()].map(async (agent) => await agent.kill()));
    await world?.stop();
    await rig?.down();
  });

  it('have the same names, each its own containers behind them', async () => {
    await bothAnswer(first, 'first');
    await bothAnswer(second, 'second');
    const network = ['network', 'inspect', '--format', '{{range .IPAM.Config}}{{.Subnet}}{{end}}'];
    for (const host of rig.hosts)
      expect(await host.docker([...network, 'gridops'])).toBe('10.81.0.0/16');
  });

  it('do not answer for the names of each other', async () => {
    for (const name of ['web-1.app', 'web.app', 'node-1.node']) {
      await expect(fetchFrom(one, `http://${name}.${OTHER}.kontena.local/`)).rejects.toThrow();
      await expect(
        fetchFrom(foreign, `http://${name}.${world.grid}.kontena.local/`),
      ).rejects.toThrow();
    }
  });

  it('reach no address of each other, also by routes that somebody set', async () => {
    const stranger = await extraAddress(foreign);
    expect(await inContainer(rig.host(3), stranger)).toBe(true);
    expect(await inContainer(one, stranger)).toBe(false);
    expect(await one.reaches(stranger)).toBe(false);

    await one.exec(['ip', 'route', 'add', `${stranger}/32`, 'via', foreign.address]);
    await one.exec(['ip', 'route', 'add', '10.83.0.2/32', 'via', foreign.address]);
    expect(await one.reaches(stranger)).toBe(false);
    expect(await one.reaches('10.83.0.2')).toBe(false);
    await routeInContainer(one, 'add', stranger);
    expect(await inContainer(one, stranger)).toBe(false);

    await routeInContainer(one, 'del', stranger);
    await one.exec(['ip', 'route', 'del', '10.83.0.2/32', 'via', foreign.address]);
    await one.exec(['ip', 'route', 'del', `${stranger}/32`]);
    await bothAnswer(first, 'first');
  });

  it('get no answer from the ports of each other', async () => {
    const capture = await rig.capture(foreign, `host ${one.address} and (udp or icmp)`);
    for (const [port, payload] of await knocks())
      await sendFrom(one, { to: foreign.address, port, payload });
    const frames = await capture.stop();
    const answers = frames.filter(({ bytes }) =>
      bytes.subarray(26, 30).equals(ip(foreign.address)),
    );
    // What is not listened to at all is refused, as by any host.
    expect(answers.filter(({ bytes }) => bytes[23] !== ICMP)).toEqual([]);
    for (const port of [53, 6_785]) expect(await connects(one, foreign.address, port)).toBe(false);
    // The same by the address that these listen on.
    await one.exec(['ip', 'route', 'add', '10.81.0.2/32', 'via', foreign.address]);
    for (const port of [53, 6_785]) expect(await connects(one, '10.81.0.2', port)).toBe(false);
    await one.exec(['ip', 'route', 'del', '10.81.0.2/32']);
    await bothAnswer(first, 'first');
  });

  it('let a node move: drained, stopped, removed, and joined to the other one', async () => {
    const moved = rig.host(2);
    await world.push({ 'grid.yml': 'nodes: {node-2: {availability: drain}}\n' });
    await until(async () => (await containerOn(moved)) === '', 'the node to be empty');
    const key = await moved.exec(['wg', 'show', 'gridops-wg', 'public-key']);
    await agents.get(moved)?.kill();
    await leave(moved);
    await remove(world.grid, 'node-2');
    await until(async () => !(await peersOf(one)).includes(key), 'the first grid to forget it');

    await join(moved, OTHER, 'node-3');
    for (const from of [...second, moved])
      for (const name of ['web-1', 'web-2', 'web-3'])
        await until(
          async () => (await says(from, name)) === 'second',
          `${from.name} to reach ${name}`,
        );

    const address = await addressOn(moved);
    expect(await inContainer(one, address)).toBe(false);
    expect(await says(one, 'web-2')).toBe(null);
    expect(await peersOf(one)).toBe('');
    expect(await moved.exec(['ip', '-4', 'address', 'show', 'dev', 'gridops0'])).toContain(
      '10.81.0.3/16',
    );
    expect((await peersOf(moved)).split('\n')).toHaveLength(2);
  });

  async function join(host: Host, grid: string, name: string): Promise<void> {
    const { token } = await world.api<{ token: string }>('tokens', { grid });
    const agent = await host.agent({
      master: world.master.url,
      token,
      name,
      data: directoryOf(host),
      network: 'overlay',
      logLevel: 'debug',
      args: ['--wireguard-image', wireguardImage().name],
    });
    agents.set(host, agent);
  }

  /** Nothing of the grid may be left on the host. */
  async function leave(host: Host): Promise<void> {
    const data = ['--data', directoryOf(host), '--docker', host.socket];
    await host.exec([process.execPath, GRIDOPS, 'node', 'leave', ...data]);
    expect(existsSync(directoryOf(host))).toBe(false);
    expect(await host.docker(['network', 'ls', '--quiet', '--filter', 'name=gridops'])).toBe('');
    expect(await host.docker(['ps', '--all', '--quiet'])).toBe('');
    expect(await host.exec(['ip', '-o', 'link'])).not.toContain('gridops');
    expect(await host.exec(['ip', 'route', 'show', 'proto', '183'])).toBe('');
  }

  async function isOnline(grid: string, count: number): Promise<boolean> {
    const status = await world.api<GridStatus>(`grids/${grid}`).catch(() => null);
    return status?.counts.nodesOnline === count;
  }

  async function remove(grid: string, node: string): Promise<void> {
    const answer = await fetch(`${world.master.url}/api/v1/grids/${grid}/nodes/${node}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${API_TOKEN}` },
    });
    expect(answer.status).toBeLessThan(300);
  }

  async function knocks(): Promise<readonly (readonly [number, Buffer])[]> {
    const details = await foreign.exec(['ip', '-d', 'link', 'show', 'gridops-vx']);
    const vni = Number(/vxlan id (\d+)/.exec(details)?.[1]);
    const from = { mac: '02:66:66:66:66:66', address: '10.81.0.99' };
    const to = { mac: 'ff:ff:ff:ff:ff:ff', address: await addressOn(foreign) };
    return [
      [6_783, Buffer.alloc(148, 1)],
      [6_784, vxlan(vni, arpReply({ from, to }))],
      [53, Buffer.from('0001010000010000000000000377656203617070000001', 'hex')],
    ];
  }
});

const ICMP = 1;

function directoryOf(host: Host): string {
  return path.join(host.directory, 'agent');
}

async function bothAnswer(hosts: readonly Host[], text: string): Promise<void> {
  for (const from of hosts)
    for (const name of ['web-1', 'web-2'])
      await until(
        async () => (await says(from, name)) === text,
        `${from.name} to hear ${text} from ${name}`,
      );
}

/** What an instance answers to a host's container; `null`: nothing. */
async function says(from: Host, name: string): Promise<string | null> {
  return await fetchFrom(from, `http://${name}.app/`).catch(() => null);
}

/** Whether a host's container gets an answer from an address. */
async function inContainer(host: Host, address: string): Promise<boolean> {
  const ping = ['ping', '-c', '1', '-W', '1', address];
  const command = ['docker', 'exec', await containerOn(host), ...ping];
  return (await host.attempt(command)).code === 0;
}

/** In a container's own namespace, as a container with that right would. */
async function routeInContainer(host: Host, act: 'add' | 'del', address: string): Promise<void> {
  const id = await containerOn(host);
  const pid = await host.docker(['inspect', '--format', '{{.State.Pid}}', id]);
  const gateway = await host.docker([
    'inspect',
    '--format',
    '{{.NetworkSettings.Networks.gridops.Gateway}}',
    id,
  ]);
  await host.exec([
    'nsenter',
    '-t',
    pid,
    '-n',
    'ip',
    'route',
    act,
    `${address}/32`,
    'via',
    gateway,
  ]);
}

/** An address that no other grid has: the engine's own choice, for a container attached by hand. */
async function extraAddress(host: Host): Promise<string> {
  const run = ['run', '--detach', '--network', 'gridops', busyboxImage().name];
  const format = '{{.NetworkSettings.Networks.gridops.IPAddress}}';
  return await host.docker(['inspect', '--format', format, await host.docker(run)]);
}

async function connects(from: Host, address: string, port: number): Promise<boolean> {
  const { code } = await from.attempt([
    'busybox',
    'timeout',
    '1',
    'busybox',
    'nc',
    address,
    `${port}`,
  ]);
  return code === 0;
}

async function peersOf(host: Host): Promise<string> {
  return await host.exec(['wg', 'show', 'gridops-wg', 'peers']);
}

function ip(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}
