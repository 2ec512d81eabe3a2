import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { GridRegistry } from './grid-registry.ts';
import type { HostsEntry } from './hosts-file.ts';

export interface DoorOptions {
  /** Addresses that a name of the grid has now: discovery's answer. None where it has none. */
  readonly lookup: (host: string) => Promise<readonly string[]> | readonly string[];
  /** Writes what the engine has to find in the host's hosts file. */
  readonly putHosts: (entries: readonly HostsEntry[]) => Promise<void>;
  readonly onFailure: (message: string) => void;
}

/**
 * Lets the host's engine reach registries that run in the grid. The engine asks the host for names, and trusts a registry
 * without TLS on 127.0.0.0/8 only, whatever it is called. So a name of the grid gets a loopback address of its own in the
 * host's hosts file, and behind that address is a door to wherever the registry is at the time. The engine needs no settings,
 * is not restarted, and the hosts file stays the same when the registry moves.
 */
export class RegistryDoors {
  readonly #options: DoorOptions;
  readonly #doors = new Map<string, Door>();
  #turn: Promise<void> = Promise.resolve();

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  /** Has doors to these registries and to no others. To be awaited before an image is pulled from one of them. */
  async keep(registries: readonly GridRegistry[]): Promise<void> {
    const turn = this.#turn.then(async () => await this.#keep(registries));
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  /** Closes them all, and takes them out of the hosts file. */
  async close(): Promise<void> {
    await this.keep([]);
  }

  async #keep(registries: readonly GridRegistry[]): Promise<void> {
    const wanted = portsOf(registries);
    for (const [host, door] of this.#doors)
      if (!isSame(door.ports, wanted.get(host))) {
        this.#doors.delete(host);
        await door.close();
      }
    for (const [host, ports] of wanted)
      if (!this.#doors.has(host)) {
        const door = await openDoor({ host, ports, options: this.#options });
        if (door !== null) this.#doors.set(host, door);
      }
    const entries: HostsEntry[] = [];
    for (const host of wanted.keys())
      for (const address of await this.#addressesOf(host)) entries.push({ address, name: host });
    await this.#options.putHosts(entries);
  }

  /** Where there is no door, the registry's own addresses: with TLS, or where the engine was told, it can do with them. */
  async #addressesOf(host: string): Promise<readonly string[]> {
    const door = this.#doors.get(host);
    return door === undefined ? await this.#options.lookup(host) : [door.address];
  }
}

interface Door {
  readonly address: string;
  readonly ports: readonly number[];
  close(): Promise<void>;
}

interface Opening {
  readonly host: string;
  readonly ports: readonly number[];
  readonly options: DoorOptions;
}

/** Other agents on this host, and other grids, have doors, too. */
const TRIES = 4;

async function openDoor(opening: Opening): Promise<Door | null> {
  const { host, ports, options } = opening;
  let reason = '';
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const address = loopbackAddress(host, attempt);
    const opened = await listen(address, opening);
    if (typeof opened !== 'string') return { address, ports, close: opened };
    reason = opened;
  }
  options.onFailure(
    `the registry ${host} cannot be forwarded to: ${reason}. Its port may be published on this host: give the registry another one, or TLS, or set "insecure-registries" in the engine's daemon.json.`,
  );
  return null;
}

/** 127.83.0.0/16, apart from what people use; the same for a name each time. */
export function loopbackAddress(host: string, attempt: number): string {
  const [a = 0, b = 0] = createHash('sha256').update(`${host} ${attempt}`).digest();
  return `127.83.${a}.${1 + (b % 254)}`;
}

/** Resolves to what closes all of it; to the reason when one port cannot be had. */
async function listen(
  address: string,
  { host, ports, options }: Opening,
): Promise<(() => Promise<void>) | string> {
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.map(closeServer));
  };
  for (const port of ports) {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      keepTrack(sockets, socket);
      void forward(socket, { host, port, options, sockets });
    });
    try {
      server.listen(port, address);
      await once(server, 'listening');
    } catch (error) {
      await close();
      return (error as Error).message;
    }
    // One that fails later is found by whoever uses it.
    server.on('error', () => undefined);
    servers.push(server);
  }
  return close;
}

async function closeServer(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

function keepTrack(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on('error', () => socket.destroy());
  socket.once('close', () => sockets.delete(socket));
}

interface Forwarding {
  readonly host: string;
  readonly port: number;
  readonly options: DoorOptions;
  readonly sockets: Set<Socket>;
}

async function forward(socket: Socket, forwarding: Forwarding): Promise<void> {
  const { host, port, options, sockets } = forwarding;
  const target = await reach(await addresses(options, host), port);
  if (target === null || socket.destroyed) {
    if (target === null) options.onFailure(`the registry ${host}:${port} cannot be reached`);
    target?.destroy();
    socket.destroy();
    return;
  }
  keepTrack(sockets, target);
  socket.once('close', () => target.destroy());
  target.once('close', () => socket.destroy());
  socket.pipe(target);
  target.pipe(socket);
}

async function addresses({ lookup }: DoorOptions, host: string): Promise<readonly string[]> {
  try {
    return await lookup(host);
  } catch {
    return [];
  }
}

/** In the network of a grid who does not answer in this time is away. */
const CONNECT_MS = 3_000;

/** A connection to the first one that takes it. */
async function reach(candidates: readonly string[], port: number): Promise<Socket | null> {
  for (const host of candidates) {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const limit = AbortSignal.timeout(CONNECT_MS);
    try {
      await once(socket, 'connect', { signal: limit });
      return socket;
    } catch {
      socket.destroy();
    }
  }
  return null;
}

function portsOf(registries: readonly GridRegistry[]): ReadonlyMap<string, readonly number[]> {
  const ports = new Map<string, number[]>();
  for (const { host, port } of registries) ports.set(host, [...(ports.get(host) ?? []), port]);
  for (const list of ports.values()) list.sort((a, b) => a - b);
  return ports;
}

function isSame(a: readonly number[], b: readonly number[] | undefined): boolean {
  return b !== undefined && a.join() === b.join();
}
