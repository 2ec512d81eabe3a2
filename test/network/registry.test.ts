import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Figures } from './figures.ts';
import { isInstalled } from './image/root-fs.ts';
import { busyboxImage, registryImage, wireguardImage } from './images.ts';
import { NetworkWorld } from './network-world.ts';
import { GRIDOPS } from './rig/agent.ts';
import type { Host } from './rig/host.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { until } from './rig/until.ts';

const EXAMPLE = fileURLToPath(
  new URL('../../examples/stacks/registry/kontena.yml', import.meta.url),
);

/** Debian's package docker-registry. Where CI says so its absence fails the tests. */
const withoutRegistry =
  withoutRig || (!isInstalled('docker-registry') && process.env['CI'] !== 'true');

/** grid.yml with the registry on a node. */
const registryOf = (node: string) => `stacks: {registry: {variables: {node: ${node}}}}\n`;

/** The example, keeping nothing on its node, as with a store elsewhere: it is free to go. */
async function withoutDisk(): Promise<string> {
  const text = await readFile(EXAMPLE, 'utf8');
  return text
    .replace('{% if storage == "disk" %}stateful: true{% endif %}', '')
    .replace(/ {4}volumes:\n.*images:.*\n/, '');
}

/** The registry of the examples is on the first host, the service of its images on the second one. */
describe.skipIf(withoutRegistry)('a registry in the grid', () => {
  const figures = new Figures();
  let rig: Rig;
  let grid: NetworkWorld;
  let one: Host;
  let two: Host;

  beforeAll(async () => {
    rig = await Rig.up(2);
    [one, two] = [rig.host(1), rig.host(2)];
    await rig.load(busyboxImage(), wireguardImage(), registryImage());
    grid = await NetworkWorld.start(rig, {
      files: {
        'grid.yml': registryOf('h1'),
        'stacks/registry/kontena.yml': await readFile(EXAMPLE, 'utf8'),
      },
      agentArgs: () => ['--wireguard-image', wireguardImage().name],
    });
    await grid.joinInOrder(...rig.hosts);
  });

  afterAll(async () => {
    figures.print('a registry in the grid');
    await grid?.stop();
    await rig?.down();
  });

  it('takes what is built on a node that has never pulled from it, and hands it to another', async () => {
    const image = await build('first');
    const began = Date.now();
    await push(service(image));
    figures.since('an image that the node does not have: push to success', began, Date.now());
    expect(await isRunning('first')).toBe(image);
  });

  it('hands out by digest what it took by tag', async () => {
    const tag = await build('second');
    const format = '{{range .RepoDigests}}{{println .}}{{end}}';
    const digests = await one.docker(['inspect', '--format', format, tag]);
    const image = digests.split('\n').find((digest) => digest.startsWith(registry())) ?? '';
    expect(image).toMatch(/\/web@sha256:[0-9a-f]{64}$/);
    await push(service(image));
    expect(await isRunning('second')).toBe(image);
  });

  it('is found again when its container is another one', async () => {
    const before = await containerOn(one, 'api');
    await one.docker(['rm', '--force', before]);
    await until(
      async () => !['', before].includes(await containerOn(one, 'api')),
      'another container of the registry',
    );
    const image = await build('third');
    await push(service(image));
    expect(await isRunning('third')).toBe(image);
  });

  it('has its door again as soon as the agent of a node is started again', async () => {
    await grid.agent(one).kill();
    await grid.restartAgent(one);
    const image = await build('fourth');
    await push(service(image));
    expect(await isRunning('fourth')).toBe(image);
  });

  it('is followed to another node by the doors of all', async () => {
    const doors = await one.exec(['cat', '/etc/hosts']);
    await push({
      'grid.yml': registryOf('h2'),
      'stacks/registry/kontena.yml': await withoutDisk(),
    });
    await until(async () => (await containerOn(one, 'api')) === '', 'no registry on h1');
    expect(await containerOn(two, 'api')).not.toBe('');
    expect(await one.exec(['cat', '/etc/hosts'])).toBe(doors);
    const image = await build('fifth');
    await push(service(image));
    expect(await isRunning('fifth')).toBe(image);
  });

  function registry(): string {
    return `registry.${grid.grid}.kontena.local:5000`;
  }

  /** The files of a service with this image; `text`: it is built, and has that in its environment. */
  function service(image: string, text?: string): Readonly<Record<string, string>> {
    const web = {
      image,
      ...(text === undefined ? {} : { build: 'app' }),
      affinity: ['node==h2'],
      stop_grace_period: '1s',
      deploy: { wait_for_port: 80 },
    };
    const stack = { 'stacks/shop/kontena.yml': JSON.stringify({ services: { web } }) };
    if (text === undefined) return stack;
    const dockerfile = `FROM ${busyboxImage().name}\nENV TEXT=${text}\n`;
    return { ...stack, 'stacks/shop/app/Dockerfile': dockerfile };
  }

  /** `gridops build` on the first host, in a working tree that is not pushed yet. */
  async function build(text: string): Promise<string> {
    const image = `${registry()}/shop/web:${text}`;
    const { work } = grid.world;
    for (const [name, content] of Object.entries(service(image, text)))
      await work.write(`grids/${grid.grid}/${name}`, content);
    await until(async () => await answers(one), 'the registry to answer on the first host');
    const command = [process.execPath, GRIDOPS, 'build', '--no-pull', work.directory];
    await one.exec(['env', 'DOCKER_BUILDKIT=0', ...command]);
    return image;
  }

  async function answers(host: Host): Promise<boolean> {
    const url = `http://${registry()}/v2/`;
    return (await host.attempt(['busybox', 'timeout', '2', 'wget', '-qO-', url])).code === 0;
  }

  async function push(files: Readonly<Record<string, string>>): Promise<void> {
    const sha = await grid.world.push(files);
    expect(await grid.world.final(sha, 60_000)).toMatchObject({ state: 'success' });
  }

  /** The image of the service's container; one of before is on its way out when a deploy has succeeded. */
  async function isRunning(text: string): Promise<string> {
    const format = '{{.Config.Image}} {{json .Config.Env}}';
    return await until(async () => {
      const id = await containerOn(two, 'web');
      const { stdout } = await two.attempt(['docker', 'inspect', '--format', format, id]);
      return stdout.includes(`"TEXT=${text}"`) && (stdout.split(' ')[0] ?? false);
    }, `${text} to run`);
  }
});

async function containerOn(host: Host, service: string): Promise<string> {
  const filter = `label=io.kontena.service.name=${service}`;
  return (await host.docker(['ps', '--quiet', '--filter', filter])).trim();
}
