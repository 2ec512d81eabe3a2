import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { GridError } from '../model/error.ts';
import type { Engine } from './containers.ts';
import type { DockerClient } from './docker.ts';
import { accept } from './docker-error.ts';

const NAME = 'gridops-wireguard';
/** By which it is known for ours; the name alone anybody may give. */
const LABEL = { key: 'io.gridops.helper', value: 'wireguard' } as const;
/** Where WireGuard's programs look for each other's sockets. */
const SOCKETS = '/var/run/wireguard';
/** Milliseconds that the program has to be up in; it takes some 50. Who comes after has it looked at again. */
const START_LIMIT = 3_000;
const POLL = 20;

export interface WireguardHelperOptions {
  readonly client: Pick<DockerClient, 'call'>;
  readonly engine: Pick<Engine, 'pull'>;
  readonly image: string;
}

/**
 * WireGuard in user space, for hosts whose kernel has none: a container of its own, in the host's network, that the engine
 * starts again by itself. It outlives the agent, so that neither its crash nor its upgrade cuts a tunnel.
 */
export class WireguardHelper {
  readonly #options: WireguardHelperOptions;

  constructor(options: WireguardHelperOptions) {
    this.#options = options;
  }

  /**
   * Makes and starts the container unless it is there and runs, and resolves when its program answers for the device. Throws
   * `GridError` as the engine's calls do, and where somebody else's has the name.
   */
  async ensure(device: string): Promise<void> {
    const found = await this.#inspect();
    if (found !== null && !isOurs(found)) throw nameTaken(found);
    const isFine = found !== null && isAsWanted(found, device, this.#options.image);
    if (isFine && found.State.Running) return;
    if (found !== null && !isFine) await this.#remove(found.Id);
    if (!isFine) await this.#create(device);
    const socket = `${SOCKETS}/${device}.sock`;
    // A program that was killed leaves it behind: what is there after this is the new one's.
    await rm(socket, { force: true });
    await this.#start();
    for (let waited = 0; waited < START_LIMIT && !existsSync(socket); waited += POLL)
      await sleep(POLL);
  }

  /** One that is not there is fine, and somebody else's is left alone. */
  async remove(): Promise<void> {
    const found = await this.#inspect();
    if (found !== null && isOurs(found)) await this.#remove(found.Id);
  }

  async #remove(id: string): Promise<void> {
    const removed = this.#options.client.call(`remove container ${NAME}`, (docker, abortSignal) =>
      docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
    );
    await accept(removed, [404, 409]);
  }

  async #inspect() {
    try {
      return await this.#options.client.call(`inspect container ${NAME}`, (docker, abortSignal) =>
        docker.getContainer(NAME).inspect({ abortSignal }),
      );
    } catch (error) {
      if (error instanceof GridError && error.code === 'not-found') return null;
      throw error;
    }
  }

  async #create(device: string): Promise<void> {
    const { client, engine, image } = this.#options;
    const { signal } = new AbortController();
    await engine.pull(image, { onProgress: () => undefined, signal });
    const body = containerOf(device, image);
    await client.call(`create container ${NAME}`, (docker, abortSignal) => {
      const request = { _query: { name: NAME }, _body: body, abortSignal };
      return docker.createContainer(request);
    });
  }

  async #start(): Promise<void> {
    const started = this.#options.client.call(`start container ${NAME}`, (docker, abortSignal) =>
      docker.getContainer(NAME).start({ abortSignal }),
    );
    await accept(started, [304]);
  }
}

interface Inspected {
  readonly Id: string;
  readonly Config: {
    readonly Image: string;
    readonly Cmd?: string[] | null;
    readonly Labels?: Readonly<Record<string, string>> | null;
  };
}

function isOurs({ Config }: Inspected): boolean {
  return Config.Labels?.[LABEL.key] === LABEL.value;
}

/** What to do is in the message: it is all that is shown of it. */
function nameTaken({ Id, Config }: Inspected): GridError {
  const whose = `container ${Id.slice(0, 12)} (image ${Config.Image}) has it, which is not gridops'`;
  return new GridError({
    code: 'name-taken',
    message: `the agent needs the name ${NAME} for WireGuard, and ${whose}; rename or remove that one`,
    retry: 'later',
  });
}

function isAsWanted({ Config }: Inspected, device: string, image: string): boolean {
  return Config.Image === image && Config.Cmd?.length === 1 && Config.Cmd[0] === device;
}

/** Its one argument is the device that it makes (images/wireguard). */
function containerOf(device: string, image: string) {
  return {
    Image: image,
    Cmd: [device],
    Labels: { [LABEL.key]: LABEL.value },
    HostConfig: {
      NetworkMode: 'host',
      CapAdd: ['NET_ADMIN'],
      Devices: [
        { PathOnHost: '/dev/net/tun', PathInContainer: '/dev/net/tun', CgroupPermissions: 'rwm' },
      ],
      Binds: [`${SOCKETS}:${SOCKETS}`],
      RestartPolicy: { Name: 'always' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
    },
  };
}
