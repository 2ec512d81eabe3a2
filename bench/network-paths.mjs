import { gridNetwork } from './network-grid.mjs';

/**
 * The ways from one container to another that are compared. `connect` gets a rig whose three hosts are a grid, and the
 * image that measures, and resolves to the container that sends (`host`, `container`) and the `address` of the one that receives.
 */
export const PATHS = [
  { name: 'host network', connect: hostNetwork },
  { name: 'bridge, one host', connect: oneBridge },
  { name: 'Swarm overlay', connect: swarmOverlay },
  { name: 'grid, trusted pair', connect: trustedPair },
  { name: 'grid, encrypted pair', connect: encryptedPair },
];

/** Starts the receiving container, then the sending one; options are those of `docker run`. */
export async function pair(image, { name, server, client, network }) {
  const options = ['run', '--detach', '--init', '--network', network];
  await server.docker([...options, '--name', `${name}-server`, image, 'iperf3', '--server']);
  await client.docker([...options, '--name', `${name}-client`, image, 'sleep', '86400']);
  return { host: client, container: `${name}-client` };
}

async function hostNetwork(rig, image) {
  const [client, server] = rig.hosts;
  const from = await pair(image, { name: 'host', server, client, network: 'host' });
  return { ...from, address: server.address };
}

async function oneBridge(rig, image) {
  const [host] = rig.hosts;
  await host.docker(['network', 'create', 'plain']);
  const from = await pair(image, { name: 'bridge', server: host, client: host, network: 'plain' });
  return { ...from, address: await addressOf(host, 'bridge-server', 'plain') };
}

async function swarmOverlay(rig, image) {
  const [client, server] = rig.hosts;
  await client.docker(['swarm', 'init', '--advertise-addr', client.address]);
  const token = await client.docker(['swarm', 'join-token', '--quiet', 'worker']);
  const self = ['--advertise-addr', server.address];
  await server.docker(['swarm', 'join', '--token', token, ...self, client.address]);
  await client.docker(['network', 'create', '--driver', 'overlay', '--attachable', 'swarm']);
  const from = await pair(image, { name: 'swarm', server, client, network: 'swarm' });
  return { ...from, address: await addressOf(server, 'swarm-server', 'swarm') };
}

async function trustedPair(rig, image) {
  return await gridPair(image, { name: 'trusted', server: rig.host(3), client: rig.host(2) });
}

async function encryptedPair(rig, image) {
  return await gridPair(image, { name: 'encrypted', server: rig.host(2), client: rig.host(1) });
}

async function gridPair(image, { name, server, client }) {
  const network = gridNetwork();
  const from = await pair(image, { name, server, client, network });
  return { ...from, address: await addressOf(server, `${name}-server`, network) };
}

async function addressOf(host, container, network) {
  const format = `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`;
  return await host.docker(['inspect', '--format', format, container]);
}
