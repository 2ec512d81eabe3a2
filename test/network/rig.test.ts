import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GridStatus } from '../../src/protocol/grid-api.ts';
import { busyboxImage } from './images.ts';
import type { Claim } from './rig/claim.ts';
import type { Host } from './rig/host.ts';
import { leftovers } from './rig/leftovers.ts';
import type { RigMaster } from './rig/master.ts';
import { sourceOf } from './rig/pcap.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { until } from './rig/until.ts';
import { arpReply, vxlan } from './rig/vxlan.ts';

const HOLDER = fileURLToPath(new URL('rig-holder.mjs', import.meta.url));

describe.skipIf(withoutRig)('a rig of three hosts', () => {
  let rig: Rig;
  let one: Host;
  let two: Host;
  let three: Host;

  beforeAll(async () => {
    rig = await Rig.up(3);
    [one, two, three] = [rig.host(1), rig.host(2), rig.host(3)];
    await rig.load(busyboxImage());
    await serve(one);
  });

  afterAll(async () => {
    await rig.down();
    expect(leftovers(rig.claim)).toEqual([]);
  });

  it('lets every host reach every other one, by IPv4 and IPv6', async () => {
    for (const from of rig.hosts)
      for (const to of rig.hosts)
        expect(await Promise.all([from.reaches(to.address), from.reaches(to.address6)])).toEqual([
          true,
          true,
        ]);
  });

  it('has engines that are different ones and run containers of their own', async () => {
    const ids = rig.hosts.map(async (host) => await host.docker(['info', '--format={{.ID}}']));

    expect(new Set(await Promise.all(ids)).size).toBe(3);
    expect(await get(two, one)).toBe('h1');
    expect(await three.docker(['ps', '--all', '--quiet'])).toBe('');
  });

  it('has the machine on its LAN', async () => {
    expect(await one.reaches(rig.address)).toBe(true);
    expect(await one.reaches(rig.address6)).toBe(true);
    expect(await (await fetch(`http://${one.address}:8080/`)).text()).toBe('h1\n');
  });

  it('parts a host from the others and joins it again', async () => {
    await two.cut();
    expect(await one.reaches(two.address)).toBe(false);
    expect(await one.reaches(three.address)).toBe(true);
    await two.heal();
    expect(await one.reaches(two.address)).toBe(true);
  });

  it('keeps containers running when their engine is killed or stopped', async () => {
    await one.killEngine();
    await expect(one.docker(['ps'])).rejects.toThrow();
    expect(await get(two, one)).toBe('h1');
    await one.startEngine();
    expect(await one.docker(['ps', '--format={{.Names}}'])).toBe('web');
    await one.stopEngine();
    expect(await get(two, one)).toBe('h1');
    await one.startEngine();
  });

  it('loses all processes but no disk in a power cut', async () => {
    const program = await one.spawn(['sleep', '1000']);
    await one.exec(['sh', '-c', 'echo kept >/etc/kept; echo lost >/run/lost']);

    await one.powerOff();

    expect(await program.exit).toBe(null);
    expect(await two.reaches(one.address)).toBe(false);
    await one.boot();
    expect(await one.exec(['cat', '/etc/kept'])).toBe('kept');
    expect((await one.attempt(['cat', '/run/lost'])).code).toBe(1);
    await until(async () => (await get(two, one)) === 'h1', 'the container that always restarts');
  });

  it('ends what it has started inside a host, and keeps its log', async () => {
    const program = await two.spawn(['sh', '-c', 'echo begun; sleep 1000 & wait']);
    await until(() => program.log.includes('begun'), 'the program to begin');

    expect(program.isRunning).toBe(true);
    await program.kill();
    expect(program.isRunning).toBe(false);
  });

  it('sees what is on a wire, and only that', async () => {
    const [near, far] = [await rig.capture(one, 'udp'), await rig.capture(three, 'udp')];

    await rig.inject({ to: one.address, port: 9, payload: Buffer.from('in the clear') });

    const frames = await near.stop();
    expect(frames).toHaveLength(1);
    expect(near.has('in the clear')).toBe(true);
    expect(await far.stop()).toEqual([]);
  });

  it('lets a stranger speak under the name of a host, which goes on being reached', async () => {
    const capture = await rig.capture(one, `udp and src host ${two.address}`);
    const reply = arpReply({
      from: { mac: '02:00:00:00:00:66', address: '10.81.128.1' },
      to: { mac: '02:00:00:00:00:01', address: '10.81.128.2' },
    });

    await rig.inject({ to: one.address, port: 6784, payload: vxlan(81, reply), as: two.address });

    await capture.sees(reply);
    expect(await capture.stop()).toHaveLength(1);
    expect(await one.reaches(two.address)).toBe(true);
  });

  it('hides hosts behind a router', async () => {
    const router = await rig.behindNat([three]);

    expect(await three.reaches(one.address)).toBe(true);
    expect(await one.reaches(three.address)).toBe(false);
    expect(await get(three, one)).toBe('h1');
    expect(await three.exec(['ip', 'route', 'get', one.address])).toContain(three.address);
    const capture = await rig.capture(one, 'icmp');
    await three.reaches(one.address);
    const [request] = await capture.stop();
    expect(request === undefined ? null : sourceOf(request)).toBe(router.address);
  });
});

