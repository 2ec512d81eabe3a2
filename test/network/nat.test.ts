import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Figures } from './figures.ts';
import { busyboxImage, wireguardImage } from './images.ts';
import { NetworkWorld } from './network-world.ts';
import type { Host } from './rig/host.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { until } from './rig/until.ts';
import { wayFrom } from './ways.ts';
import { addressOn, everyPair, fetchFrom, reaches, webStack } from './web.ts';

const MARKER = 'in-the-clear-for-everybody-to-read';

/** Two hosts behind routers that tell nobody where to knock, and two that everybody reaches. */
describe.skipIf(withoutRig)('a grid with two hosts behind different NATs of the hard kind', () => {
  const figures = new Figures();
  let rig: Rig;
  let grid: NetworkWorld;
  let left: Host;
  let right: Host;
  let relay: Host;
  let reserve: Host;

  beforeAll(async () => {
    rig = await Rig.up(4);
    await rig.load(busyboxImage(), wireguardImage());
    [relay, reserve, left, right] = [rig.host(1), rig.host(2), rig.host(3), rig.host(4)];
    await rig.behindNat([left], { symmetric: true });
    await rig.behindNat([right], { symmetric: true });
    grid = await NetworkWorld.start(rig, {
      files: { 'grid.yml': '{}\n', 'stacks/app/kontena.yml': webStack() },
      agentArgs: () => ['--wireguard-image', wireguardImage().name],
    });
    await grid.joinInOrder(...rig.hosts);
  });

  afterAll(async () => {
    figures.print('hosts behind NATs of the hard kind');
    await grid?.stop();
    await rig?.down();
  });

  it('lets every pair reach each other by name, the hidden pair by a third host', async () => {
    const began = Date.now();
    await reaches(relay, left);
    figures.since('joined: reached a host behind NAT', began, Date.now());
    await everyPair(rig.hosts);
    figures.since('joined: every pair, one of them by a relay', began, Date.now());

    await until(async () => (await wayFrom(left, right, rig.hosts)) === 'h1', 'the smaller number');
    await until(async () => (await wayFrom(right, left, rig.hosts)) === 'h1', 'the same one');
    expect(await wayFrom(left, reserve, rig.hosts)).toBe('h2');
  });

  it('tells by whom', async () => {
    const told = await until(async () => {
      const messages = (await grid.world.events()).map(({ message }) => message);
      return messages.find((message) => message.includes('reaches h4 through h1')) ?? false;
    }, 'the event of the relay');
    expect(told).toContain('reaches h4 through h1');
  });

  it('is read by nobody on the way', async () => {
    const capture = await rig.capture(relay, 'udp or tcp');
    const address = await addressOn(right);
    await fetchFrom(left, `http://${address}/${MARKER}`).catch(() => undefined);
    const frames = await capture.stop();
    expect(capture.has(MARKER)).toBe(false);
    expect(frames.length).toBeGreaterThan(8);
  });

  it('takes another host when the one between them loses its power, without a master', async () => {
    await grid.world.stopMaster();
    const off = Date.now();
    await relay.powerOff();
    await reaches(left, right);
    figures.since('relay lost its power: the pair by another one', off, Date.now());
    await reaches(right, left);

    expect(await wayFrom(left, right, rig.hosts)).toBe('h2');
    expect(await wayFrom(right, left, rig.hosts)).toBe('h2');
  });
});
