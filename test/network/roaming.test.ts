import { afterAll, beforeAll, describe, it } from 'vitest';
import { Figures } from './figures.ts';
import { busyboxImage, wireguardImage } from './images.ts';
import { NetworkWorld } from './network-world.ts';
import type { Host } from './rig/host.ts';
import { OUTSIDE } from './rig/lan.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { until } from './rig/until.ts';
import { wayFrom } from './ways.ts';
import { everyPair, reaches, webStack } from './web.ts';

/** The moved host's number on the LAN. */
const OPEN = 101;

/** One host that stays where it is, and two behind routers as people have them at home. */
describe.skipIf(withoutRig)('a grid with hosts behind ordinary routers', () => {
  const figures = new Figures();
  let rig: Rig;
  let grid: NetworkWorld;
  let fixed: Host;
  let hidden: Host;
  let laptop: Host;

  beforeAll(async () => {
    rig = await Rig.up(3);
    await rig.load(busyboxImage(), wireguardImage());
    [fixed, hidden, laptop] = [rig.host(1), rig.host(2), rig.host(3)];
    await rig.behindNat([hidden]);
    await rig.behindNat([laptop]);
    grid = await NetworkWorld.start(rig, {
      files: { 'grid.yml': '{}\n', 'stacks/app/kontena.yml': webStack() },
      agentArgs: () => ['--wireguard-image', wireguardImage().name],
    });
    await grid.joinInOrder(...rig.hosts);
  });

  afterAll(async () => {
    figures.print('hosts behind ordinary routers');
    await grid?.stop();
    await rig?.down();
  });

  it('makes a direct way between two routers, and a way around until then', async () => {
    const began = Date.now();
    await everyPair(rig.hosts);
    figures.since('joined: every pair reached', began, Date.now());
    await isDirect();
    figures.since('  … directly through both routers', began, Date.now());
    await reaches(hidden, laptop);
  });

  it('goes on directly when one of them leaves its router', async () => {
    const moved = Date.now();
    await plugIn(OPEN);
    await reaches(fixed, laptop);
    figures.since('left its router: reached', moved, Date.now());
    await reaches(hidden, laptop);
    figures.since('  … by a host behind another router', moved, Date.now());
    await isAt(hidden, OPEN);
    await isDirect();
    figures.since('  … directly by all', moved, Date.now());
    await reaches(laptop, hidden);
  });

  async function plugIn(number: number): Promise<void> {
    const address = `${rig.claim.net}.${number}`;
    const gateway = rig.address;
    await laptop.move({ segment: OUTSIDE, address, prefix: 24, gateway, address6: null });
  }

  /** Directly may also mean: not yet missed. */
  async function isAt(from: Host, number: number): Promise<void> {
    const endpoint = `${rig.claim.net}.${number}:6783`;
    await until(
      async () => (await from.exec(['wg', 'show', 'gridops-wg', 'endpoints'])).includes(endpoint),
      `${from.name} to know where the moved host is`,
    );
  }

  async function isDirect(): Promise<void> {
    for (const [from, to] of [
      [hidden, laptop],
      [laptop, hidden],
    ] as const)
      await until(
        async () => (await wayFrom(from, to, rig.hosts)) === to.name,
        `a direct way from ${from.name} to ${to.name}`,
      );
  }
});