describe.skipIf(withoutRig)('gridops on a rig', () => {
  it('deploys to the hosts over the LAN', async () => {
    const rig = await Rig.up(2);
    try {
      await rig.load(busyboxImage());
      const master = await rig.master();
      await master.push('rig', { 'grid.yml': '' });
      for (const host of rig.hosts)
        await host.agent({ master: master.url, token: await master.joinToken('rig') });
      await until(async () => (await online(master)) === 2, 'two nodes');
      await master.push('rig', { 'stacks/web/kontena.yml': webStack() });

      const running = ['ps', '--format={{.Names}}', '--filter=label=io.kontena.grid.name=rig'];
      await until(async () => (await rig.host(1).docker(running)) !== '', 'an instance on h1');
      await until(async () => (await rig.host(2).docker(running)) !== '', 'an instance on h2');
    } finally {
      await rig.down();
    }
  });
});

describe.skipIf(withoutRig)('what a rig leaves', () => {
  it('is cleaned up by the next one when the tests were killed', async () => {
    const holder = fork(HOLDER);
    const [own] = (await once(holder, 'message')) as [Claim];
    expect(leftovers(own)).not.toEqual([]);

    holder.kill('SIGKILL');
    await once(holder, 'exit');
    const rig = await Rig.up(0);
    await rig.down();

    expect(leftovers(own)).toEqual([]);
  });

  it('is nothing of another one beside it', async () => {
    const [left, right] = await Promise.all([Rig.up(1), Rig.up(1)]);
    expect(left.claim.net).not.toBe(right.claim.net);
    await left.down();

    expect(await right.host(1).reaches(right.address)).toBe(true);
    await right.down();
  });
});

describe.skipIf(withoutRig)('a rig of hosts with the unified cgroup hierarchy', () => {
  it('runs containers', async () => {
    const rig = await Rig.up(1, { cgroups: 'v2' });
    try {
      const host = rig.host(1);
      await host.load(busyboxImage());

      expect(await host.docker(['info', '--format={{.CgroupVersion}}'])).toBe('2');
      expect(await host.docker(['run', '--rm', busyboxImage().name, 'echo', 'up'])).toBe('up');
    } finally {
      await rig.down();
    }
  });
});

function webStack(): string {
  const service = `image: ${busyboxImage().name}, instances: 2`;
  return `stack: test/web\nservices:\n  web: {${service}}\n`;
}

/** None as long as the master has not seen the grid. */
async function online(master: RigMaster): Promise<number> {
  const status = await master.api<GridStatus>('grids/rig').catch(() => null);
  return status?.counts.nodesOnline ?? 0;
}

async function serve(host: Host): Promise<void> {
  const options = ['--detach', '--name=web', '--restart=always', '--publish=8080:80'];
  await host.docker(['run', ...options, `--env=TEXT=${host.name}`, busyboxImage().name]);
}

async function get(from: Host, of: Host): Promise<string> {
  return await from.exec(['busybox', 'wget', '-qO-', `http://${of.address}:8080/`]);
}
