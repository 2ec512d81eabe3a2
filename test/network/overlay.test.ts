import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/world.ts';
import { Figures } from './figures.ts';
import { busyboxImage, wireguardImage } from './images.ts';
import { NameWatch } from './name-watch.ts';
import { NetworkWorld } from './network-world.ts';
import type { Host } from './rig/host.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { disguise, sendFrom } from './rig/stranger.ts';
import { until } from './rig/until.ts';
import { arpReply, vxlan } from './rig/vxlan.ts';
import {
  addressOn,
  containerOn,
  everyPair,
  fetchFrom,
  instanceOn,
  reaches,
  webStack,
} from './web.ts';

const MARKER = 'in-the-clear-for-everybody-to-read';

/** The whole life of a grid on three hosts. The cases follow each other: each leaves the grid as it found it. */
describe.skipIf(withoutRig)('a grid across three hosts', () => {
  const figures = new Figures();
  let rig: Rig;
  let grid: NetworkWorld;
  let one: Host;
  let two: Host;
  let three: Host;

  beforeAll(async () => {
    rig = await Rig.up(3);
    await rig.load(busyboxImage(), wireguardImage());
    [one, two, three] = [rig.host(1), rig.host(2), rig.host(3)];
    grid = await NetworkWorld.start(rig, {
      files: { 'grid.yml': '{}\n', 'stacks/app/kontena.yml': webStack() },
      agentArgs: () => ['--wireguard-image', wireguardImage().name],
    });
    const began = Date.now();
    await grid.joinInOrder(...rig.hosts);
    await everyPair(rig.hosts);
    figures.since('three agents joined, first deploy, every pair by name', began, Date.now());
  });

  afterAll(async () => {
    figures.print('the network under failure, without a master from the first failure on');
    await grid?.stop();
    await rig?.down();
  });

  it('lets every container reach every other one by name', async () => {
    for (const host of rig.hosts)
      for (const number of [1, 2, 3])
        expect(await fetchFrom(host, `http://web-${number}.app/`)).toMatch(/^web-\d$/);
    const answers = await Promise.all(
      [1, 2, 3].map(async () => await fetchFrom(one, 'http://web/')),
    );
    for (const answer of answers) expect(answer).toMatch(/^web-\d$/);
  });

  it('encrypts what goes from host to host', async () => {
    const capture = await rig.capture(two, 'udp or tcp');
    await fetchFrom(one, `http://${await instanceOn(two)}/${MARKER}`).catch(() => undefined);
    const frames = await capture.stop();
    expect(capture.has(MARKER)).toBe(false);
    expect(frames.length).toBeGreaterThan(4);
  });

  it('takes no frames from strangers', async () => {
    const stranger = await rig.addGuest();
    await disguise(stranger);
    const [victim, friend] = [await addressOn(two), await addressOn(one)];
    const before = await neighbour(two, friend);
    const poison = arpReply({
      from: { mac: '02:66:66:66:66:66', address: friend },
      to: { mac: macOf(victim), address: victim },
    });
    const vni = Number(
      /vxlan id (\d+)/.exec(await two.exec(['ip', '-d', 'link', 'show', 'gridops-vx']))?.[1],
    );
    for (const as of [stranger.address, one.address, '10.83.0.1'])
      await sendFrom(stranger, { to: two.address, port: 6784, payload: vxlan(vni, poison), as });
    // A frame that is let in has arrived before the answer to this.
    await stranger.reaches(two.address);
    expect(await neighbour(two, friend)).toBe(before);
    expect(before).toBe(macOf(friend));
  });

  it('goes in the clear between nodes of a trusted subnet, and encrypted with the others', async () => {
    const pair = `${rig.claim.net}.2/31`;
    const switched = Date.now();
    await push({ 'grid.yml': `trusted_subnets: [${pair}]\n` });
    await until(async () => await isInTheClear(two, three), 'the trusted pair to be in the clear');
    figures.since(
      'switched a pair to a trusted subnet (push to plaintext on the wire)',
      switched,
      Date.now(),
    );
    expect(await isInTheClear(two, one)).toBe(false);
    expect(await fetchFrom(one, `http://${await instanceOn(three)}/`)).toMatch(/^web-/);
    await push({ 'grid.yml': '{}\n' });
    await until(async () => !(await isInTheClear(two, three)), 'the pair to be encrypted again');
  });

  it('heals what somebody breaks on a host', async () => {
    const acts: readonly (readonly [string, readonly string[]])[] = [
      ['VXLAN port detached', ['ip', 'link', 'set', 'gridops-vx', 'nomaster']],
      ['VXLAN device deleted', ['ip', 'link', 'del', 'gridops-vx']],
      ['forwarding entries flushed', ['bridge', 'fdb', 'flush', 'dev', 'gridops-vx']],
      ['WireGuard program killed', ['pkill', '-9', 'wireguard-go']],
    ];
    for (const [what, command] of acts) {
      const began = Date.now();
      await two.attempt(command);
      await reaches(one, two);
      figures.since(what, began, Date.now());
    }
  });

  it('withdraws a container that died within a second, and finds its successor', async () => {
    await grid.world.stopMaster();
    // All of them live: what was only heard once is no withdrawal when it goes.
    const all = await NameWatch.start(one, '10.81.0.1', `web.app.${grid.grid}.kontena.local`);
    await all.first((answer) => answer.split(' ').length === 3, 0, 'all to be heard');
    await all.stop();
    const name = `${await instanceOn(two)}.app.${grid.grid}.kontena.local`;
    const watch = await NameWatch.start(one, '10.81.0.1', name);
    await watch.first(isAddress, 0, 'the name to answer');
    const killed = Date.now();
    await two.docker(['kill', await containerOn(two)]);
    const gone = await watch.first((answer) => !isAddress(answer), killed, 'the withdrawal');
    figures.since('container killed: withdrawn on another host', killed, gone.at);
    expect(gone.at - killed).toBeLessThan(1_000);
    const back = await watch.first(isAddress, gone.at, 'the name to answer again');
    figures.since('  … started again, answers on another host', killed, back.at);
    await watch.stop();
  });

  it('withdraws a host that lost its power within five seconds, and takes it back', async () => {
    const name = `web.app.${grid.grid}.kontena.local`;
    const address = await addressOn(three);
    const watch = await NameWatch.start(one, '10.81.0.1', name);
    await watch.first(
      (answer) => answer.includes(address),
      0,
      'the third host to be among the answers',
    );
    const off = Date.now();
    await three.powerOff();
    const gone = await watch.first(
      (answer) => isAddress(answer) && !answer.includes(address),
      off,
      'its withdrawal',
    );
    figures.since('host lost its power: withdrawn elsewhere', off, gone.at);
    expect(gone.at - off).toBeLessThan(5_000);
    expect(await fetchFrom(one, `http://${await instanceOn(two)}/`)).toMatch(/^web-/);

    const on = Date.now();
    await three.boot();
    await grid.restartAgent(three);
    const back = await watch.first(
      (answer) => answer.includes(address),
      on,
      'the rebooted host to answer',
    );
    figures.since('host booted: resolvable elsewhere, same address', on, back.at);
    await reaches(one, three);
    figures.since('  … and reached', on, Date.now());
    await watch.stop();
  });

  it('goes on in both halves of a partition, and comes together again', async () => {
    const name = `web.app.${grid.grid}.kontena.local`;
    const own = await addressOn(three);
    const watch = await NameWatch.start(three, '10.81.0.3', name);
    const cut = Date.now();
    await three.cut();
    const alone = await watch.first((answer) => answer === own, cut, 'only what is within reach');
    figures.since('partition: names within reach only', cut, alone.at);
    await three.docker(['kill', await containerOn(three)]);
    await until(
      async () => (await containerOn(three)) !== '',
      'the crashed container to run again',
    );
    expect(await addressOn(three)).toBe(own);

    const healed = Date.now();
    await three.heal();
    await reaches(one, three);
    figures.since('healed: data', healed, Date.now());
    const together = await watch.first(
      (answer) => answer.split(' ').length === 3,
      healed,
      'all names',
    );
    figures.since('healed: names', healed, together.at);
    await watch.stop();
  });

  it('does not notice an agent that was killed, but for a moment without names', async () => {
    await grid.agent(two).kill('SIGKILL');
    expect(await fetchFrom(one, `http://${await addressOn(two)}/`)).toMatch(/^web-/);
    const began = Date.now();
    const watch = await NameWatch.start(two, '10.81.0.2', `web.app.${grid.grid}.kontena.local`);
    await grid.restartAgent(two);
    const answered = await watch.first(
      (answer) => answer.split(' ').length === 3,
      0,
      'names again',
    );
    figures.since('agent killed and started: all names again', began, answered.at);
    await watch.stop();
  });

  it('does not notice an engine that was killed', async () => {
    const address = await addressOn(two);
    await two.killEngine();
    expect(await fetchFrom(one, `http://${address}/`)).toMatch(/^web-/);
    await two.startEngine();
    expect(await fetchFrom(one, `http://${await instanceOn(two)}/`)).toMatch(/^web-/);
  });

  it('starts containers that crash while nobody manages anything', async () => {
    const id = await containerOn(two);
    await two.docker(['rm', '-f', id]);
    await until(async () => ![id, ''].includes(await containerOn(two)), 'a new container');
    await reaches(one, two);
  });

  it('lets no other host of the LAN into the grid', async () => {
    const address = await addressOn(two);
    const stranger = await rig.addGuest();
    await stranger.exec(['ip', 'route', 'add', '10.81.0.0/16', 'via', two.address]);
    expect(await stranger.reaches(address)).toBe(false);
    expect(await stranger.reaches('10.81.0.2')).toBe(false);
  });

  it('has the master back, and loses a node that is removed', async () => {
    await grid.world.startMaster();
    await eventually(async () => {
      const { converged, counts } = await grid.world.gridStatus();
      return converged && counts.nodesOnline === 3 ? true : null;
    }, 'the grid to converge, with all of its nodes');
    const address = await addressOn(three);
    await grid.agent(three).kill();
    const removed = Date.now();
    await removeNode('h3');
    await until(async () => !(await hears(one, '10.83.0.3')), 'the peer to be gone');
    figures.since('node removed: no peer any more elsewhere', removed, Date.now());
    expect(await one.reaches(address)).toBe(false);
  });

  async function isInTheClear(a: Host, b: Host): Promise<boolean> {
    const capture = await rig.capture(b, 'udp');
    await fetchFrom(a, `http://${await addressOn(b)}/${MARKER}`).catch(() => undefined);
    await capture.stop();
    return capture.has(MARKER);
  }

  async function push(files: Record<string, string>): Promise<void> {
    const sha = await grid.world.push(files);
    expect(await grid.world.final(sha)).toMatchObject({ state: 'success' });
  }

  async function removeNode(name: string): Promise<void> {
    const { url } = grid.world.master;
    const answer = await fetch(`${url}/api/v1/grids/${grid.grid}/nodes/${name}`, {
      method: 'DELETE',
      headers: { authorization: 'Bearer test-token-test-token-test-token' },
    });
    expect(answer.status).toBeLessThan(300);
  }
});

/** What a host's container takes for the hardware address of another one. */
async function neighbour(host: Host, address: string): Promise<string> {
  const container = await containerOn(host);
  await host.docker(['exec', container, 'ping', '-c', '1', '-W', '1', address]);
  const table = await host.docker(['exec', container, 'cat', '/proc/net/arp']);
  const line = table.split('\n').find((one) => one.startsWith(`${address} `)) ?? '';
  return /([0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(line)?.[0] ?? '';
}

async function hears(host: Host, tunnel: string): Promise<boolean> {
  return (await host.exec(['wg', 'show', 'gridops-wg', 'allowed-ips'])).includes(`${tunnel}/32`);
}

function macOf(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `02:42:${bytes.join(':')}`;
}

function isAddress(answer: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+/.test(answer);
}
