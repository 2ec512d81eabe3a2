import { GridError } from '../model/error.ts';
import type { DockerClient } from './docker.ts';

/** In the words of an engine that keeps account of its ports itself. */
const allocated = /:(\d{1,5}) failed: port is already allocated/;

/**
 * Why a container could not be started, in full. After a power cut an engine may hold a port for a container that it does not
 * have any more (moby/moby#20486). It lets go of it when it is started again, and by nothing else: only a person can help.
 */
export async function withLostPort(client: DockerClient, error: GridError): Promise<GridError> {
  const port = Number(allocated.exec(error.message)?.[1]);
  if (error.code !== 'port-taken' || !(port > 0)) return error;
  const running = await client.call('list containers', (docker, abortSignal) =>
    docker.listContainers({ abortSignal }),
  );
  const ports = running.flatMap(({ Ports }) => Ports.map(({ PublicPort }) => PublicPort));
  if (ports.includes(port)) return error;
  const { code, message, retry, cause } = error;
  return new GridError({ code, message: `${LOST}; restart Docker (${message})`, retry, cause });
}

const LOST = 'no container has the port, and Docker does not let go of it, as after a power cut';
