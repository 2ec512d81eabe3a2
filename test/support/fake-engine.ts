import type {
  ContainerFacts,
  Containers,
  Engine,
  EngineEvent,
  EngineFacts,
  EngineHealth,
  ExecResult,
  HookCreation,
  HookRun,
  ListedContainer,
  Mending,
  PlacedInstance,
  PullOptions,
  Scope,
} from '../../src/agent/containers.ts';
import { type Limits, wantedLimits } from '../../src/agent/live-settings.ts';
import type { Probes, Target } from '../../src/agent/probe.ts';
import type { Volumes } from '../../src/agent/volumes.ts';
import type { ContainerPhase } from '../../src/model/container.ts';
import type { DiskSpace } from '../../src/model/engine-condition.ts';
import { type ErrorCode, GridError } from '../../src/model/error.ts';
import { isGating } from '../../src/model/extras.ts';
import { type Hook, hookKey, hooksInside } from '../../src/model/hook.ts';
import type { HostReport } from '../../src/model/host-report.ts';
import { type InstanceId, instancePath } from '../../src/model/identity.ts';
import { volumeName } from '../../src/model/volume-name.ts';
import type { Clock } from '../../src/runtime/clock.ts';

/** What containers of an image do. Times in milliseconds since a container's start. */
export interface Behaviour {
  /** Exits by itself. `null`: never. */
  readonly exitAfter?: number | null;
  readonly exitCode?: number;
  readonly log?: readonly string[];
  /** Accepts connections from then on; `null`: never. */
  readonly listensAfter?: number | null;
  /** What its health check's GET is answered with. */
  readonly status?: number;
  /** How long it takes to stop; more than its grace period is cut short by the kill. */
  readonly stopTakes?: number;
  /** The engine cannot start it. */
  readonly startError?: ErrorCode;
  readonly startMessage?: string;
  /** Must be pulled first, which takes this long. */
  readonly pullTakes?: number;
  /** Who may pull it, and with which password; absent: anybody. */
  readonly privateTo?: { readonly username: string; readonly password: string };
  /** What its hooks do, by name; others succeed at once. */
  readonly hooks?: Readonly<Record<string, HookBehaviour>>;
}

export interface HookBehaviour {
  /** Milliseconds; `null`: it never ends by itself. */
  readonly takes?: number | null;
  readonly exitCode?: number;
  readonly log?: readonly string[];
}

export type Operation =
  | 'list'
  | 'host'
  | 'find'
  | 'create'
  | 'create-hook'
  | 'start-hook'
  | 'create-exec'
  | 'exec'
  | 'start'
  | 'stop'
  | 'remove'
  | 'rename'
  | 'unpause'
  | 'mend'
  | 'pull'
  | 'watch';

/** That all containers are in. */
const NETWORK = 'fake';

interface FakeContainer {
  readonly id: string;
  readonly scope: Scope;
  readonly instance: PlacedInstance;
  readonly log: string[];
  readonly hookRun: HookRun | null;
  name: string;
  phase: ContainerPhase;
  startedAt: number | null;
  finishedAt: number | null;
  exitCode: number | null;
  address: string | null;
  starts: number;
  engineHealth: EngineHealth | null;
  limits: Limits;
  networks: readonly string[];
}

interface FakeExec {
  readonly container: FakeContainer;
  readonly hook: Hook;
  startedAt: number | null;
}

interface Listener {
  readonly scope: Scope;
  readonly changed: (event: EngineEvent) => void;
  readonly end: (error: GridError | null) => void;
}

/**
 * An engine in memory behind all three of the agent's ports, with the real one's manners (the contract suite runs against
 * both). Images are known by their behaviour; what nobody described does not exist.
 */
export class FakeEngine implements Containers, Engine, Probes {
  /** Every change that was asked for, as `operation name`, in order. */
  readonly journal: string[] = [];
  /** Of its disk. */
  space: DiskSpace | null = null;
  /** Answers every call with `engine-unreachable`, and ends the event streams. */
  #down = false;
  readonly #clock: Clock;
  readonly #images = new Map<string, Behaviour>();
  readonly #pulled = new Set<string>();
  readonly #containers = new Map<string, FakeContainer>();
  readonly #execs = new Map<string, FakeExec>();
  readonly #listeners = new Set<Listener>();
  readonly #faults: { operation: Operation; error: GridError; times: number }[] = [];
  readonly #most = new Map<string, number>();
  /** By name, with the instance that it was made for. */
  readonly #volumes = new Map<string, { readonly scope: Scope; readonly of: InstanceId }>();
  #ids = 0;

