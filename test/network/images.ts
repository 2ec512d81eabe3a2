import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageVersion } from '../../src/runtime/version.ts';
import { archiveOf, type Image } from './image/archive.ts';
import { installed, RootFs } from './image/root-fs.ts';

const OURS = fileURLToPath(new URL('../../images/', import.meta.url));
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What answers every GET with $TEXT, or the container's name, on $PORT. Ends on its signal at once. */
const SERVE = `#!/bin/sh
mkdir -p /tmp/www
echo "\${TEXT:-$(hostname)}" >/tmp/www/index.html
trap 'exit 0' TERM INT
httpd -f -p "\${PORT:-80}" -h /tmp/www &
wait $!
`;

/** busybox with a small web server; also the one to look around with: wget, nslookup, ping, nc. */
export function busyboxImage(): Image {
  return archiveOf({
    name: 'gridops-test/busybox:1',
    root: new RootFs().busybox().text('bin/serve', SERVE, 0o755),
    config: { Cmd: ['/bin/serve'], Env: [PATH] },
  });
}

/** The helper of hosts whose kernel has no WireGuard; its one argument is the device that it makes. */
export function wireguardImage(): Image {
  return archiveOf({
    name: 'gridops/wireguard:latest',
    root: ownRoot('wireguard').programs('wireguard-go', 'wg', 'ip'),
    config: { Entrypoint: ['/entrypoint.sh'], Env: [PATH] },
  });
}

/** The load balancer, with the HAProxy that is installed here. */
export function lbImage(): Image {
  return archiveOf({
    name: 'gridops/lb:latest',
    root: ownRoot('lb').programs('haproxy').tree('/etc/haproxy/errors'),
    // HAProxy's way to be told to finish what it has begun.
    config: { Entrypoint: ['/entrypoint.sh'], Env: [PATH], StopSignal: 'SIGUSR1' },
  });
}

/** The VPN server, under the name that `gridops vpn create` gives to its stack. */
export function vpnImage(): Image {
  return archiveOf({
    name: `gridops/vpn:${packageVersion()}`,
    root: ownRoot('vpn').programs('wireguard-go', 'wg', 'ip'),
    config: { Entrypoint: ['/entrypoint.sh'], Env: [PATH] },
  });
}

/** Docker's registry as Debian has it, under the name and with the place of settings of examples/stacks/registry. */
export function registryImage(): Image {
  const program = installed('docker-registry');
  return archiveOf({
    name: 'registry:2.8.3',
    root: new RootFs().programs(program),
    config: { Entrypoint: [program, 'serve'], Cmd: ['/etc/docker/registry/config.yml'] },
  });
}

/** What runs this test, for applications that are scripts. */
export function nodeImage(): Image {
  return archiveOf({
    name: 'gridops-test/node:1',
    root: new RootFs().busybox().programs(process.execPath),
    config: { Cmd: ['node'], Env: [PATH] },
  });
}

/** With the entry script of `images/<name>`: it is what is tested. */
function ownRoot(name: string): RootFs {
  const script = readFileSync(path.join(OURS, name, 'entrypoint.sh'), 'utf8');
  const root = new RootFs().script('entrypoint.sh', script);
  return script.startsWith('#!/bin/bash') ? root.programs('bash') : root;
}
