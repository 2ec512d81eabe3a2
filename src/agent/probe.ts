import { get } from 'node:http';
import { connect } from 'node:net';

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface ProbeOptions {
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
}

/** Questions to a container over the network. Each rejects with an `Error` that says what went wrong, in bounded time. */
export interface Probes {
  /** Resolves when the port accepts a connection. */
  tcp(target: Target, options: ProbeOptions): Promise<void>;
  /** Resolves when a GET is answered with 200..399; redirects are not followed (kontena.md 1.3). */
  http(target: Target & { readonly uri: string }, options: ProbeOptions): Promise<void>;
}

export const networkProbes: Probes = { tcp: probeTcp, http: probeHttp };

function probeTcp(target: Target, { timeout, signal }: ProbeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...target, signal });
    socket.setTimeout(timeout, () =>
      socket.destroy(new Error(`port ${target.port} did not answer within ${timeout / 1_000} s`)),
    );
    socket.once('error', (error) => reject(explained(error, target)));
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

function probeHttp(
  target: Target & { readonly uri: string },
  { timeout, signal }: ProbeOptions,
): Promise<void> {
  const { host, port, uri } = target;
  return new Promise((resolve, reject) => {
    const headers = { 'user-agent': 'gridops-agent' };
    const request = get({ host, port, path: encoded(uri), headers, signal, agent: false });
    const limit = setTimeout(
      () => request.destroy(new Error(`GET ${uri} took longer than ${timeout / 1_000} s`)),
      timeout,
    );
    request.once('error', (error) => reject(explained(error, target)));
    request.once('close', () => {
      clearTimeout(limit);
      // An answer that changes the protocol comes as neither a response nor an error.
      reject(new Error(`GET ${uri} was not answered`));
    });
    request.once('response', (response) => {
      const status = response.statusCode ?? 0;
      // The body is not read: it may be endless.
      response.on('error', () => undefined);
      request.destroy();
      if (status >= 200 && status <= 399) resolve();
      else reject(new Error(`GET ${uri} was answered with ${status}`));
    });
  });
}

/** Node refuses to send anything but ASCII in a path. */
function encoded(uri: string): string {
  return uri.replace(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character));
}

function explained(error: Error, target: Target): Error {
  if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED')
    return new Error(`port ${target.port} does not accept connections`);
  return error;
}
