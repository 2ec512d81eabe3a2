import type { Readable } from 'node:stream';
import Docker from 'dockerode';
import { GridError } from '../model/error.ts';
import { Deadline } from './deadline.ts';
import { engineError } from './docker-error.ts';

export interface DockerOptions {
  /** A path, `unix://path`, or `tcp://host:port`. */
  readonly address: string;
  /** Milliseconds that one call may take beyond what it is asked to wait for; 60 s by default. */
  readonly callLimit?: number;
}

export interface CallOptions {
  /** Milliseconds that the call may take by its nature, on top of the limit of every call. */
  readonly extra?: number;
  readonly signal?: AbortSignal;
}

export type DockerApi = Docker;
export type DockerCall<T> = (docker: DockerApi, abortSignal: AbortSignal) => Promise<T>;

/** Starting on a machine that is busy starting fifty others takes many seconds; an engine that hangs, for ever. */
const CALL_LIMIT = 60_000;
/** The newest API that the agent was written for. The engine's own is used when it is older. */
const API_MINOR = 47;

/**
 * The way to one Docker engine: negotiated API version, a time limit on every call, every error a `GridError`.
 * The only file that knows dockerode.
 */
export class DockerClient {
  readonly #address: ReturnType<typeof parseAddress>;
  readonly #callLimit: number;
  readonly #pending = new Set<Deadline>();
  #docker: Promise<DockerApi> | null = null;

  constructor(options: DockerOptions) {
    this.#address = parseAddress(options.address);
    this.#callLimit = options.callLimit ?? CALL_LIMIT;
  }

  /** Whether its files are, most likely, on this host. */
  get isLocal(): boolean {
    return 'socketPath' in this.#address;
  }

  /** `what` completes "cannot …". Rejects with the signal's reason when that was aborted, else with `GridError`. */
  async call<T>(what: string, use: DockerCall<T>, options: CallOptions = {}): Promise<T> {
    const deadline = new Deadline(this.#callLimit + (options.extra ?? 0), options.signal);
    this.#pending.add(deadline);
    try {
      const answer = this.#connect(deadline.signal).then((docker) => use(docker, deadline.signal));
      // Not every method of dockerode heeds its signal; the caller is set free all the same.
      return await Promise.race([answer, deadline.reached]);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw engineError(deadline.expired ? deadline.signal.reason : error, what);
    } finally {
      deadline.end();
      this.#pending.delete(deadline);
    }
  }

  /** Whether the API version in use is 1.`wanted` or later. */
  async speaks(wanted: number): Promise<boolean> {
    return await this.call('ask for the version', async (docker) => {
      // Its types do not know that it keeps the version that it was made with.
      const { version = '' } = docker.modem as { readonly version?: string };
      return minor(version.replace(/^v/, '')) >= wanted;
    });
  }

  /** Gives up every call that has no answer yet. */
  abandon(): void {
    for (const deadline of this.#pending) deadline.abort(new Error('the agent stops'));
  }

  /** Opening is bounded like every call; reading goes on until the engine, or `signal`, ends it. */
  async open(
    what: string,
    use: DockerCall<unknown>,
    options: CallOptions & { readonly signal: AbortSignal },
  ): Promise<Readable> {
    const reading = new Deadline(null, options.signal);
    const opening = this.call(
      what,
      (docker, limit) => {
        limit.addEventListener('abort', () => reading.abort(limit.reason), { once: true });
        return use(docker, reading.signal);
      },
      options,
    );
    try {
      const stream = (await opening) as Readable;
      stream.once('close', () => reading.end());
      return stream;
    } catch (error) {
      reading.end();
      throw error;
    }
  }

  /** After an outage the engine may be another version. */
  forget(): void {
    this.#docker = null;
  }

  async #connect(abortSignal: AbortSignal): Promise<DockerApi> {
    this.#docker ??= this.#negotiate(abortSignal);
    try {
      return await this.#docker;
    } catch (error) {
      this.#docker = null;
      throw error;
    }
  }

  async #negotiate(abortSignal: AbortSignal): Promise<DockerApi> {
    const { ApiVersion, MinAPIVersion } = await askVersion(new Docker(this.#address), abortSignal);
    if (minor(MinAPIVersion) > API_MINOR)
      throw new GridError({
        code: 'engine-refused',
        message: `the Docker engine speaks only API ${MinAPIVersion} and later; this agent speaks up to 1.${API_MINOR}`,
        hint: 'Upgrade the agent.',
      });
    const version = `v1.${Math.min(API_MINOR, minor(ApiVersion))}`;
    return new Docker({ ...this.#address, version });
  }
}

/** Its types do not know that it takes a signal. */
async function askVersion(
  docker: DockerApi,
  abortSignal: AbortSignal,
): Promise<Docker.DockerVersion> {
  const ask = docker.version.bind(docker) as (options: object) => Promise<Docker.DockerVersion>;
  return await ask({ abortSignal });
}

/** Every way to an address is named, so that DOCKER_HOST in the environment never decides it. */
function parseAddress(address: string): Docker.DockerOptions {
  if (!address.startsWith('tcp://')) {
    const socketPath = address.replace(/^unix:\/\//, '');
    return { socketPath, host: '', protocol: 'http' };
  }
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || url.hostname === '')
    throw new GridError({
      code: 'invalid-configuration',
      message: `'${address}' is not the address of a Docker engine`,
      hint: 'Write a socket’s path or tcp://host:port.',
    });
  return { host: url.hostname, port: url.port === '' ? 2375 : Number(url.port), protocol: 'http' };
}

function minor(version: string): number {
  return Number(/^1\.(\d+)/.exec(version)?.[1] ?? 0);
}
