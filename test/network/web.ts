import { busyboxImage } from './images.ts';
import type { Host } from './rig/host.ts';
import { until } from './rig/until.ts';

/** A stack with one container on each host that answers with its own name, `web-<n>`. */
export function webStack(): string {
  return `stack: test/app
services:
  web:
    image: ${busyboxImage().name}
    deploy: {strategy: daemon, wait_for_port: 80}
`;
}

/** Id of the host's container; empty where none runs. */
export async function containerOn(host: Host): Promise<string> {
  const filter = 'label=io.kontena.container.type=container';
  return (await host.docker(['ps', '--quiet', '--filter', filter])).trim();
}

/** `web-<n>` */
export async function instanceOn(host: Host): Promise<string> {
  return await inspect(host, '{{.Config.Hostname}}');
}

export async function addressOn(host: Host): Promise<string> {
  return await inspect(host, '{{.NetworkSettings.Networks.gridops.IPAddress}}');
}

/** What a web server says to a host's container. */
export async function fetchFrom(host: Host, url: string): Promise<string> {
  const container = await containerOn(host);
  return await host.docker(['exec', container, 'timeout', '2', 'wget', '-qO-', url]);
}

/** Waits until a container on one host gets an answer from the one on another, by name. */
export async function reaches(from: Host, to: Host): Promise<void> {
  await until(
    async () => {
      try {
        const name = await instanceOn(to);
        return (await fetchFrom(from, `http://${name}/`)) === name;
      } catch {
        return false;
      }
    },
    `${from.name} to reach ${to.name}`,
    60_000,
  );
}

export async function everyPair(hosts: readonly Host[]): Promise<void> {
  for (const from of hosts) for (const to of hosts) await reaches(from, to);
}

async function inspect(host: Host, format: string): Promise<string> {
  return (await host.docker(['inspect', '--format', format, await containerOn(host)])).trim();
}
