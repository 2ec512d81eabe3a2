import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcp, type Server } from 'node:net';
import { WebSocketServer } from 'ws';

/** What a service behind the load balancer was asked. */
export interface Answer {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface App {
  readonly name: string;
  readonly port: number;
  /** Answered so far, health checks left out. */
  readonly answered: number;
  /** From now on answers wait for `release`. */
  hold(): void;
  release(): void;
  /** As a process is killed: connections with it. */
  end(): Promise<void>;
}

/** A service that says who it is and what it was asked, and echoes what a websocket says. */
export async function anApp(name: string): Promise<App> {
  let answered = 0;
  const waiting: (() => void)[] = [];
  let isHeld = false;
  const server = createServer((request, response) => {
    const { url = '', headers } = request;
    if (url !== '/up') answered += 1;
    const answer = () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ name, url, headers }));
    };
    if (isHeld) waiting.push(answer);
    else answer();
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(text)));
  const port = await listening(server);
  return {
    name,
    port,
    get answered() {
      return answered;
    },
    hold: () => {
      isHeld = true;
    },
    release: () => {
      isHeld = false;
      for (const answer of waiting.splice(0)) answer();
    },
    end: async () =>
      await new Promise((resolve) => {
        sockets.close();
        for (const socket of sockets.clients) socket.terminate();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Says its name to whoever connects. */
export async function aTcpApp(name: string): Promise<{ readonly port: number; end(): void }> {
  const server = createTcp((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(name);
  });
  const port = await listening(server);
  return { port, end: () => server.close() };
}

async function listening(server: Server): Promise<number> {
  return await new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
