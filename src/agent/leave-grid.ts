import { readdir } from 'node:fs/promises';
import pLimit from 'p-limit';
import { GridError } from '../model/error.ts';
import { takeOverlayAway } from '../overlay/take-away.ts';
import { systemTools } from '../overlay/tools.ts';
import type { Containers, ListedContainer } from './containers.ts';
import { DockerClient } from './docker.ts';
import { DockerContainers } from './docker-containers.ts';
import { DockerEngine } from './docker-engine.ts';
import { DockerNetworks } from './docker-networks.ts';
import { emptyAgentFolder, holdAgentFolder } from './folder.ts';
import { putHosts } from './hosts-file.ts';
import { Identity, type Membership } from './identity.ts';
import { noNetworks } from './plain-networks.ts';
import { volumesOf } from './volumes-left.ts';
import { WireguardHelper } from './wireguard-helper.ts';

export interface LeaveOptions {
  /** The agent's. */
  readonly directory: string;
  readonly dockerSocket: string;
  readonly hostsFile: string;
  readonly wireguardImage: string;
  /** Containers of the grid are stopped and removed, too; else they are a reason to refuse. */
  readonly withContainers: boolean;
}

/** What became of the host. */
export interface Departure {
  readonly grid: string;
  readonly node: string;
  /** Names of the containers that were removed. */
  readonly containers: readonly string[];
  /** Names of the grid's volumes that are still there: nobody but a person removes data. */
  readonly volumes: readonly string[];
}

/** Containers that are stopped at the same moment. */
const STOPPING = 4;
/** Seconds that each of them has to end in by itself. */
const GRACE = 10;

/**
 * Takes this host out of its grid: its containers, the grid's networks, lines in the hosts file, and the agent's folder with
 * its keys. The master is not asked, and forgets the node when a person says so. Where something fails, all that is left can
 * be taken away by doing it again. Throws `GridError`: `invalid-configuration` where no node is, or its agent runs;
 * `invalid-request` where containers are left; and as the engine does.
 */
export async function leaveGrid(options: LeaveOptions): Promise<Departure> {
  const { directory, hostsFile } = options;
  const membership = await membershipOf(directory);
  const letGo = await holdAgentFolder(directory);
  try {
    const client = new DockerClient({ address: options.dockerSocket });
    const containers = await removeContainers(client, membership, options);
    await removeNetworks(client, membership, options);
    await putHosts(hostsFile, membership.node, []);
    const volumes = await volumesOf(client, membership.grid);
    await emptyAgentFolder(directory);
    return { grid: membership.grid, node: membership.node, containers, volumes };
  } finally {
    await letGo();
  }
}

/** Opening a folder that no agent has used would make it one. */
async function membershipOf(directory: string): Promise<Membership> {
  const names: readonly string[] = await readdir(directory).catch(() => []);
  const membership = names.includes('membership.json')
    ? (await Identity.open(directory)).membership
    : null;
  if (membership !== null) return membership;
  throw new GridError({
    code: 'invalid-configuration',
    message: `${directory} is not the folder of an agent that has joined a grid`,
    hint: "Give the agent's folder: --data, or GRIDOPS_AGENT_DATA.",
  });
}

async function removeContainers(
  client: DockerClient,
  { grid, node }: Membership,
  { withContainers }: LeaveOptions,
): Promise<readonly string[]> {
  const containers = new DockerContainers(client, noNetworks);
  const left = await containers.list({ grid, node, publishAddress: '' });
  if (left.length > 0 && !withContainers) throw stillUsed(left);
  const limit = pLimit(STOPPING);
  await Promise.all(left.map((one) => limit(async () => await removeContainer(containers, one))));
  return left.map(({ name }) => name).toSorted();
}

async function removeContainer(containers: Containers, { id }: ListedContainer): Promise<void> {
  await containers.stop(id, GRACE, new AbortController().signal);
  await containers.remove(id);
}

function stillUsed(left: readonly ListedContainer[]): GridError {
  const names = left.map(({ name }) => name).toSorted();
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');
  return new GridError({
    code: 'invalid-request',
    message: `${names.length} containers of the grid are on this host: ${shown}`,
    hint: 'Drain the node first (availability: drain in grid.yml, with its agent running), or have them stopped and removed: --remove-containers.',
  });
}

async function removeNetworks(
  client: DockerClient,
  { grid }: Membership,
  { directory, wireguardImage: image }: LeaveOptions,
): Promise<void> {
  const hadOverlay = (await readdir(directory)).includes('network.json');
  const helper = new WireguardHelper({ client, engine: new DockerEngine(client), image });
  if (hadOverlay) await takeOverlayAway(systemTools, helper);
  await new DockerNetworks(client).removeAll(grid);
}
