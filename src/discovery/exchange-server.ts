import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ListenOptions } from 'node:net';
import { errorMessage } from '../model/error.ts';
import type { Log } from '../runtime/log.ts';
import { readRequest, type ZoneRequest } from './exchange-message.ts';
import { ENDED } from './times.ts';

/** What is served at `/zone` and `/names`. */
export interface Exchange {
  /** Number of the peer at an address; `null`: a stranger. */
  peerAt(address: string): number | null;
  /** `null`: not yet. */
  zone(peer: number, request: ZoneRequest, signal: AbortSignal): Promise<string> | null;
  /** For people and programs. */
  names(query: URLSearchParams): string;
}

export interface ExchangeServerOptions {
  readonly at: ListenOptions;
  /** Everybody who can open it may ask for names: a socket in a private folder. */
  readonly isPrivate: boolean;
  readonly exchange: Exchange;
  readonly log: Log;
}

const MOST_CONNECTIONS = 2_048;
/** Milliseconds for a whole request, which is one line. */
const REQUEST_LIMIT = 2_000;
const IDLE = 10_000;
const MOST_HEADER_BYTES = 4_096;

/** Opens the server of what this node says and knows of names; see `Listening`. */
export async function openExchange(
  options: ExchangeServerOptions,
  failed: (error: unknown) => void,
): Promise<() => Promise<void>> {
  const server = createServer(
    {
      maxHeaderSize: MOST_HEADER_BYTES,
      requestTimeout: REQUEST_LIMIT,
      headersTimeout: REQUEST_LIMIT,
      keepAliveTimeout: IDLE,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      void serve(options, request, response);
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  server.on('connection', (socket) => {
    if (!isWelcome(options, socket.remoteAddress)) socket.destroy();
  });
  await listen(server, options.at);
  server.on('error', failed);
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

function listen(server: Server, at: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

/** Nodes only: containers ask by DNS. */
function isWelcome({ isPrivate, exchange }: ExchangeServerOptions, address?: string): boolean {
  return isPrivate || (address !== undefined && exchange.peerAt(address) !== null);
}

async function serve(
  options: ExchangeServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort(ENDED));
  try {
    const { status, text } = await reply(options, request, gone.signal);
    if (gone.signal.aborted) return;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(text);
  } catch (error) {
    options.log.error({ error: errorMessage(error) }, 'a request for names was not answered');
    response.destroy();
  }
}

async function reply(
  { exchange, isPrivate }: ExchangeServerOptions,
  request: IncomingMessage,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const parameters = new URLSearchParams(query);
  if (request.method !== 'GET') return { status: 405, text: '{}' };
  if (path === '/names') return { status: 200, text: exchange.names(parameters) };
  const peer = exchange.peerAt(request.socket.remoteAddress ?? '');
  if (path !== '/zone' || isPrivate || peer === null) return { status: 404, text: '{}' };
  const zone = exchange.zone(peer, readRequest(parameters), signal);
  if (zone === null) return { status: 503, text: '{}' };
  return { status: 200, text: await zone };
}
