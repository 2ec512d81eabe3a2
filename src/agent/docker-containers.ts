import type { Readable } from 'node:stream';
import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerPhase } from '../model/container.ts';
import { GridError } from '../model/error.ts';
import type { Hook } from '../model/hook.ts';
import type { InstanceId } from '../model/identity.ts';
import { type ContainerOptionsInput, containerOptions } from './container-options.ts';
import type {
  ContainerFacts,
  ContainerSummary,
  Containers,
  ExecResult,
  HookCreation,
  Scope,
} from './containers.ts';
import type { DockerApi, DockerClient } from './docker.ts';
import { accept, engineError } from './docker-error.ts';
import { execInside } from './docker-exec.ts';
import { logLines } from './docker-log.ts';
import { DockerNetworks } from './docker-networks.ts';
import { hookOptions } from './hook-options.ts';
import { instanceFilter, parseLabels, scopeFilter } from './labels.ts';

const LOG_LINES = 20;
/** An event is a few hundred bytes plus the container's labels. A line longer than this is not one. */
const EVENT_LENGTH = 1024 * 1024;

type Inspection = Awaited<ReturnType<ReturnType<DockerApi['getContainer']>['inspect']>>;

/** The port `Containers` on a Docker engine. */
export class DockerContainers implements Containers {
  readonly #client: DockerClient;
  readonly #networks: DockerNetworks;

  constructor(client: DockerClient) {
    this.#client = client;
    this.#networks = new DockerNetworks(client);
  }

  async list(scope: Scope): Promise<ContainerSummary[]> {
    const listed = await this.#list(scopeFilter(scope));
    return listed.flatMap((one) => {
      const labels = parseLabels(one.Labels);
      if (labels === null) return [];
      const { stack, service, number, specHash, hookRun } = labels;
      const [name, phase] = [plainName(one.Names[0]), phaseOf(one.State)];
      return [{ id: one.Id, name, stack, service, number, specHash, phase, hookRun }];
    });
  }

  async find(scope: Scope, id: InstanceId): Promise<ContainerFacts[]> {
    const listed = await this.#list(instanceFilter(scope, id));
    const found = await Promise.all(listed.map((one) => this.#inspect(one.Id)));
    return found.filter((one) => one !== null);
  }

  async create(scope: Scope, instance: AssignedInstance, name: string): Promise<string> {
    return await this.#create(name, containerOptions(await this.#prepare(scope, instance)));
  }

  async createHook(scope: Scope, instance: AssignedInstance, of: HookCreation): Promise<string> {
    return await this.#create(of.name, hookOptions(await this.#prepare(scope, instance), of));
  }

  async exec(id: string, hook: Hook, limit: number, signal: AbortSignal): Promise<ExecResult> {
    return await execInside(this.#client, id, hook, { limit, signal });
  }

  async start(id: string): Promise<void> {
    const started = this.#client.call(`start container ${short(id)}`, (docker, abortSignal) =>
      docker.getContainer(id).start({ abortSignal }),
    );
    try {
      await accept(started, [304]);
    } catch (error) {
      // Its network may have been removed by hand: the next attempt makes it again.
      if (error instanceof GridError && error.code === 'not-found') this.#networks.forget();
      throw error;
    }
  }

  async stop(id: string, grace: number, signal: AbortSignal): Promise<void> {
    const t = Math.ceil(grace);
    const stopped = this.#client.call(
      `stop container ${short(id)}`,
      (docker, abortSignal) => docker.getContainer(id).stop({ t, abortSignal }),
      { extra: t * 1_000, signal },
    );
    await accept(stopped, [304, 404]);
  }

  async remove(id: string): Promise<void> {
    const removed = this.#client.call(`remove container ${short(id)}`, (docker, abortSignal) =>
      docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
    );
    // 409: its removal is already under way.
    await accept(removed, [404, 409]);
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#client.call(`rename container ${short(id)} to ${name}`, (docker, abortSignal) =>
      docker.getContainer(id).rename({ name, abortSignal }),
    );
  }

  async logs(id: string): Promise<string[]> {
    const query = { stdout: true, stderr: true, tail: LOG_LINES, follow: false } as const;
    const answer = await this.#client.call(
      `read the log of container ${short(id)}`,
      (docker, abortSignal) => docker.getContainer(id).logs({ ...query, abortSignal }),
    );
    return Buffer.isBuffer(answer) ? logLines(answer, LOG_LINES) : [];
  }

  async watch(scope: Scope, changed: (id: InstanceId) => void, signal: AbortSignal) {
    this.#client.forget();
    const filters = { type: ['container'], event: ['die', 'destroy'], label: scopeFilter(scope) };
    const stream = await this.#client.open(
      'listen to events',
      (docker, abortSignal) => docker.getEvents({ filters: JSON.stringify(filters), abortSignal }),
      { signal },
    );
    return { ended: followEvents(stream, changed) };
  }

  async #prepare(scope: Scope, instance: AssignedInstance): Promise<ContainerOptionsInput> {
    const isBridged = instance.spec.networkMode === 'bridge';
    const network = isBridged ? await this.#networks.ensure(scope.grid) : '';
    await this.#checkExternalVolumes(instance);
    const imageVolumes = instance.stateful ? await this.#imageVolumes(instance.spec.image) : [];
    return { scope, instance, imageVolumes, network };
  }

  async #create(name: string, options: object): Promise<string> {
    // Split by hand: dockerode would else put the whole request, secrets included, into the URL as well.
    const split = { _query: { name }, _body: options };
    const container = await this.#client.call(`create container ${name}`, (docker, abortSignal) => {
      const request = { ...split, abortSignal };
      return docker.createContainer(request);
    });
    return container.id;
  }

  async #list(label: string[]) {
    const filters = JSON.stringify({ label });
    return await this.#client.call('list containers', (docker, abortSignal) =>
      docker.listContainers({ all: true, filters, abortSignal }),
    );
  }

  async #inspect(id: string): Promise<ContainerFacts | null> {
    try {
      return containerFacts(
        await this.#client.call(`inspect container ${short(id)}`, (docker, abortSignal) =>
          docker.getContainer(id).inspect({ abortSignal }),
        ),
      );
    } catch (error) {
      if (error instanceof GridError && error.code === 'not-found') return null;
      throw error;
    }
  }

  /** The engine would make an empty one of that name, and the service would start without its data. */
  async #checkExternalVolumes({ spec }: AssignedInstance): Promise<void> {
    for (const mount of spec.mounts) {
      if (mount.kind !== 'volume' || !mount.volume.external) continue;
      const { name } = mount.volume;
      await this.#client.call(`use the external volume ${name}`, (docker, abortSignal) =>
        docker.getVolume(name).inspect({ abortSignal }),
      );
    }
  }

  /** Data of a stateful service is kept also where only the image says that there is some. */
  async #imageVolumes(image: string): Promise<string[]> {
    const inspection = await this.#client.call(`inspect image ${image}`, (docker) =>
      docker.getImage(image).inspect(),
    );
    return Object.keys(inspection.Config.Volumes ?? {});
  }
}

