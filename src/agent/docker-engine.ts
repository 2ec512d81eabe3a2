import type { DiskSpace } from '../model/engine-condition.ts';
import { GridError } from '../model/error.ts';
import type { HostReport } from '../model/host-report.ts';
import { dockerHub } from '../model/registry-account.ts';
import type { Engine, EngineFacts, PullOptions, Scope, SignIn } from './containers.ts';
import { Deadline } from './deadline.ts';
import { spaceOf } from './disk-space.ts';
import type { DockerClient } from './docker.ts';
import { engineError, pullError, statusOf } from './docker-error.ts';
import { dockerHost } from './docker-host.ts';
import { type ImageReference, imageReference } from './image-reference.ts';
import { PullProgress } from './pull-progress.ts';

/** Milliseconds without a sign of progress. Unpacking one large layer is silent for a while. */
const STALL_LIMIT = 180_000;
/** Of an engine that has work to do: then it takes seconds, rarely. */
const PING_LIMIT = 10_000;

/** What of the engine's description is used; its type in dockerode is `any`. */
interface Description {
  readonly ServerVersion: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly OperatingSystem: string;
  readonly Architecture: string;
  readonly DockerRootDir: string;
  readonly Plugins?: { readonly Volume?: readonly string[] | null };
}

/** The port `Engine` on a Docker engine. */
export class DockerEngine implements Engine {
  readonly #client: DockerClient;
  #rootFolder: string | null = null;

  constructor(client: DockerClient) {
    this.#client = client;
  }

  async facts(): Promise<EngineFacts> {
    const description = await this.#describe();
    return {
      version: description.ServerVersion,
      cpus: description.NCPU,
      memory: description.MemTotal,
      operatingSystem: description.OperatingSystem,
      architecture: description.Architecture,
      volumeDrivers: description.Plugins?.Volume ?? ['local'],
    };
  }

  async host(scope: Scope): Promise<HostReport> {
    return await dockerHost(this.#client, scope);
  }

  /** A question about containers: an engine that hangs may still answer its `/_ping`. */
  async ping(): Promise<void> {
    const limit = new Deadline(PING_LIMIT);
    const what = 'ask whether it is there';
    try {
      await this.#client.call(
        what,
        (docker, abortSignal) => docker.listContainers({ limit: 1, abortSignal }),
        { signal: limit.signal },
      );
    } catch (error) {
      throw engineError(error, what);
    } finally {
      limit.end();
    }
  }

  async disk(): Promise<DiskSpace | null> {
    if (!this.#client.isLocal) return null;
    this.#rootFolder ??= (await this.#describe()).DockerRootDir;
    return await spaceOf(this.#rootFolder);
  }

  async pull(image: string, options: PullOptions): Promise<string | null> {
    const reference = imageReference(image);
    if ((await this.#idOf(image, options.platform)) !== null) return null;
    await this.#transfer(image, reference, options);
    const id = await this.#idOf(image, options.platform);
    if (id !== null) return id;
    throw pullError(new Error('the engine does not have it after the pull'), image);
  }

  async #describe(): Promise<Description> {
    return await this.#client.call('ask for facts', (docker) => docker.info());
  }

  async #transfer(
    image: string,
    { name, tag }: ImageReference,
    { platform, onProgress, signal, signIn }: PullOptions,
  ): Promise<void> {
    const progress = new PullProgress(onProgress);
    const stall = new Deadline(STALL_LIMIT, signal);
    const auth = signIn === undefined ? undefined : authOf(signIn());
    const query = { fromImage: name, tag, ...(platform === undefined ? {} : { platform }) };
    try {
      const stream = await this.#client.open(
        `pull image ${image}`,
        (docker, abortSignal) => docker.createImage(auth, { ...query, abortSignal }),
        // The engine is silent until the registry has answered it: only the stall limit counts.
        { signal: stall.signal, extra: STALL_LIMIT },
      );
      for await (const chunk of stream) {
        stall.postpone();
        progress.add(String(chunk), Date.now());
      }
    } catch (error) {
      signal.throwIfAborted();
      if (stall.expired) throw pullError(new Error('the registry sends nothing any more'), image);
      throw transferError(error, image);
    } finally {
      stall.end();
    }
    if (progress.error !== null) throw pullError(new Error(progress.error), image);
  }

  /** `null`: the engine does not have it, or not for this platform. */
  async #idOf(image: string, platform: string | undefined): Promise<string | null> {
    try {
      const found = await this.#client.call(`inspect image ${image}`, (docker) =>
        docker.getImage(image).inspect(),
      );
      return platform === undefined || isFor(platform, found) ? found.Id : null;
    } catch (error) {
      if (error instanceof GridError && statusOf(error.cause) === 404) return null;
      throw error;
    }
  }
}

/** Docker Hub is known to engines by an address of its first days. */
function authOf({ host, username, password }: SignIn) {
  const serveraddress = host === dockerHub ? 'https://index.docker.io/v1/' : host;
  return { username, password, serveraddress };
}

/** A variant that the image does not name is any. */
function isFor(
  platform: string,
  image: {
    readonly Os: string;
    readonly Architecture: string;
    readonly Variant?: string | undefined;
  },
): boolean {
  const [os, architecture, variant] = platform.split('/');
  if (image.Os !== os || image.Architecture !== architecture) return false;
  return variant === undefined || (image.Variant ?? '') === '' || image.Variant === variant;
}

/** The engine's answer speaks for the registry; no answer at all is the engine's own fault. */
function transferError(error: unknown, image: string): GridError {
  const answer = error instanceof GridError ? error.cause : error;
  if (error instanceof GridError && statusOf(answer) === null) return error;
  return statusOf(answer) === null
    ? engineError(answer, `pull image ${image}`)
    : pullError(answer, image);
}
