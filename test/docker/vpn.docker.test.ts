import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readWorkingTree } from '../../src/cli/working-tree.ts';
import { createCompiler } from '../../src/manifest/compile.ts';
import type { Service } from '../../src/model/grid.ts';
import { type SealedRepository, withRepository } from '../cli/sealed-repository.ts';
import { ensureTestImages, TEST_IMAGES } from '../support/test-images.ts';
import { eventually } from '../support/world.ts';
import { docker, freePort, testGrid, withoutDocker } from './docker-host.ts';
import { Laptop } from './laptop.ts';
import { makeVpnImage, VPN_IMAGE } from './vpn-image.ts';

const SUBNET = '10.93.0.0/16';

/** Where CI says so what is missing fails the tests; elsewhere it skips them. */
const withoutTools =
  process.env['CI'] !== 'true' &&
  (process.getuid?.() !== 0 ||
    !existsSync('/dev/net/tun') ||
    ['wg', 'wireguard-go', 'curl', 'ip'].some((program) => !isThere(program)));

function isThere(program: string): boolean {
  return ['/usr/bin', '/bin', '/usr/sbin', '/sbin'].some((folder) =>
    existsSync(join(folder, program)),
  );
}

/**
 * One host of a grid: a network with the grid's subnet, as the overlay has it on each of its hosts, a service in it, and the
 * server as the stack says it.
 */
