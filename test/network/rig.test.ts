import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage } from './images.ts';
import type { Host } from './rig/host.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';

describe.skipIf(withoutRig)('a rig of three hosts', () => {
  let rig: Rig;
  let one: Host;
  let two: Host;
  let three: Host;

  beforeAll(async () => {
    rig = await Rig.up(3);
    await rig.load(busyboxImage());
    [one, two, three] = [rig.host(1), rig.host(2), rig.host(3)];
  });

  afterAll(async () => {
    await rig.down();
  });

  it('lets every host reach every other one, by IPv4 and IPv6', async () => {
    for (const from of rig.hosts)
      for (const to of rig.hosts) {
        expect(await from.reaches(to.address)).toBe(true);
        expect(await from.reaches(to.address6)).toBe(true);
      }
  });

  it('has engines that are different ones and run containers of their own', async () => {
    const ids = await Promise.all(
      rig.hosts.map(async (host) => await host.docker(['info', '--format', '{{.ID}}'])),
    );
    expect(new Set(ids).size).toBe(3);
    await one.docker([
      'run',
      '--detach',
      '--name',
      'web',
      '--restart',
      'always',
      '--publish',
      '8080:80',
      '--env',
      'TEXT=one',
      busyboxImage().name,
    ]);
    expect(await get(two, one)).toBe('one');
    expect(await three.docker(['ps', '--all', '--quiet'])).toBe('');
  });
});

async function get(from: Host, of: Host): Promise<string> {
  return await from.docker([
    'run',
    '--rm',
    busyboxImage().name,
    'wget',
    '-qO-',
    `http://${of.address}:8080/`,
  ]);
}
