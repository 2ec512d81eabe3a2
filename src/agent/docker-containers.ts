import type { AssignedInstance } from '../model/assignment.ts';
import type { ContainerPhase } from '../model/container.ts';
import { GridError } from '../model/error.ts';
import type { Hook } from '../model/hook.ts';
import type { InstanceId } from '../model/identity.ts';
import type { HeldAttachment, Networks } from './attachment.ts';
import { type ContainerOptionsInput, containerOptions } from './container-options.ts';
import type {
  ContainerFacts,
  Containers,
  EngineEvent,
  ExecResult,
  HookCreation,
  ListedContainer,
  Mending,
  Naming,
  PlacedInstance,
  Presence,
  Scope,
} from './containers.ts';
import type { DockerApi, DockerClient } from './docker.ts';
import { accept } from './docker-error.ts';
import { watchEvents } from './docker-events.ts';
import { createExec, runExec } from './docker-exec.ts';
import { lastOutput, listedHealth, verdictOf } from './docker-health.ts';
import { logLines, textLines } from './docker-log.ts';
import { mendContainer } from './docker-mend.ts';
import { hookOptions } from './hook-options.ts';
import { addressOf, instanceFilter, parseLabels, scopeFilter } from './labels.ts';
import { limitsOf } from './live-settings.ts';
import { withLostPort } from './lost-port.ts';

const LOG_LINES = 20;

/** Since version 1.45 of its API an engine mounts parts of volumes. */
const SUBPATH_VERSION = 45;
const ANNOTATIONS_API = 43;

type Inspection = Awaited<ReturnType<ReturnType<DockerApi['getContainer']>['inspect']>>;

/** The port `Containers` on a Docker engine. */
export class DockerContainers implements Containers {
  readonly #client: DockerClient;
  readonly #networks: Networks;

  constructor(client: DockerClient, networks: Networks) {
    this.#client = client;
    this.#networks = networks;
  }

  async list(scope: Scope): Promise<ListedContainer[]> {
    const listed = await this.#list(scopeFilter(scope));
    return listed.flatMap((one) => {
      const labels = parseLabels(one.Labels);
      if (labels === null) return [];
      const { stack, service, number, engineCheck, hookRun } = labels;
      const specHash = this.#specHash(labels.specHash, one.HostConfig.NetworkMode, one.Labels);
      const [name, phase] = [plainName(one.Names[0]), phaseOf(one.State)];
      const engineHealth = engineCheck ? listedHealth(one.Status) : null;
      const mounted = one.Mounts.flatMap((mount) => mount.Source ?? []);
      const own = { id: one.Id, name, stack, service, number, specHash, phase };
      const networks = Object.keys(one.NetworkSettings.Networks).toSorted();
      const volumes = one.Mounts.flatMap((mount) => mount.Name ?? []);
      return [{ ...own, engineHealth, hookRun, mounted, networks, volumes }];
    });
  }

  async find(scope: Scope, id: InstanceId): Promise<ContainerFacts[]> {
    const listed = await this.#list(instanceFilter(scope, id));
    const found = await Promise.all(listed.map((one) => this.#inspect(one.Id)));
    return found.filter((one) => one !== null);
  }

  async create(scope: Scope, instance: PlacedInstance, name: string): Promise<string> {
    return await this.#attached(
      scope,
      instance,
      async (input) => await this.#create(name, containerOptions(input), instance),
    );
  }

  async createHook(scope: Scope, instance: PlacedInstance, of: HookCreation): Promise<string> {
    return await this.#attached(
      scope,
      instance,
      async (input) => await this.#create(of.name, hookOptions(input, of), instance),
    );
  }

