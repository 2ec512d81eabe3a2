import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Figures } from './figures.ts';
import { busyboxImage, wireguardImage } from './images.ts';
import { NetworkWorld } from './network-world.ts';
import type { Host } from './rig/host.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { addressOn, containerOn, everyPair, fetchFrom, reaches, webStack } from './web.ts';

const MARKER = 'in-the-clear-for-everybody-to-read';
/** IPv4 and ICMP. */
const HEADERS = 28;
/** Ethernet, and as much as the LAN takes. */
const FULL_FRAME = 14 + 1_500;
const FRAGMENT = 44;

/** Nothing but IPv6 between the hosts, nor to their master; inside of the grid it is IPv4 as ever. */
describe.skipIf(withoutRig)('a grid of hosts that have IPv6 only', () => {
  const figures = new Figures();
  let rig: Rig;
  let grid: NetworkWorld;
  let one: Host;
  let two: Host;

  beforeAll(async () => {
    rig = await Rig.up(2);
    [one, two] = [rig.host(1), rig.host(2)];
    await rig.load(busyboxImage(), wireguardImage());
    for (const host of rig.hosts) await host.exec(['ip', '-4', 'address', 'flush', 'dev', 'eth0']);
    grid = await NetworkWorld.start(rig, {
      listen: rig.address6,
      files: { 'grid.yml': '{}\n', 'stacks/app/kontena.yml': webStack() },
      agentArgs: () => ['--wireguard-image', wireguardImage().name],
    });
    await grid.joinInOrder(...rig.hosts);
  });

  afterAll(async () => {
    figures.print('hosts with IPv6 only');
    await grid?.stop();
    await rig?.down();
  });

  it('lets every pair reach each other by name', async () => {
    expect(await one.reaches(two.address)).toBe(false);
    await everyPair(rig.hosts);
    expect(await one.exec(['wg', 'show', 'gridops-wg', 'endpoints'])).toContain(
      `[${two.address6}]:6783`,
    );
  });

  it('encrypts what goes from host to host', async () => {
    const capture = await rig.capture(two, 'ip6');
    const address = await addressOn(two);
    await fetchFrom(one, `http://${address}/${MARKER}`).catch(() => undefined);
    const frames = await capture.stop();
    expect(capture.has(MARKER)).toBe(false);
    expect(frames.length).toBeGreaterThan(4);
  });

  it('carries a packet as large as containers may send in one frame, in both directions', async () => {
    const mtu = Number(await inContainer(one, ['cat', '/sys/class/net/eth0/mtu']));
    const capture = await rig.capture(two, 'ip6 proto 44 or (ip6 and udp port 6783)');
    await ping(one, two, mtu - HEADERS);
    await ping(two, one, mtu - HEADERS);
    const frames = await capture.stop();

    // Two questions and two answers, whole: with a byte more there would be fragments. Others may talk meanwhile.
    const whole = frames.filter(({ bytes }) => bytes.length === FULL_FRAME);
    expect(whole.length).toBeGreaterThanOrEqual(4);
    expect(frames.filter(({ bytes }) => bytes[20] === FRAGMENT)).toEqual([]);
  });

  it('follows a host to another address, without a master', async () => {
    await grid.world.stopMaster();
    const moved = Date.now();
    const next = `${two.address6.replace(/[^:]*$/, '')}99`;
    await two.exec(['ip', '-6', 'address', 'del', `${two.address6}/64`, 'dev', 'eth0']);
    await two.exec(['ip', '-6', 'address', 'add', `${next}/64`, 'dev', 'eth0', 'nodad']);
    await reaches(one, two);
    figures.since('has another address: reached', moved, Date.now());
    await reaches(two, one);
    expect(await one.exec(['wg', 'show', 'gridops-wg', 'endpoints'])).toContain(`[${next}]:6783`);
  });
});

async function inContainer(host: Host, command: readonly string[]): Promise<string> {
  return await host.docker(['exec', await containerOn(host), ...command]);
}

async function ping(from: Host, to: Host, bytes: number): Promise<void> {
  const address = await addressOn(to);
  await inContainer(from, ['ping', '-c', '1', '-W', '2', '-s', `${bytes}`, address]);
}