  constructor(options: {
    readonly clock: Clock;
    readonly images: Readonly<Record<string, Behaviour>>;
  }) {
    this.#clock = options.clock;
    for (const [image, behaviour] of Object.entries(options.images)) this.behave(image, behaviour);
  }

  // What tests do to it.

  /** Describes an image, also while containers of it run. */
  behave(image: string, behaviour: Behaviour): void {
    this.#images.set(image, behaviour);
  }

  /** The next calls of this kind fail. */
  fail(operation: Operation, code: ErrorCode, times = 1): void {
    const error = new GridError({
      code,
      message: `cannot ${operation}: told to fail`,
      retry: 'later',
    });
    this.#faults.push({ operation, error, times });
  }

  /** The daemon dies, or comes back. Its containers go on. */
  setDown(down: boolean): void {
    this.#down = down;
    if (down) for (const listener of this.#listeners) listener.end(unreachable('listen'));
  }

  /** The program in it dies, and nobody has asked for it. */
  crash(name: string, code = 1): void {
    this.#exit(this.#named(name), code);
  }

  /** `docker kill`, and `docker stop` of what does not mind. */
  kill(name: string): void {
    const container = this.#named(name);
    this.#announce(container, 'kill');
    this.#exit(container, 137);
  }

  /** `docker pause`. */
  pause(name: string): void {
    const container = this.#named(name);
    if (container.phase === 'running') this.#turn(container, 'paused');
  }

  /** `docker unpause`. */
  unpauseByHand(name: string): void {
    this.#turn(this.#named(name), 'running');
  }

  /** `docker rename`. */
  renameByHand(name: string, to: string): void {
    const container = this.#named(name);
    this.#claim(to);
    container.name = to;
    this.#announce(container, 'rename');
  }

  /** `docker update`. */
  update(name: string, limits: Limits): void {
    const container = this.#named(name);
    container.limits = { ...container.limits, ...limits };
    this.#announce(container, 'update');
  }

  /** `docker network disconnect`. */
  disconnect(name: string, network = NETWORK): void {
    const container = this.#named(name);
    container.networks = container.networks.filter((one) => one !== network);
    if (network === NETWORK) container.address = null;
    this.#tell(container, { action: 'disconnect', container: container.id, id: null });
  }

  /** `docker network connect`. */
  connect(name: string, network: string): void {
    const container = this.#named(name);
    container.networks = [...container.networks, network].toSorted();
    this.#tell(container, { action: 'connect', container: container.id, id: null });
  }

  /** What the health check that the engine runs in it finds from now on. */
  diagnose(name: string, health: EngineHealth): void {
    const container = this.#named(name);
    container.engineHealth = health;
    this.#announce(container, 'health_status');
  }

  /** `docker rm -f`. */
  removeByHand(name: string): void {
    const container = this.#named(name);
    if (container.phase === 'running') this.kill(name);
    this.#drop(container);
  }

  /** What an engine does some minutes after commands inside of containers have ended. */
  forgetExecs(): void {
    this.#execs.clear();
  }

  /** Names of all containers, sorted; `name (phase)` for those that do not run. */
  get names(): string[] {
    return [...this.#containers.values()]
      .map((one) => (one.phase === 'running' ? one.name : `${one.name} (${one.phase})`))
      .toSorted();
  }

  get(name: string): Readonly<FakeContainer> {
    return this.#named(name);
  }

  /** The most containers that an instance ever had at the same moment, over all instances. */
  get mostOfOneInstance(): number {
    return Math.max(0, ...this.#most.values());
  }

  /** How many changes of this kind were asked for. */
  count(operation: Operation): number {
    return this.journal.filter((line) => line.startsWith(`${operation} `)).length;
  }

  /** The port `Volumes`. */
  readonly volumes: Volumes = {
    list: async (grid, node) => {
      await this.#enter('list');
      const own = [...this.#volumes].filter(
        ([, { scope }]) => scope.grid === grid && scope.node === node,
      );
      return own.map(([name, { of }]) => ({
        name,
        driver: 'local',
        stack: of.stack,
        service: of.service,
        number: of.number,
        createdAt: null,
        size: 1_536,
        usedBy: this.#usersOf(name),
      }));
    },
    remove: async (name) => {
      await this.#enter('remove', `volume ${name}`);
      if (this.#usersOf(name).length > 0) throw refused('engine-refused', 'volume is in use');
      this.#volumes.delete(name);
    },
  };

  // The port `Containers`.

  async list(scope: Scope): Promise<ListedContainer[]> {
    await this.#enter('list');
    return this.#of(scope).map(
      ({ id, name, instance, phase, engineHealth, hookRun, networks }) => ({
        id,
        name,
        phase,
        engineHealth,
        hookRun,
        networks,
        specHash: instance.specHash,
        stack: instance.stack,
        service: instance.service,
        number: instance.number,
        volumes: volumesOf(instance),
        mounted: instance.spec.mounts.flatMap((one) => (one.kind === 'bind' ? [one.source] : [])),
      }),
    );
  }

  async find(scope: Scope, id: InstanceId): Promise<ContainerFacts[]> {
    await this.#enter('find');
    const path = instancePath(id);
    return this.#of(scope)
      .filter((one) => instancePath(one.instance) === path)
      .map(facts);
  }

  async create(scope: Scope, instance: PlacedInstance, name: string): Promise<string> {
    await this.#enter('create', name);
    return this.#create(scope, instance, name, null);
  }

  async createHook(
    scope: Scope,
    instance: PlacedInstance,
    { name, run }: HookCreation,
  ): Promise<string> {
    await this.#enter('create-hook', run.hook);
    return this.#create(scope, instance, name, run);
  }

  async createExec(id: string, hook: Hook): Promise<string> {
    const container = this.#existing(id);
    await this.#enter('create-exec');
    if (container.phase !== 'running')
      throw refused('engine-refused', `container ${container.name} is not running`);
    this.#ids += 1;
    const exec = `exec-${this.#ids}`;
    this.#execs.set(exec, { container, hook, startedAt: null });
    return exec;
  }

  async exec(exec: string, limit: number, signal: AbortSignal): Promise<ExecResult> {
    const found = this.#execs.get(exec);
    if (found === undefined) throw refused('not-found', `No such exec instance: ${exec}`);
    const { container, hook, startedAt } = found;
    if (startedAt === null) await this.#enter('exec', `${container.name} ${hookKey(hook)}`);
    const now = this.#clock.now();
    found.startedAt ??= now;
    const { takes = 0, exitCode = 0, log = [] } = this.#hook(container, hook.name);
    const left = takes === null ? Infinity : found.startedAt + takes - now;
    if (left > 0) await this.#clock.sleep(Math.min(left, limit), signal);
    const told = startedAt === null ? log.slice(-20) : [];
    return { exitCode: left > limit ? null : exitCode, log: told };
  }

  async start(id: string): Promise<void> {
    const container = this.#existing(id);
    if (container.hookRun !== null) return await this.#startHook(container, container.hookRun);
    await this.#enter('start', container.name);
    if (this.#existing(id).phase === 'running') return;
    const behaviour = this.#behaviour(container);
    const { startError, log = [], exitAfter = null, exitCode = 1 } = behaviour;
    if (startError !== undefined)
      throw refused(startError, behaviour.startMessage ?? 'the container does not start');
    this.#claimPorts(container);
    container.phase = 'running';
    container.startedAt = this.#clock.now();
    container.exitCode = null;
    container.starts += 1;
    container.address = this.#addressOf(container);
    this.#announce(container, 'start');
    container.log.push(...log);
    if (isGating(container.instance.spec.extras?.healthcheck)) void this.#check(container);
    if (exitAfter !== null) void this.#exitLater(container, exitAfter, exitCode);
  }

  async stop(id: string, grace: number, signal: AbortSignal): Promise<void> {
    const container = this.#containers.get(id);
    await this.#enter('stop', container?.name ?? id);
    if (container === undefined || !isAlive(container)) return;
    this.#announce(container, 'kill');
    const { stopTakes = 0 } = this.#behaviour(container);
    if (stopTakes > 0) await this.#clock.sleep(Math.min(stopTakes, grace * 1_000), signal);
    this.#exit(container, stopTakes > grace * 1_000 ? 137 : 143);
  }

  async remove(id: string): Promise<void> {
    const container = this.#containers.get(id);
    await this.#enter('remove', container?.name ?? id);
    if (container === undefined || !this.#containers.has(id)) return;
    if (isAlive(container)) {
      this.#announce(container, 'kill');
      this.#exit(container, 137);
    }
    this.#drop(container);
  }

  async rename(id: string, name: string): Promise<void> {
    const container = this.#existing(id);
    await this.#enter('rename', `${container.name} to ${name}`);
    this.#claim(name);
    container.name = name;
    this.#announce(container, 'rename');
  }

  async unpause(id: string): Promise<void> {
    const container = this.#existing(id);
    await this.#enter('unpause', container.name);
    if (container.phase === 'paused') this.#turn(container, 'running');
  }

  async mend(_: Scope, id: string, { instance, deviations }: Mending): Promise<void> {
    const container = this.#existing(id);
    await this.#enter('mend', `${container.name} ${deviations.map(({ what }) => what).join()}`);
    for (const { cure, found } of deviations) {
      if (cure === 'update') container.limits = wantedLimits(instance.spec);
      if (cure === 'connect') container.networks = [...container.networks, NETWORK].toSorted();
      if (cure === 'connect') container.address = this.#addressOf(container);
      if (cure === 'disconnect')
        container.networks = container.networks.filter((one) => one !== found);
    }
    this.#announce(container, 'update');
  }

  async logs(id: string): Promise<string[]> {
    await Promise.resolve();
    return this.#existing(id).log.slice(-20);
  }

  async watch(scope: Scope, changed: (event: EngineEvent) => void, signal: AbortSignal) {
    await this.#enter('watch');
    const ended = new Promise<void>((resolve, reject) => {
      const end = (error: GridError | null): void => {
        this.#listeners.delete(listener);
        if (error === null) resolve();
        else reject(error);
      };
      const listener: Listener = { scope, changed, end };
      this.#listeners.add(listener);
      signal.addEventListener('abort', () => end(null), { once: true });
    });
    ended.catch(() => undefined);
    return { ended };
  }

  // The port `Engine`.

  async facts(): Promise<EngineFacts> {
    await this.#enter('list');
    return {
      version: '99.0',
      cpus: 4,
      memory: 8 * 1024 ** 3,
      operatingSystem: 'Fake OS',
      architecture: 'x86_64',
      volumeDrivers: ['local'],
    };
  }

  /** What others have on the host is up to tests. */
  foreign: HostReport = { ports: [], volumes: [] };

  async host(): Promise<HostReport> {
    await this.#enter('host');
    return this.foreign;
  }

  async ping(): Promise<void> {
    await Promise.resolve();
    if (this.#down) throw unreachable('ping');
  }

  async disk(): Promise<DiskSpace | null> {
    await Promise.resolve();
    return this.space;
  }

  async pull(image: string, { onProgress, signal, signIn }: PullOptions): Promise<string | null> {
    if (this.#has(image)) return null;
    await this.#enter('pull', image);
    const takes = this.#images.get(image)?.pullTakes;
    if (takes === undefined) throw refused('image-not-found', `no registry has image ${image}`);
    const wanted = this.#images.get(image)?.privateTo;
    const shown = signIn?.();
    const isLetIn = wanted?.username === shown?.username && wanted?.password === shown?.password;
    if (wanted !== undefined && !isLetIn)
      throw refused('registry-refused', `unauthorized: ${shown?.password ?? 'nobody'}`);
    onProgress(50);
    await this.#clock.sleep(takes, signal);
    this.#pulled.add(image);
    return `sha256:${image}`;
  }

  // The port `Probes`.

  async tcp(target: Target): Promise<void> {
    await Promise.resolve();
    this.#listening(target);
  }

  async http(target: Target & { readonly uri: string }): Promise<void> {
    await Promise.resolve();
    const { status = 200 } = this.#behaviour(this.#listening(target));
    if (status >= 400) throw new Error(`GET ${target.uri} was answered with ${status}`);
  }

  #create(scope: Scope, instance: PlacedInstance, name: string, hookRun: HookRun | null): string {
    const { image } = instance.spec;
    if (!this.#has(image)) throw refused('image-not-found', `No such image: ${image}`);
    this.#claim(name);
    this.#ids += 1;
    const id = `container-${String(this.#ids).padStart(4, '0')}`;
    this.#containers.set(id, {
      id,
      scope,
      instance,
      name,
      phase: 'created',
      startedAt: null,
      finishedAt: null,
      exitCode: null,
      address: null,
      starts: 0,
      engineHealth: null,
      log: [],
      hookRun,
      limits: wantedLimits(instance.spec),
      networks: [NETWORK],
    });
    for (const volume of volumesOf(instance))
      if (!this.#volumes.has(volume)) this.#volumes.set(volume, { scope, of: instance });
    this.#countInstance(instancePath(instance));
    return id;
  }

  #usersOf(volume: string): string[] {
    const all = [...this.#containers.values()];
    return all.filter((one) => volumesOf(one.instance).includes(volume)).map((one) => one.name);
  }

  #listening({ host, port }: Target): FakeContainer {
    const container = [...this.#containers.values()].find((one) => one.address === host);
    if (container !== undefined && this.#accepts(container)) return container;
    throw new Error(`port ${port} does not accept connections`);
  }

  #accepts(container: FakeContainer): boolean {
    const { listensAfter = 0 } = this.#behaviour(container);
    if (container.phase !== 'running' || container.startedAt === null) return false;
    return listensAfter !== null && this.#clock.now() >= container.startedAt + listensAfter;
  }

  /** Every call ends a moment later, and the world may have changed by then. */
  async #enter(operation: Operation, name?: string): Promise<void> {
    if (name !== undefined) this.journal.push(`${operation} ${name}`);
    await Promise.resolve();
    if (this.#down) throw unreachable(operation);
    const fault = this.#faults.find((one) => one.operation === operation && one.times > 0);
    if (fault === undefined) return;
    fault.times -= 1;
    throw fault.error;
  }

  #of(scope: Scope): FakeContainer[] {
    return [...this.#containers.values()].filter(
      (one) => one.scope.grid === scope.grid && one.scope.node === scope.node,
    );
  }

  #has(image: string): boolean {
    const behaviour = this.#images.get(image);
    return (
      behaviour !== undefined && (behaviour.pullTakes === undefined || this.#pulled.has(image))
    );
  }

  #behaviour(container: FakeContainer): Behaviour {
    return this.#images.get(container.instance.spec.image) ?? {};
  }

  #existing(id: string): FakeContainer {
    const container = this.#containers.get(id);
    if (container === undefined) throw refused('not-found', `No such container: ${id}`);
    return container;
  }

  #named(name: string): FakeContainer {
    const container = [...this.#containers.values()].find((one) => one.name === name);
    if (container === undefined) throw new Error(`there is no container ${name}`);
    return container;
  }

  #claim(name: string): void {
    for (const one of this.#containers.values())
      if (one.name === name) throw refused('name-taken', `The name ${name} is already in use`);
  }

  #claimPorts(container: FakeContainer): void {
    const wanted = new Set(portsOf(container));
    for (const one of this.#containers.values())
      if (
        one !== container &&
        one.phase === 'running' &&
        portsOf(one).some((port) => wanted.has(port))
      )
        throw refused('port-taken', 'port is already allocated');
  }

  async #startHook(container: FakeContainer, run: HookRun): Promise<void> {
    await this.#enter('start-hook', run.hook);
    if (this.#existing(container.id).phase === 'running') return;
    const { takes = 0, exitCode = 0, log = [] } = this.#hook(container, run.hook);
    container.phase = 'running';
    container.startedAt = this.#clock.now();
    container.starts += 1;
    container.log.push(...log);
    if (takes === 0) this.#exit(container, exitCode);
    else if (takes !== null) void this.#exitLater(container, takes, exitCode);
  }

  #hook(container: FakeContainer, nameOrKey: string): HookBehaviour {
    const name = nameOrKey.slice(nameOrKey.indexOf('/') + 1);
    return this.#behaviour(container).hooks?.[name] ?? {};
  }

  async #exitLater(container: FakeContainer, after: number, code: number): Promise<void> {
    const { startedAt } = container;
    await this.#clock.sleep(after);
    if (container.phase === 'running' && container.startedAt === startedAt)
      this.#exit(container, code);
  }

  /** It knows one command, `exit CODE`, and runs it until the first verdict. */
  async #check(container: FakeContainer): Promise<void> {
    const { startedAt, instance } = container;
    const { test = [], interval = 30_000, retries = 3 } = instance.spec.extras?.healthcheck ?? {};
    container.engineHealth = 'starting';
    const passes = test[1] === 'exit 0';
    if (!/^exit \d+$/.test(test[1] ?? '')) return;
    await this.#clock.sleep(interval * (passes ? 1 : retries));
    if (container.phase !== 'running' || container.startedAt !== startedAt) return;
    container.engineHealth = passes ? 'healthy' : 'unhealthy';
    this.#announce(container, 'health_status');
  }

