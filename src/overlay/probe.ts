import { createSocket } from 'node:dgram';

/**
 * One datagram into a tunnel, that nobody takes at its other end. WireGuard says nothing on its own there (each keepalive that
 * arrives puts off the next one that is sent), but it answers data within ten seconds, or makes a new session.
 */
export interface Probe {
  /** Never fails: a peer that does not answer is what is asked about. */
  send(address: string): void;
  close(): void;
}

const DISCARD_PORT = 9;

export function udpProbe(port: number = DISCARD_PORT): Probe {
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
