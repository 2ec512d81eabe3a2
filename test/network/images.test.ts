import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Image } from './image/archive.ts';
import { lbImage, nodeImage, wireguardImage } from './images.ts';
import { postgresImage } from './postgres.ts';
import type { Host } from './rig/host.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { until } from './rig/until.ts';

describe.skipIf(withoutRig)('images without a registry', () => {
  let rig: Rig;
  let host: Host;

  beforeAll(async () => {
    rig = await Rig.up(1);
    host = rig.host(1);
  });

  afterAll(async () => {
    await rig.down();
  });

  it('have the id that the engine gives them', async () => {
    const image = nodeImage();
    await host.load(image);

    expect(await host.docker(['image', 'inspect', '--format={{.Id}}', image.name])).toBe(image.id);
    expect(nodeImage()).toEqual(image);
  });

  it('run node', async () => {
    expect(await host.docker(['run', '--rm', nodeImage().name, 'node', '-p', '6 * 7'])).toBe('42');
  });

  it('make a WireGuard device in the host', async () => {
    await host.exec(['mkdir', '-p', '/var/run/wireguard']);
    await start(host, wireguardImage(), ['--network=host', '--cap-add=NET_ADMIN', ...TUN], ['wg9']);

    await until(async () => (await host.attempt(['wg', 'show', 'wg9'])).code === 0, 'a device');
  });

  it('run HAProxy', async () => {
    await host.load(lbImage());
    const version = ['--entrypoint=haproxy', lbImage().name, '-v'];

    expect(await host.docker(['run', '--rm', ...version])).toContain('HAProxy version');
  });

  it('keep a PostgreSQL cluster over a power cut', async () => {
    const options = ['--name=db', '--restart=always', '--volume=db:/var/lib/postgresql'];
    await start(host, postgresImage(), options, []);
    await query(host, 'create table kept (row int); insert into kept values (42)');

    await host.powerOff();
    await host.boot();

    expect(await query(host, 'select row from kept')).toBe('42');
  });
});

const TUN = ['--device=/dev/net/tun', '--volume=/var/run/wireguard:/var/run/wireguard'];

async function start(
  host: Host,
  image: Image,
  options: readonly string[],
  args: readonly string[],
): Promise<void> {
  await host.load(image);
  await host.docker(['run', '--detach', ...options, image.name, ...args]);
}

async function query(host: Host, sql: string): Promise<string> {
  const exec = ['docker', 'exec', 'db'];
  const isReady = [...exec, 'pg_isready', '-q', '-h', '127.0.0.1'];
  await until(async () => (await host.attempt(isReady)).code === 0, 'PostgreSQL');
  return await host.exec([...exec, 'psql', '-qAt', '-c', sql]);
}
