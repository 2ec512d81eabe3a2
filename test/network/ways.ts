import type { Host } from './rig/host.ts';

/** The host that a host's packets for another one go to; empty: none. Nodes are numbered like hosts. */
export async function wayFrom(from: Host, to: Host, all: readonly Host[]): Promise<string> {
  const carried = await from.exec(['wg', 'show', 'gridops-wg', 'allowed-ips']);
  const line = carried.split('\n').find((one) => one.includes(`10.83.0.${to.number}/32`)) ?? '';
  const others = all.filter((host) => host !== from && host.isUp);
  for (const host of others) if (line.startsWith(await keyOf(host))) return host.name;
  return '';
}

async function keyOf(host: Host): Promise<string> {
  return await host.exec(['wg', 'show', 'gridops-wg', 'public-key']);
}
