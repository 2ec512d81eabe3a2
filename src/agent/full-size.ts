import { createSocket } from 'node:dgram';

/** What is asked of the way to a peer. */
export interface Probe {
  /** The peer's address in the grid. */
  readonly address: string;
  /** Bytes, with all headers. */
  readonly size: number;
}

/** Milliseconds until an answer; `null`: there was none. */
export type SendProbe = (probe: Probe) => Promise<number | null>;

/** "Discard": nobody listens there, and a host says so at once. */
const PORT = 9;
const HEADERS = 28;
const PATIENCE = 1_000;

export const sendProbe: SendProbe = async (probe) => await probePort(probe, PORT);

/**
 * Sends one datagram to a port at which nobody listens. That it arrived, the peer's kernel says by itself: it refuses it. So
 * nothing has to run there, and only the way there is tried: the refusal is small, however large the datagram was.
 */
export async function probePort({ address, size }: Probe, port: number): Promise<number | null> {
  return await new Promise((resolve) => {
    const socket = createSocket('udp4');
    const began = performance.now();
    const end = (answer: number | null): void => {
      clearTimeout(timer);
      socket.removeAllListeners().on('error', () => undefined);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end(null), PATIENCE);
    socket.on('error', (error: NodeJS.ErrnoException) =>
      end(error.code === 'ECONNREFUSED' ? performance.now() - began : null),
    );
    socket.on('message', () => end(performance.now() - began));
    socket.connect(port, address, () => socket.send(Buffer.alloc(Math.max(0, size - HEADERS))));
  });
}

/** Hosts refuse only some datagrams a second, and a network may lose one. */
const ATTEMPTS = 3;
const SMALL = 64;

export interface Sounding {
  /** Of small packets; `null`: nothing came back. */
  readonly roundTrip: number | null;
  /** `null`: not even small ones are answered, so nothing is known. */
  readonly fullSize: boolean | null;
}

/** Whether packets as large as the network's MTU arrive at a peer where small ones do. */
export async function sound(send: SendProbe, address: string, mtu: number): Promise<Sounding> {
  const roundTrip = await attempt(send, { address, size: SMALL });
  if (roundTrip === null) return { roundTrip, fullSize: null };
  const large = await attempt(send, { address, size: mtu });
  if (large !== null) return { roundTrip, fullSize: true };
  // It may have gone meanwhile.
  const again = await attempt(send, { address, size: SMALL });
  return { roundTrip, fullSize: again === null ? null : false };
}

async function attempt(send: SendProbe, probe: Probe): Promise<number | null> {
  for (let attempts = 0; attempts < ATTEMPTS; attempts += 1) {
    const answer = await send(probe);
    if (answer !== null) return answer;
  }
  return null;
}