function containerFacts(inspection: Inspection): ContainerFacts | null {
  const { Config, HostConfig, State, Id, Name } = inspection;
  const labels = parseLabels(Config.Labels);
  if (labels === null) return null;
  const endpoints = Object.values(inspection.NetworkSettings.Networks);
  const address = endpoints.find((endpoint) => endpoint.IPAddress !== '')?.IPAddress ?? null;
  const phase = phaseOf(State.Status);
  return {
    ...labels,
    id: Id,
    name: plainName(Name),
    phase,
    startedAt: timeOf(State.StartedAt),
    finishedAt: timeOf(State.FinishedAt),
    exitCode: phase === 'exited' ? State.ExitCode : null,
    outOfMemory: State.OOMKilled,
    address: HostConfig.NetworkMode === 'host' ? '127.0.0.1' : address,
  };
}

function phaseOf(state: string): ContainerPhase {
  if (state === 'created' || state === 'removing') return state;
  return state === 'exited' || state === 'dead' ? 'exited' : 'running';
}

/** Docker says year 1 for "never". */
function timeOf(text: string): number | null {
  const time = Date.parse(text);
  return Number.isNaN(time) || time <= 0 ? null : time;
}

function plainName(name: string | undefined): string {
  return (name ?? '').replace(/^\//, '');
}

function short(id: string): string {
  return id.slice(0, 12);
}

/** One JSON object a line, labels of the container among its actor's attributes. Resolves at the stream's end. */
async function followEvents(stream: Readable, changed: (id: InstanceId) => void): Promise<void> {
  let rest = '';
  try {
    for await (const chunk of stream) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > EVENT_LENGTH) throw new Error('an event without an end');
      for (const line of lines) {
        const id = parseEvent(line);
        if (id !== null) changed(id);
      }
    }
  } catch (error) {
    throw engineError(error, 'listen to events');
  }
}

function parseEvent(line: string): InstanceId | null {
  if (line.trim() === '') return null;
  const event = JSON.parse(line) as { Actor?: { Attributes?: Record<string, string> } };
  return parseLabels(event.Actor?.Attributes ?? {});
}