describe.skipIf(withoutDocker || withoutTools)('the VPN', () => {
  const name = testGrid();
  const server = `${name}-vpn`;
  let port = 0;
  let web = '';
  let folder = '';
  const laptops: Laptop[] = [];

  beforeAll(async () => {
    await Promise.all([ensureTestImages(), makeVpnImage()]);
    folder = await mkdtemp(join(tmpdir(), 'gridops-vpn-'));
    port = await freePort();
    const network = ['--subnet', SUBNET, '--ip-range', '10.93.128.0/25', '--gateway', '10.93.0.1'];
    await docker('network', 'create', ...network, '-o', 'com.docker.network.driver.mtu=1370', name);
    const serve =
      'mkdir /tmp/www; echo hello >/tmp/www/index.html; exec httpd -f -vv -p 80 -h /tmp/www';
    const args = ['--detach', '--name', `${name}-web`, '--network', name];
    await docker('run', ...args, TEST_IMAGES.web1, 'sh', '-c', serve);
    const format = `{{(index .NetworkSettings.Networks "${name}").IPAddress}}`;
    web = await docker('inspect', '--format', format, `${name}-web`);
  });
  afterEach(async () => {
    await Promise.all(laptops.splice(0).map(async (laptop) => await laptop.unplug()));
    await docker('rm', '-f', '-v', server).catch(() => undefined);
    await docker('volume', 'rm', '-f', `${server}-state`);
  });
  afterAll(async () => {
    await docker('rm', '-f', '-v', `${name}-web`);
    await docker('network', 'rm', name);
    await docker('image', 'rm', VPN_IMAGE);
    await rm(folder, { recursive: true, force: true });
  });

  async function plugIn(): Promise<Laptop> {
    const laptop = await Laptop.plugIn(`198.18.${200 + laptops.length}`);
    laptops.push(laptop);
    return laptop;
  }

  /** A VPN with these people on it, each with a laptop that is connected. */
  async function aVpnOf(
    repository: SealedRepository,
    people: readonly string[],
  ): Promise<readonly Laptop[]> {
    const { run } = repository;
    await run(['vpn', 'create', '--grid', 'demo']);
    const invited = [];
    for (const person of people) {
      const laptop = await plugIn();
      const endpoint = `${laptop.machine}:${port}`;
      const { out } = await run(['vpn', 'config', person, '--endpoint', endpoint]);
      invited.push({ laptop, file: out });
    }
    await push(repository);
    for (const { laptop, file } of invited) {
      await laptop.connect(file);
      await eventually(async () => await laptop.get(`http://${web}/`), 'an answer');
    }
    return invited.map(({ laptop }) => laptop);
  }

  /** The server as the working tree has it, in the place of the one that there was: what a push does. */
  async function push(repository: SealedRepository): Promise<void> {
    const { stacks } = createCompiler().compile(await readWorkingTree(repository.folder), 'demo');
    const service = stacks[0]?.services[0];
    if (service === undefined) throw new Error('the stack does not compile');
    await writeFile(join(folder, 'people'), tableOf(service));
    await writeFile(join(folder, 'key'), (await repository.opened())['vpn-server-key'] ?? '');
    await docker('stop', server).catch(() => undefined);
    await docker('rm', '-f', server).catch(() => undefined);
    await start(optionsOf(service), join(folder, 'people'), name);
  }

  async function start(options: readonly string[], people: string, network: string): Promise<void> {
    const files = [
      `${people}:/etc/gridops-vpn/people:ro`,
      `${folder}/key:/run/secrets/vpn-server-key:ro`,
    ];
    const mounts = [...files, `${server}-state:/var/lib/gridops-vpn`].flatMap((one) => ['-v', one]);
    const publish = ['--init', '--publish', `${port}:51820/udp`, '--network', network];
    await docker('run', '-d', '--name', server, ...publish, ...options, ...mounts, VPN_IMAGE);
  }

  /** The last line of a server that does not start. */
  async function refusal(people: string, network = name): Promise<string> {
    await writeFile(join(folder, 'broken'), people);
    const options = ['--cap-add', 'NET_ADMIN', '--device', '/dev/net/tun', ...sysctls];
    await start(options, join(folder, 'broken'), network);
    expect(await docker('wait', server)).toBe('1');
    const said = await complaints(server);
    await docker('rm', '-f', server);
    return said.trim();
  }

  it('lets a person reach containers by their addresses, as themselves, and nobody else', async () => {
    await withRepository({ 'grids/demo/grid.yml': `subnet: ${SUBNET}\n` }, async (repository) => {
      const [anna] = await aVpnOf(repository, ['anna']);
      const stranger = await plugIn();
      expect(await anna?.get(`http://${web}/`)).toBe('hello');
      expect(await stranger.get(`http://${web}/`)).toBeNull();
      expect(await complaints(`${name}-web`)).toContain('10.93.64.1');
    });
  });

  it('lets nobody use the address of somebody else', async () => {
    await withRepository({ 'grids/demo/grid.yml': `subnet: ${SUBNET}\n` }, async (repository) => {
      const [, bob] = await aVpnOf(repository, ['anna', 'bob']);
      await bob?.claim('10.93.64.1');
      expect(await bob?.get(`http://${web}/`, '10.93.64.1')).toBeNull();
      expect(await bob?.get(`http://${web}/`, '10.93.64.2')).toBe('hello');
    });
  });

  it('cuts somebody off at once, and the others for no longer than a server takes to start', async () => {
    await withRepository({ 'grids/demo/grid.yml': `subnet: ${SUBNET}\n` }, async (repository) => {
      const [anna, bob] = await aVpnOf(repository, ['anna', 'bob']);
      await repository.run(['vpn', 'revoke', 'bob']);
      const began = Date.now();
      await push(repository);
      expect(await bob?.get(`http://${web}/`)).toBeNull();
      await eventually(
        async () => (await anna?.get(`http://${web}/`)) ?? null,
        'an answer',
        12_000,
      );
      // By herself she would notice after 15 seconds.
      expect(Date.now() - began).toBeLessThan(12_000);
      expect(await bob?.get(`http://${web}/`)).toBeNull();
    });
  });

  it('does not start with what would be dangerous or in vain, and says why', async () => {
    const key = (letter: string) => `${letter.repeat(42)}A=`;
    const subnet = `subnet ${SUBNET}\n`;
    await writeFile(join(folder, 'key'), key('A'));
    const anna = `person anna 10.93.64.1 ${key('B')}\n`;
    expect(await refusal(`${subnet}${anna}person bob 10.93.64.1 ${key('C')}\n`)).toBe(
      'vpn: bob and anna have the same address: each must have their own',
    );
    expect(await refusal(`${subnet}person anna 10.94.64.1 ${key('B')}\n`)).toContain(
      'which is not in 10.93.0.0/16',
    );
    expect(await refusal(`${subnet}person $(id) 10.93.64.1 ${key('B')}\n`)).toContain(
      'cannot be the name of a person',
    );
    expect(await refusal(`${subnet}${anna}`, 'bridge')).toContain(
      "the VPN needs the grid's overlay",
    );
  });
});

const sysctls = ['net.ipv4.ip_forward=1', 'net.ipv4.conf.all.proxy_arp=1'].flatMap((one) => [
  '--sysctl',
  one,
]);

/** The table that is mounted. */
function tableOf({ files }: Service): string {
  const [content] = Object.values(files?.contents ?? {});
  return content?.kind === 'binary' ? new TextDecoder().decode(content.bytes) : '';
}

/** What a person would give to the docker command for a service of the stack. */
function optionsOf({ spec }: Service): readonly string[] {
  const { sysctls: parameters = {}, devices = [] } = spec.extras ?? {};
  return [
    ...spec.capAdd.flatMap((one) => ['--cap-add', one]),
    ...devices.flatMap(({ source }) => ['--device', source]),
    ...Object.entries(parameters).flatMap(([key, value]) => ['--sysctl', `${key}=${value}`]),
  ];
}

async function complaints(container: string): Promise<string> {
  return (await promisify(execFile)('docker', ['logs', container])).stderr;
}
