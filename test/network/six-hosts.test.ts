import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Figures } from './figures.ts';
import { busyboxImage, wireguardImage } from './images.ts';
import { NetworkWorld } from './network-world.ts';
import type { Host } from './rig/host.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { until } from './rig/until.ts';
import { addressOn, containerOn, reaches, webStack } from './web.ts';

const COUNT = 6;
/** The last eighth of the first pool, in which the engine picks: 16 of 128 addresses. */
const ENGINE_SHARE = 16;

describe.skipIf(withoutRig)('a grid across six hosts', () => {
  const figures = new Figures();
  let rig: Rig;
  let grid: NetworkWorld;

  beforeAll(async () => {
    rig = await Rig.up(COUNT);
    await rig.load(busyboxImage(), wireguardImage());
    grid = await NetworkWorld.start(rig, {
      files: { 'grid.yml': '{}\n', 'stacks/app/kontena.yml': webStack() },
      agentArgs: () => ['--wireguard-image', wireguardImage().name],
    });
  });

  afterAll(async () => {
    figures.print('six hosts that join at once');
    await grid?.stop();
    await rig?.down();
  });

  it('lets all hosts know all others', async () => {
    const began = Date.now();
    await grid.startAgents(...rig.hosts);
    for (const host of rig.hosts)
      await until(async () => (await heardBy(host)) === COUNT - 1, `${host.name} to hear all`);
    figures.since('every node hears every other one', began, Date.now());
    const name = `web.app.${grid.grid}.kontena.local`;
    for (const host of rig.hosts)
      await until(
        async () => (await answersTo(host, name)) === COUNT,
        `${host.name} to know all`,
        60_000,
      );
    figures.since('every node knows all containers by name', began, Date.now());
  });

  it('lets every container reach every other one by name', async () => {
    const began = Date.now();
    await Promise.all(
      rig.hosts.map(async (from) => {
        for (const to of rig.hosts) await reaches(from, to);
      }),
    );
    figures.since(`${COUNT * COUNT} requests, one for each pair`, began, Date.now());
    expect(new Set(await Promise.all(rig.hosts.map(addressOn))).size).toBe(COUNT);
  });

  it('never gives an address of ours to a container that somebody attached by hand', async () => {
    const host = rig.host(1);
    const own = await addressOn(host);
    // Our container is stopped: the engine takes its address for a free one.
    await grid.agent(host).kill('SIGKILL');
    await host.docker(['stop', '--time', '1', await containerOn(host)]);
    const run = ['run', '--detach', '--network', 'gridops', busyboxImage().name];
    const ids = await Promise.all([1, 2, 3].map(async () => await host.docker(run)));
    const format = '{{.NetworkSettings.Networks.gridops.IPAddress}}';
    const addresses = await Promise.all(
      ids.map(async (id) => await host.docker(['inspect', '--format', format, id])),
    );
    expect(addresses).not.toContain(own);
    for (const address of addresses) expect(isOfTheEngine(address)).toBe(true);

    await grid.restartAgent(host);
    await until(async () => (await containerOn(host)) !== '', 'our container to run again');
    expect(await addressOn(host)).toBe(own);
    expect(isOfTheEngine(own)).toBe(false);
    await host.docker(['rm', '--force', ...ids]);
    await reaches(rig.host(2), host);
  });
});

/** Peers that a host has a session with. */
async function heardBy(host: Host): Promise<number> {
  const { code, stdout } = await host.attempt(['wg', 'show', 'gridops-wg', 'latest-handshakes']);
  return code === 0 ? stdout.split('\n').filter((line) => /\t[1-9]/.test(line)).length : 0;
}

/** How many addresses a host's own resolver has for a name. */
async function answersTo(host: Host, name: string): Promise<number> {
  const { stdout } = await host.attempt(['ip', '-4', '-o', 'address', 'show', 'dev', 'gridops0']);
  const server = /inet (\S+)\//.exec(stdout)?.[1];
  if (server === undefined) return 0;
  const answer = await host.attempt(['busybox', 'nslookup', '-type=a', name, server]);
  return answer.stdout.split('\n').filter((line) => line.startsWith('Address: ')).length;
}

/** A pool has 128 addresses. */
function isOfTheEngine(address: string): boolean {
  return Number(address.split('.')[3]) % 128 >= 128 - ENGINE_SHARE;
}
