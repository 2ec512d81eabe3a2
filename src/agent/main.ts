import path from 'node:path';
import { errorMessage, GridError } from '../model/error.ts';
import type { NodeFacts } from '../model/observed.ts';
import { type JoinToken, parseJoinToken } from '../protocol/join-token.ts';
import { fingerprint } from '../protocol/sign.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { packageVersion } from '../runtime/version.ts';

import type { Containers, Engine } from './containers.ts';
import { DockerClient } from './docker.ts';
import { DockerContainers } from './docker-containers.ts';
import { DockerEngine } from './docker-engine.ts';
import { DockerImages } from './docker-images.ts';
import { createDockerVolumes } from './docker-volumes.ts';
import { DriftRecord } from './drift-record.ts';
import { EnginePulse } from './engine-pulse.ts';
import { FileStore } from './file-store.ts';
import { holdAgentFolder } from './folder.ts';
import type { GridNetwork } from './grid-network.ts';
import { HookRecord } from './hook-record.ts';
import { Housekeeping } from './housekeeping.ts';
import { Identity } from './identity.ts';
import { removeIdleNetwork } from './idle-network.ts';
import { ImageRecord } from './image-record.ts';
import { JobRecord } from './job-record.ts';
import { KnownFacts } from './known-facts.ts';
import { createLanes, defaultConcurrency } from './lanes.ts';
import { type AgentStatus, Node } from './node.ts';
import { type NetworkOptions, openNetwork } from './open-network.ts';
import { networkProbes, type Probes } from './probe.ts';
import { QuestionDesk } from './question-desk.ts';
import { recordedPulls } from './recorded-pulls.ts';
import { SecretStore } from './secret-store.ts';
import { withSecrets } from './secretive.ts';
import { signedPulls } from './signed-pulls.ts';
import { agentUrl, keepConnected } from './uplink.ts';
import { VolumeUse } from './volume-use.ts';
import type { Volumes } from './volumes.ts';

export { checkHost } from './check-host.ts';
export { leaveGrid } from './leave-grid.ts';

