import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { MAX_FRAME_BYTES } from '../protocol/agent.ts';
import type { Line } from './session.ts';

/** Whoever took a websocket over. */
export interface Acquaintance {
  /** The peer has proved who it is. */
  readonly isKnown: boolean;
}

/** What a stranger may send: a handshake has a few KiB. */
const STRANGER_BYTES = 64 * 1024;

/** Takes websockets at `/agent`; every other upgrade is refused. Nobody is known yet: anything may be in a request. */
export function acceptAgents(
  server: Server,
  accept: (socket: WebSocket, from: string | null, line: Line) => Acquaintance,
): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const [path] = (request.url ?? '').split('?');
    if (path !== '/agent') return refuse(socket);
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      const from = peerAddress(request.socket.remoteAddress);
      watchStranger(socket, head.length, accept(accepted, from, request.socket));
    });
  });
}

/**
 * An address as other hosts may use it. `null`: one that means something on this host only, as when a proxy stands in front;
 * what a proxy says about its client anybody may say.
 */
export function peerAddress(remote = ''): string | null {
  const address = remote.replace(/^::ffff:(?=\d+\.)/i, '');
  const isLocal = address === '::1' || /^127\.|^fe[89ab][0-9a-f]:/i.test(address);
  return address === '' || isLocal ? null : address;
}

/** A peer that keeps its half open must not keep ours: the server cannot end upgraded sockets by itself. */
function refuse(socket: Duplex): void {
  socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n', () => socket.destroy());
}

/** One frame may be large, but not before it is known who sends it. */
function watchStranger(socket: Duplex, received: number, peer: Acquaintance): void {
  let total = received;
  const count = (chunk: Buffer): void => {
    total += chunk.length;
    if (peer.isKnown) socket.off('data', count);
    else if (total > STRANGER_BYTES) socket.destroy();
  };
  socket.on('data', count);
}