  async createExec(id: string, hook: Hook): Promise<string> {
    return await createExec(this.#client, id, hook);
  }

  async exec(exec: string, limit: number, signal: AbortSignal): Promise<ExecResult> {
    return await runExec(this.#client, exec, { limit, signal });
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
      throw error instanceof GridError ? await withLostPort(this.#client, error) : error;
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

  async unpause(id: string): Promise<void> {
    const unpaused = this.#client.call(`unpause container ${short(id)}`, (docker, abortSignal) =>
      docker.getContainer(id).unpause({ abortSignal }),
    );
    // It is not paused (any more).
    await accept(unpaused, [409]);
  }

  async mend(scope: Scope, id: string, of: Mending): Promise<void> {
    await mendContainer(this.#client, { scope, id, ...of });
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#client.call(`rename container ${short(id)} to ${name}`, (docker, abortSignal) =>
      docker.getContainer(id).rename({ name, abortSignal }),
    );
  }

  async logs(id: string): Promise<string[]> {
    const query = { stdout: true, stderr: true, tail: LOG_LINES, follow: false } as const;
    const what = `read the log of container ${short(id)}`;
    const [{ Config }, answer] = await this.#client.call(what, async (docker, abortSignal) => {
      const container = docker.getContainer(id);
      const log = container.logs({ ...query, abortSignal });
      return await Promise.all([container.inspect({ abortSignal }), log]);
    });
    if (!Buffer.isBuffer(answer)) return [];
    return Config.Tty ? textLines(answer, LOG_LINES) : logLines(answer, LOG_LINES);
  }

  async watch(scope: Scope, changed: (event: EngineEvent) => void, signal: AbortSignal) {
    this.#client.forget();
    return await watchEvents(this.#client, scope, changed, signal);
  }

  async #attached(
    scope: Scope,
    instance: PlacedInstance,
    create: (input: ContainerOptionsInput) => Promise<string>,
  ): Promise<string> {
    await this.#checkExternalVolumes(instance);
    await this.#checkSubpaths(instance);
    await this.#checkAnnotations(instance);
    const imageVolumes = instance.stateful ? await this.#imageVolumes(instance.spec.image) : [];
    const isBridged = instance.spec.networkMode === 'bridge';
    const held = isBridged ? await this.#networks.attach(scope, instance) : unattached;
    try {
      return await create({ scope, instance, imageVolumes, attachment: held.attachment });
    } finally {
      held.release();
    }
  }

  /** A container that is in another network is of no spec that is wanted, whatever it was made from. */
  #specHash(made: string, networkMode: string, labels: Readonly<Record<string, string>>): string {
    if (networkMode === 'host' || networkMode === 'none') return made;
    const isInOverlay = addressOf(labels) !== null;
    return isInOverlay === (this.#networks.mode === 'overlay') ? made : '';
  }

  async #create(name: string, options: object, { spec }: AssignedInstance): Promise<string> {
    const { platform } = spec.extras ?? {};
    const query = { name, ...(platform === undefined ? {} : { platform }) };
    // Split by hand: dockerode would else put the whole request, secrets included, into the URL as well.
    const split = { _query: query, _body: options };
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
      const inspection = await this.#client.call(
        `inspect container ${short(id)}`,
        (docker, abortSignal) => docker.getContainer(id).inspect({ abortSignal }),
      );
      const facts = containerFacts(inspection);
      if (facts === null) return null;
      const { Config, HostConfig } = inspection;
      const specHash = this.#specHash(facts.specHash, HostConfig.NetworkMode ?? '', Config.Labels);
      return { ...facts, specHash };
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

  /** An older engine would leave the subpath out, and show the whole volume. */
  async #checkSubpaths({ spec }: AssignedInstance): Promise<void> {
    const mount = spec.mounts.find((one) => one.kind === 'volume' && one.subpath !== undefined);
    if (mount === undefined || (await this.#client.speaks(SUBPATH_VERSION))) return;
    throw new GridError({
      code: 'engine-refused',
      message: `the mount at ${mount.target} has a subpath, which the Docker engine does not know: they came with API 1.${SUBPATH_VERSION}`,
      hint: 'Update Docker on this node to version 26 or later.',
    });
  }

  /** An older engine would take the request and leave them out. */
  async #checkAnnotations({ spec }: AssignedInstance): Promise<void> {
    if (spec.extras?.annotations === undefined || (await this.#client.speaks(ANNOTATIONS_API)))
      return;
    throw new GridError({
      code: 'engine-refused',
      message: `the Docker engine does not know annotations: they came with API 1.${ANNOTATIONS_API}`,
      hint: 'Upgrade Docker to version 24 or later, or take the annotations out of the service.',
    });
  }

  /** Data of a stateful service is kept also where only the image says that there is some. */
  async #imageVolumes(image: string): Promise<string[]> {
    const inspection = await this.#client.call(`inspect image ${image}`, (docker) =>
      docker.getImage(image).inspect(),
    );
    return Object.keys(inspection.Config.Volumes ?? {});
  }
}

const unattached: HeldAttachment = { attachment: { kind: 'none' }, release: () => undefined };

function containerFacts(inspection: Inspection): ContainerFacts | null {
  const { Config, HostConfig, State, Id, Name } = inspection;
  const parsed = parseLabels(Config.Labels);
  if (parsed === null) return null;
  const { engineCheck, naming, balancedPort, ...labels } = parsed;
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
    engineHealth: engineCheck ? verdictOf(State.Health?.Status) : null,
    engineMessage: lastOutput(State.Health?.Log),
    presence: presenceOf(addressOf(Config.Labels) ?? address, naming, balancedPort),
    networks: Object.keys(inspection.NetworkSettings.Networks).toSorted(),
    settings: { limits: limitsOf(HostConfig), network: ownNetwork(inspection) },
  };
}

/** By the name that the engine lists it under, while it is attached to it: it was made in it by id. */
function ownNetwork({ HostConfig, NetworkSettings }: Inspection): string {
  const { NetworkMode = '' } = HostConfig;
  const attached = Object.entries(NetworkSettings.Networks);
  return attached.find(([, { NetworkID }]) => NetworkID === NetworkMode)?.[0] ?? NetworkMode;
}

/** In the overlay a container has its address before it runs; on the engine's bridges, while it runs. */
function presenceOf(address: string | null, naming: Naming, port: number | null): Presence | null {
  return address === null ? null : { ...naming, address, port };
}

function phaseOf(state: string): ContainerPhase {
  if (state === 'created' || state === 'removing' || state === 'paused') return state;
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