  #exit(container: FakeContainer, code: number): void {
    if (!isAlive(container)) return;
    container.phase = 'exited';
    container.exitCode = code;
    container.finishedAt = this.#clock.now();
    container.address = null;
    this.#announce(container, 'die');
  }

  #drop(container: FakeContainer): void {
    this.#containers.delete(container.id);
    this.#announce(container, 'destroy');
  }

  #turn(container: FakeContainer, phase: 'running' | 'paused'): void {
    container.phase = phase;
    this.#announce(container, phase === 'paused' ? 'pause' : 'unpause');
  }

  #addressOf({ id, networks }: FakeContainer): string | null {
    if (!networks.includes(NETWORK)) return null;
    return `10.99.${Math.floor(this.#ids / 250)}.${(Number(id.slice(-4)) % 250) + 1}`;
  }

  #announce(container: FakeContainer, action: string): void {
    this.#tell(container, { action, container: container.id, id: container.instance });
  }

  #tell({ scope }: FakeContainer, event: EngineEvent): void {
    for (const listener of this.#listeners)
      if (listener.scope.grid === scope.grid && listener.scope.node === scope.node)
        listener.changed(event);
  }

  #countInstance(path: string): void {
    const now = [...this.#containers.values()].filter(
      (one) => one.hookRun === null && instancePath(one.instance) === path,
    );
    this.#most.set(path, Math.max(this.#most.get(path) ?? 0, now.length));
  }
}

