import type { Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { MAX_FRAME_BYTES } from '../protocol/agent.ts';

/** Takes websockets at `/agent`; every other upgrade is refused. Nobody is known yet: anything may be in a request. */
export function acceptAgents(server: Server, accept: (socket: WebSocket) => void): void {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => socket.destroy());
    const [path] = (request.url ?? '').split('?');
    if (path === '/agent') sockets.handleUpgrade(request, socket, head, accept);
    else socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
  });
}
