import { createSocket } from 'node:dgram';
import { PROBE_PORT } from './names.ts';

/**
 * One datagram into a tunnel, to a port at its other end that nobody listens on: the kernel there says so at once.
 * WireGuard says nothing on its own (each keepalive that arrives puts off the next one that is sent).
 */
export interface Probe {
  /** Never fails: a peer that does not answer is what is asked about. */
  send(address: string): void;
  close(): void;
}

export function udpProbe(port: number = PROBE_PORT): Probe {
  const socket = createSocket('udp4');
  socket.on('error', () => undefined);
  socket.unref();
  return {
    send: (address) => socket.send('', port, address, () => undefined),
    close: () => {
      socket.close();
    },
  };
}