function facts(one: FakeContainer): ContainerFacts {
  const { id, name, phase, startedAt, finishedAt, exitCode, address, instance } = one;
  const { engineHealth, hookRun, networks, limits } = one;
  const { stack, service, number, specHash, revision, spec } = instance;
  const { stopGracePeriod, waitForPort, healthCheck } = spec;
  return {
    stack,
    service,
    number,
    specHash,
    revision,
    stopGracePeriod,
    waitForPort,
    healthCheck,
    hooks: hookRun === null ? hooksInside(spec.hooks, number) : [],
    hookRun,
    run: instance.run ?? null,
    id,
    name,
    phase,
    startedAt,
    finishedAt,
    exitCode,
    address,
    engineHealth,
    engineMessage: '',
    outOfMemory: false,
    presence: address === null ? null : { address, port: null, names: [], links: [], servers: [] },
    networks,
    settings: { limits, network: NETWORK },
  };
}

function volumesOf(instance: PlacedInstance): string[] {
  return instance.spec.mounts.flatMap((mount) =>
    mount.kind === 'volume' && !mount.volume.external ? [volumeName(instance, mount.volume)] : [],
  );
}

function isAlive({ phase }: FakeContainer): boolean {
  return phase === 'running' || phase === 'paused';
}

function portsOf({ instance, scope, hookRun }: FakeContainer): string[] {
  if (hookRun !== null) return [];
  return instance.spec.ports.map(
    (port) => `${port.ip ?? scope.publishAddress}:${port.nodePort}/${port.protocol}`,
  );
}

function refused(code: ErrorCode, message: string): GridError {
  return new GridError({ code, message });
}

function unreachable(operation: string): GridError {
  return new GridError({
    code: 'engine-unreachable',
    message: `cannot ${operation}: the Docker engine does not answer`,
    retry: 'later',
  });
}
