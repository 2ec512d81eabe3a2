import type { DiskSpace } from '../model/engine-condition.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { HostReport } from '../model/host-report.ts';
import type { Engine, EngineFacts, PullOptions, Scope } from './containers.ts';
import { type GridRegistry, gridRegistry, ownRegistry } from './grid-registry.ts';
import type { DoorOptions, RegistryDoors } from './registry-doors.ts';

export interface GridImagesOptions {
  readonly engine: Engine;
  readonly doors: Pick<RegistryDoors, 'keep' | 'close'>;
  /** `null`: the node has no place in a grid's network yet. */
  readonly grid: () => string | null;
  readonly lookup: DoorOptions['lookup'];
  readonly onFailure: DoorOptions['onFailure'];
}

/**
 * An engine that gets at images of registries in the grid, too: there is a door to a registry before it is asked. To the grid's
 * own registry there is one from when its name is known: images are pushed before anybody pulls them.
 */
export class GridImages implements Engine {
  readonly #options: GridImagesOptions;
  /** All that were asked for since the agent was started: others on the node may need them again. */
  readonly #registries = new Map<string, GridRegistry>();
  #ownOf: string | null = null;
  #isStopped = false;

  constructor(options: GridImagesOptions) {
    this.#options = options;
  }

  async facts(): Promise<EngineFacts> {
    return await this.#options.engine.facts();
  }

  async host(scope: Scope): Promise<HostReport> {
    return await this.#options.engine.host(scope);
  }

  async ping(): Promise<void> {
    await this.#options.engine.ping();
  }

  async disk(): Promise<DiskSpace | null> {
    return await this.#options.engine.disk();
  }

  async pull(image: string, options: PullOptions): Promise<string | null> {
    const grid = this.#options.grid();
    const registry = grid === null ? null : gridRegistry(image, grid);
    if (registry !== null) await this.#open(registry);
    return await this.#options.engine.pull(image, options);
  }

  /** Names of the grid have changed. What fails is told once; whoever pulls tries again. */
  async namesChanged(): Promise<void> {
    const grid = this.#options.grid();
    if (this.#isStopped || grid === null || grid === this.#ownOf) return;
    const registry = ownRegistry(grid);
    if ((await this.#options.lookup(registry.host)).length === 0 || grid === this.#ownOf) return;
    this.#ownOf = grid;
    await this.#open(registry).catch((error) => this.#options.onFailure(errorMessage(error)));
  }

  /** Closes the doors: nobody is behind them any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const { doors, onFailure } = this.#options;
    await doors.close().catch((error) => onFailure(errorMessage(error)));
  }

  async #open(registry: GridRegistry): Promise<void> {
    if (this.#isStopped) return;
    const name = `${registry.host}:${registry.port}`;
    this.#registries.set(name, registry);
    try {
      await this.#options.doors.keep([...this.#registries.values()]);
    } catch (error) {
      throw new GridError({
        code: 'image-pull-failed',
        message: `the engine cannot be shown the way to the registry ${name}: ${errorMessage(error)}`,
        hint: 'The agent writes its name into the hosts file of the node (the setting hosts_file).',
        retry: 'later',
        cause: error,
      });
    }
  }
}