export interface AgentOptions {
  /** The master's address: `http(s)://…` or `ws(s)://…`. Of several, the first that is the master is used. */
  readonly master: string | readonly string[];
  /** Needed once, for a directory that has not joined yet; later it is only compared with what was joined. */
  readonly joinToken: string | null;
  /** The node's name. */
  readonly name: string;
  readonly labels: readonly string[];
  /** Holds the node's identity, its last assignment, and what is delivered to containers. Made when it is missing. */
  readonly directory: string;
  /** The engine's socket (a path or `unix://…`), or `tcp://host:port`. */
  readonly dockerSocket: string;
  /** Address for ports that name none. */
  readonly publishAddress: string;
  readonly network: NetworkOptions;
  /** How many containers are created, started or removed at the same moment; by the number of cores when absent. */
  readonly concurrency?: number;
  /** Milliseconds that an image which the agent fetched is kept after its last use; a day when absent. */
  readonly imageKeep?: number;
  readonly log: Log;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

/** The world outside. Tests put others, or wrappers, in place. */
export interface AgentPorts {
  readonly containers: Containers;
  readonly engine: Engine;
  readonly probes: Probes;
  readonly network: GridNetwork;
  readonly volumes: Volumes;
}

export interface RunningAgent {
  readonly name: string;
  status(): AgentStatus;
  /** Ends the session and the loops. Containers run on. */
  stop(): Promise<void>;
}

/** Milliseconds that a step in progress has to end in, when the agent stops; an engine that hangs would take a minute. */
const STOP_LIMIT = 5_000;
/** Whoever goes back to yesterday’s version does not wait for a registry. */
const IMAGE_KEEP = 24 * 3_600_000;

/**
 * Starts the agent of one node. It goes by the assignment on disk until the master sends a newer one, and for ever when it
 * never does. Resolves as soon as it runs, whether or not engine and master answer. Throws `invalid-configuration` for
 * options and files that a person must put right.
 */
export async function startAgent(
  options: AgentOptions,
  ports: Partial<AgentPorts> = {},
): Promise<RunningAgent> {
  const urls = [options.master].flat().map(agentUrl);
  const token = options.joinToken === null ? null : parseJoinToken(options.joinToken);
  const identity = await Identity.open(options.directory);
  checkMembership(options, identity, token);
  const letGo = await holdAgentFolder(options.directory);
  const hooks = await HookRecord.open(options.directory);
  const drifts = await DriftRecord.open(options.directory, options.log);
  const jobs = await JobRecord.open(options.directory);
  const secrets = await SecretStore.open(options.directory);
  const client = new DockerClient({ address: options.dockerSocket });
  const engine = ports.engine ?? new DockerEngine(client);
  const network =
    ports.network ??
    (await openNetwork({
      ...options,
      client,
      engine,
      onEvent: (event) => node.tell(event),
      onMoved: () => node.renew(),
    }));
  const pulse = new EnginePulse({
    engine,
    clock: options.clock,
    onEvent: (event) => node.tell(event),
    onBack: () => void renewIfChanged(node, facts, options.log),
    onLow: () => housekeeping.press(),
  });
  const record = await ImageRecord.open(options.directory);
  const { networks } = network;
  const housekeeping = new Housekeeping({
    ...options,
    images: new DockerImages(client),
    record,
    keep: options.imageKeep ?? IMAGE_KEEP,
    assignment: () => node.assignment,
    removeNetwork:
      networks.mode === 'bridge'
        ? async (grid) => {
            if (await removeIdleNetwork(client, grid)) networks.forget();
          }
        : null,
    onEvent: (event) => node.tell(event),
  });
  const facts = await KnownFacts.open({
    directory: options.directory,
    ask: async () => await nodeFacts(options, engine, network),
    isSilent: () => pulse.condition.state === 'silent',
  });
  const node = new Node({
    ...options,
    pulse,
    identity,
    token,
    hooks,
    drifts,
    jobs,
    engine: recordedPulls({
      ...options,
      engine: signedPulls({
        engine: network.engine,
        accounts: () => node.assignment?.registries ?? {},
        secrets,
      }),
      record,
      onFull: () => housekeeping.press(),
    }),
    desk: new QuestionDesk({
      ...options,
      volumes: ports.volumes ?? createDockerVolumes(client),
      use: await VolumeUse.open(options.directory, options.log),
    }),
    secrets,
    network,
    balancersDirectory: path.join(options.directory, 'balancers'),
    containers: withSecrets(
      ports.containers ?? new DockerContainers(client, network.networks),
      secrets,
    ),
    probes: ports.probes ?? networkProbes,
    files: new FileStore(path.join(options.directory, 'files'), (text) => secrets.reveal(text)),
    lanes: createLanes(options.concurrency ?? defaultConcurrency()),
    version: packageVersion(),
  });
  await node.resume();
  housekeeping.start();
  const stopping = new AbortController();
  const uplink = keepConnected(
    { ...options, urls, host: node, facts: () => facts.current() },
    stopping.signal,
  ).catch((error: unknown) =>
    options.log.error({ error: errorMessage(error) }, 'the uplink ended'),
  );
  return {
    name: options.name,
    status: () => node.status(),
    stop: async () => {
      stopping.abort(new Error('the agent stops'));
      const patience = setTimeout(() => client.abandon(), STOP_LIMIT);
      await Promise.all([node.stop(), housekeeping.stop(), uplink]);
      clearTimeout(patience);
      // What nobody waits for must not keep the process.
      client.abandon();
      await letGo();
    },
  };
}

/** An engine that was away may have come back as another version. */
async function renewIfChanged(node: Node, facts: KnownFacts, log: Log): Promise<void> {
  try {
    if (await facts.haveChanged()) node.renew();
  } catch (error) {
    log.warn({ error: errorMessage(error) }, 'the engine is gone again');
  }
}

function checkMembership(options: AgentOptions, identity: Identity, token: JoinToken | null): void {
  const { membership } = identity;
  if (membership === null && token === null)
    throw new GridError({
      code: 'invalid-configuration',
      message: `the node of ${options.directory} has not joined a grid and there is no join token`,
      hint: 'Make a token on the master: gridops token create --grid <grid>.',
    });
  if (membership === null) return;
  const { grid, node, masterKey } = membership;
  const isOurs =
    token === null || (token.grid === grid && token.fingerprint === fingerprint(masterKey));
  if (isOurs && node === options.name) return;
  throw new GridError({
    code: 'invalid-configuration',
    message: `${options.directory} belongs to node ${node} of grid ${grid}, joined with another name, grid or master`,
    hint: 'Give this node a directory of its own, or empty that one to join anew.',
  });
}

async function nodeFacts(
  options: AgentOptions,
  engine: Engine,
  network: GridNetwork,
): Promise<NodeFacts> {
  const [{ version, ...facts }, ownNetwork] = await Promise.all([engine.facts(), network.facts()]);
  return {
    ...facts,
    engineVersion: version,
    agentVersion: packageVersion(),
    labels: options.labels,
    publishAddress: options.publishAddress,
    network: ownNetwork,
    jobs: true,
  };
}
