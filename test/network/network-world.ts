import { fileURLToPath } from 'node:url';
import type { LaunchedAgent } from '../support/world.ts';
import { eventually, startWorld, type World } from '../support/world.ts';
import type { Host } from './rig/host.ts';
import type { HostProcess } from './rig/host-process.ts';
import type { Rig } from './rig/rig.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

interface Launched {
  readonly args: readonly string[];
  readonly process: HostProcess;
}

/** A master on the rig's LAN, and an agent, as a person would start it, on each of its hosts. Nodes are called like hosts. */
export class NetworkWorld {
  readonly rig: Rig;
  readonly world: World;
  readonly #agents: Map<string, Launched>;

  private constructor(rig: Rig, world: World, agents: Map<string, Launched>) {
    this.rig = rig;
    this.world = world;
    this.#agents = agents;
  }

  static async start(
    rig: Rig,
    options: {
      readonly files: Readonly<Record<string, string>>;
      /** Where the master is; by default at the machine's IPv4 address. */
      readonly listen?: string;
      /** Further arguments of a host's agent. */
      readonly agentArgs?: (host: Host) => readonly string[];
    },
  ): Promise<NetworkWorld> {
    const agents = new Map<string, Launched>();
    const world = await startWorld({
      files: options.files,
      listen: options.listen ?? rig.address,
      launchAgent: async (agent) => {
        const host = hostOf(rig, agent.name);
        const args = commandLine(agent, options.agentArgs?.(host) ?? []);
        agents.set(host.name, { args, process: await host.spawn(args, { log: 'agent' }) });
        return { stop: async () => void (await agents.get(host.name)?.process.kill()) };
      },
    });
    return new NetworkWorld(rig, world, agents);
  }

  get grid(): string {
    return this.world.grid;
  }

  agent(host: Host): HostProcess {
    return this.#launched(host).process;
  }

  async startAgents(...hosts: readonly Host[]): Promise<void> {
    await Promise.all(hosts.map(async (host) => await this.world.startAgent(host.name)));
  }

  /** One after the other: numbers follow the order, so that of the first is 1. */
  async joinInOrder(...hosts: readonly Host[]): Promise<void> {
    for (const host of hosts) {
      await this.startAgents(host);
      await eventually(
        async () => ((await this.#online()) === this.#agents.size ? true : null),
        `${host.name} to join`,
      );
    }
  }

  /** After a kill or a power cut: the same node again, whether or not there is a master. */
  async restartAgent(host: Host): Promise<void> {
    const { args } = this.#launched(host);
    this.#agents.set(host.name, { args, process: await host.spawn(args, { log: 'agent' }) });
  }

  /** None as long as the master has not seen the grid. */
  async #online(): Promise<number> {
    const status = await this.world.gridStatus().catch(() => null);
    return status?.counts.nodesOnline ?? 0;
  }

  #launched(host: Host): Launched {
    const agent = this.#agents.get(host.name);
    if (agent === undefined) throw new Error(`${host.name} has no agent`);
    return agent;
  }

  /** Address of a node in the overlay, by the order of joining. */
  overlayAddress(number: number): string {
    return `10.81.0.${number}`;
  }

  /** Id of the container of an instance, by its node. */
  async container(host: Host, instance: string): Promise<string> {
    const [stack = '', service = '', number = ''] = instance.split(/[/-](?=[^/-]*$)|\//);
    const label = (name: string, value: string) => [
      '--filter',
      `label=io.kontena.${name}=${value}`,
    ];
    const ids = await host.docker([
      'ps',
      '-q',
      ...label('stack.name', stack),
      ...label('service.name', service),
      ...label('service.instance_number', number),
    ]);
    return ids.trim().split('\n')[0] ?? '';
  }

  /** Stops everything but the rig. */
  async stop(): Promise<void> {
    await this.world.stop();
  }
}

function hostOf(rig: Rig, name: string): Host {
  const host = rig.hosts.find((one) => one.name === name);
  if (host === undefined) throw new Error(`the rig has no host ${name}`);
  return host;
}

function commandLine(agent: LaunchedAgent, more: readonly string[]): readonly string[] {
  const { master, name, directory, joinToken } = agent;
  return [
    process.execPath,
    PROGRAM,
    'agent',
    '--master',
    String(master),
    '--name',
    name,
    '--data',
    directory,
    ...(joinToken === null ? [] : ['--token', joinToken]),
    '--network',
    'overlay',
    '--log-level',
    'debug',
    ...more,
  ];
}
