import { GridError } from '../model/error.ts';
import type { DockerClient } from './docker.ts';
import { accept, statusOf } from './docker-error.ts';

/** The images of one engine, as far as tidying up goes. Throws as `Containers` does. */
export interface Images {
  /** Ids of those that containers are made from, whoever made them, whether or not they run. */
  used(): Promise<ReadonlySet<string>>;
  /**
   * Takes a reference away, and the image with the last one. Only while it still means this image: one that somebody gave to
   * another image since is theirs. False: a container has begun to use it.
   */
  remove(reference: string, id: string): Promise<boolean>;
}

export class DockerImages implements Images {
  readonly #client: DockerClient;

  constructor(client: DockerClient) {
    this.#client = client;
  }

  async used(): Promise<ReadonlySet<string>> {
    const containers = await this.#client.call('list containers', (docker, abortSignal) =>
      docker.listContainers({ all: true, abortSignal }),
    );
    return new Set(containers.map(({ ImageID }) => ImageID));
  }

  async remove(reference: string, id: string): Promise<boolean> {
    if ((await this.#idOf(reference)) !== id) return true;
    const removed = this.#client.call(`remove image ${reference}`, (docker, abortSignal) =>
      docker.getImage(reference).remove({ abortSignal }),
    );
    try {
      await accept(removed, [404]);
      return true;
    } catch (error) {
      if (error instanceof GridError && statusOf(error.cause) === 409) return false;
      throw error;
    }
  }

  async #idOf(reference: string): Promise<string | null> {
    try {
      const image = await this.#client.call(`inspect image ${reference}`, (docker) =>
        docker.getImage(reference).inspect(),
      );
      return image.Id;
    } catch (error) {
      if (error instanceof GridError && statusOf(error.cause) === 404) return null;
      throw error;
    }
  }
}
