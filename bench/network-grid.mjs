import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { importTypeScript } from '../scripts/type-script.mjs';
import { waitFor } from './engine.mjs';

const FORGE_DOCUMENT = fileURLToPath(new URL('../scripts/forge-document.mjs', import.meta.url));
/** Docker's name for a grid's network on each of its hosts. */
const NETWORK = 'gridops';

/**
 * Our own overlay on a rig of three hosts, by real agents: the pair of the second and the third host is in a trusted subnet
 * and talks in the clear, all others are encrypted. On each host runs an instance of `app/web`.
 */
export async function startGrid(rig) {
  // Of the stand-in for GitHub that the master reports to.
  await promisify(execFile)(process.execPath, [FORGE_DOCUMENT]);
  const { NetworkWorld } = await importTypeScript('test/network/network-world.ts');
  const { busyboxImage, wireguardImage } = await importTypeScript('test/network/images.ts');
  const [app, wireguard] = [busyboxImage(), wireguardImage()];
  await rig.load(app, wireguard);
  const grid = await NetworkWorld.start(rig, {
    files: {
      'grid.yml': `trusted_subnets: [${rig.claim.net}.2/31]\n`,
      'stacks/app/kontena.yml': `stack: bench/app
services:
  web:
    image: ${app.name}
    deploy: {strategy: daemon, wait_for_port: 80}
`,
    },
    agentArgs: () => ['--wireguard-image', wireguard.name],
  });
  await grid.joinInOrder(...rig.hosts);
  for (const host of rig.hosts)
    await waitFor(async () => (await instancesOn(host)) !== '', `an instance on ${host.name}`);
  return grid;
}

export function gridNetwork() {
  return NETWORK;
}

async function instancesOn(host) {
  return await host.docker([
    'ps',
    '--quiet',
    '--filter',
    'label=io.kontena.container.type=container',
  ]);
}
