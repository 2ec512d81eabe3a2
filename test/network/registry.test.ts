import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveOf, type Image } from './image/archive.ts';
import { installed, RootFs } from './image/root-fs.ts';
import { busyboxImage } from './images.ts';
import { GRIDOPS } from './rig/agent.ts';
import type { Host } from './rig/host.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { until } from './rig/until.ts';

const REGISTRY = 'registry.demo.kontena.local:5000';
const IMAGE = `${REGISTRY}/shop/web:1`;
const DOORS = fileURLToPath(new URL('doors.mjs', import.meta.url));

/** Debian's package docker-registry. Where CI says so its absence fails the tests. */
const withoutRegistry =
  withoutRig || (!isInstalled('docker-registry') && process.env['CI'] !== 'true');

function isInstalled(program: string): boolean {
  try {
    return installed(program) !== '';
  } catch {
    return false;
  }
}

/** Docker's registry as Debian has it. */
function registryImage(): Image {
  const settings = `version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/registry}, delete: {enabled: true}}
http: {addr: ":5000"}
`;
  return archiveOf({
    name: 'gridops-test/registry:1',
    root: new RootFs().programs('docker-registry').text('etc/registry.yml', settings),
    config: { Entrypoint: [installed('docker-registry'), 'serve', '/etc/registry.yml'] },
  });
}

/** The overlay is not the subject: the second host reaches the registry by the first one's address. */
describe.skipIf(withoutRegistry)('a registry in the grid', () => {
  let rig: Rig;
  let one: Host;
  let two: Host;

  beforeAll(async () => {
    rig = await Rig.up(2);
    [one, two] = [rig.host(1), rig.host(2)];
    await one.load(busyboxImage(), registryImage());
    const run = ['run', '--detach', '--name', 'registry', '--volume', 'data:/var/lib/registry'];
    const publish = ['--publish', `${one.address}:5000:5000`];
    await one.docker([...run, ...publish, registryImage().name]);
  });
  afterAll(async () => {
    await rig.down();
  });

  async function openDoors(host: Host, address: string): Promise<void> {
    const doors = await host.spawn([process.execPath, DOORS, 'demo', IMAGE, address]);
    await until(async () => doors.log.includes('ready'), 'the doors to be open');
  }

  it('takes what `gridops build` pushes, and hands it to engines that know nothing of it', async () => {
    const format = '{{.NetworkSettings.IPAddress}}';
    await openDoors(one, await one.docker(['inspect', '--format', format, 'registry']));
    await openDoors(two, one.address);

    const stack = path.join(one.directory, 'repository/grids/demo/stacks/shop');
    await mkdir(path.join(stack, 'app'), { recursive: true });
    const web = { image: IMAGE, build: 'app' };
    await writeFile(path.join(stack, 'kontena.yml'), JSON.stringify({ services: { web } }));
    const dockerfile = `FROM ${busyboxImage().name}\nENV TEXT=built\n`;
    await writeFile(path.join(stack, 'app/Dockerfile'), dockerfile);
    const build = [process.execPath, GRIDOPS, 'build', '--no-pull', path.join(stack, '../../..')];
    await one.exec(['env', 'DOCKER_BUILDKIT=0', ...build]);

    await two.docker(['pull', '--quiet', IMAGE]);
    const run = ['run', '--rm', IMAGE, 'sh', '-c', 'echo $TEXT'];
    expect(await two.docker(run)).toBe('built');

    const pinned = await two.docker(['inspect', '--format', '{{index .RepoDigests 0}}', IMAGE]);
    expect(pinned).toMatch(new RegExp(`^${REGISTRY}/shop/web@sha256:`));
    await two.docker(['image', 'rm', '--force', IMAGE, pinned]);
    await two.docker(['pull', '--quiet', pinned]);
  });
});
