import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Stored {
  readonly content: Buffer;
  readonly type: string;
}

/**
 * A registry that takes what is pushed to it and hands it out again. Engines speak plain HTTP to those on 127.0.0.0/8.
 * `beforeBlob` is waited for before one is handed out.
 */
export async function startPushRegistry(
  beforeBlob: () => Promise<void> = () => Promise.resolve(),
): Promise<{
  readonly name: string;
  /** `name:tag` of what was pushed. */
  readonly pushed: () => readonly string[];
  readonly stop: () => Promise<void>;
}> {
  const blobs = new Map<string, Stored>();
  const manifests = new Map<string, Stored>();
  const tags = new Set<string>();
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end());
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://registry');
    const [, image = '', what = '', which = ''] =
      /^\/v2\/(.+)\/(manifests|blobs|blobs\/uploads)\/([^/]*)$/.exec(url.pathname) ?? [];
    const content = await bodyOf(request);
    if (url.pathname === '/v2/') response.end('{}');
    else if (what === 'blobs/uploads')
      upload(url, { image, which, content }, { request, response });
    else if (request.method === 'PUT')
      putManifest(`${image}:${which}`, content, { request, response });
    else {
      if (what === 'blobs' && request.method === 'GET') await beforeBlob();
      hand(what === 'blobs' ? blobs.get(which) : manifests.get(`${image}:${which}`), {
        request,
        response,
      });
    }
  }

  /** Parts come with PATCH, the last one, which may be empty, with PUT. */
  const uploads = new Map<string, Buffer>();
  function upload(url: URL, part: Part, { request, response }: Exchange): void {
    const id = part.which === '' ? randomUUID() : part.which;
    const whole = Buffer.concat([uploads.get(id) ?? Buffer.alloc(0), part.content]);
    uploads.set(id, whole);
    const digest = url.searchParams.get('digest');
    if (request.method === 'PUT' && digest !== null) {
      blobs.set(digest, { content: whole, type: 'application/octet-stream' });
      response.writeHead(201, { location: `/v2/${part.image}/blobs/${digest}` }).end();
      return;
    }
    const range = `0-${Math.max(0, whole.length - 1)}`;
    response.writeHead(202, { location: `/v2/${part.image}/blobs/uploads/${id}`, range }).end();
  }

  function putManifest(name: string, content: Buffer, { request, response }: Exchange): void {
    const digest = digestOf(content);
    const stored = { content, type: request.headers['content-type'] ?? '' };
    manifests.set(name, stored);
    manifests.set(name.replace(/:[^:]*$/, `:${digest}`), stored);
    tags.add(name);
    response.writeHead(201, { 'docker-content-digest': digest }).end();
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    name: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    pushed: () => [...tags].toSorted(),
    stop: () => stop(server),
  };
}

interface Part {
  readonly image: string;
  readonly which: string;
  readonly content: Buffer;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

function hand(stored: Stored | undefined, { request, response }: Exchange): void {
  if (stored === undefined) {
    response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
    return;
  }
  response.writeHead(200, {
    'content-type': stored.type,
    'content-length': stored.content.length,
    'docker-content-digest': digestOf(stored.content),
  });
  response.end(request.method === 'HEAD' ? undefined : stored.content);
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
