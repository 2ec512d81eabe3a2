import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Webhook } from '../../src/http/operations.ts';
import { startServer, type TestServer } from './test-server.ts';

let server: TestServer;
const deliveries: { headers: Readonly<Record<string, string>>; body: Buffer }[] = [];

let webhook: Webhook;

const keep: Webhook = async (headers, body) => {
  deliveries.push({ headers, body });
  return { status: 202, body: { accepted: true } };
};

async function deliver(
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Response> {
  return await fetch(`${server.url}/webhooks/github`, {
    method: 'POST',
    headers: { 'x-github-event': 'push', 'X-Hub-Signature-256': 'sha256=aa', ...headers },
    body,
  });
}

beforeAll(async () => {
  server = await startServer({
    webhook: (headers, body, provider) => webhook(headers, body, provider),
  });
});

beforeEach(() => {
  deliveries.length = 0;
  webhook = keep;
});

afterAll(async () => {
  await server.close();
});

describe('POST /webhooks/github', () => {
  it('hands on headers and the very bytes, and answers what it is told', async () => {
    const bytes = Buffer.from('{ "ref" :\t"refs/heads/main", "n": 1e3, "é": "\\u00e9" }\n');
    const response = await deliver(bytes, { 'content-type': 'application/json' });
    expect([response.status, await response.json()]).toEqual([202, { accepted: true }]);
    expect(deliveries[0]?.body.equals(bytes)).toBe(true);
    expect(deliveries[0]?.headers).toMatchObject({
      'x-github-event': 'push',
      'x-hub-signature-256': 'sha256=aa',
    });
  });

  it.each(['application/x-www-form-urlencoded', 'text/plain', 'application/json', 'x/unheard-of'])(
    'does not parse a body of type %s',
    async (type) => {
      expect((await deliver('{ not json', { 'content-type': type })).status).toBe(202);
      expect(deliveries[0]?.body.toString()).toBe('{ not json');
    },
  );

  it('takes 3 MiB and refuses more before anyone looks at it', async () => {
    const most = Buffer.alloc(3 * 1024 * 1024, 'a');
    expect((await deliver(most)).status).toBe(202);
    const [delivery] = deliveries.splice(0);
    const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(sum(delivery?.body ?? Buffer.alloc(0))).toBe(sum(most));
    expect((await deliver(Buffer.alloc(3 * 1024 * 1024 + 1, 'a'))).status).toBe(413);
    expect(deliveries).toEqual([]);
  });

  it('hands on an empty body as empty', async () => {
    expect((await deliver('')).status).toBe(202);
    expect(deliveries[0]?.body).toHaveLength(0);
  });

  it('answers 500 without details when keeping it fails, so that the sender may try again', async () => {
    webhook = () => Promise.reject(new Error('disk full at /data'));
    const response = await deliver('{}');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('/data');
  });

  it('is not there for other methods and other forges', async () => {
    expect((await fetch(`${server.url}/webhooks/github`)).status).toBe(404);
    expect((await fetch(`${server.url}/webhooks/other`, { method: 'POST' })).status).toBe(404);
  });
});

describe('a hostile sender of webhooks', () => {
  it('gets nothing unpacked: a few compressed bytes that would be gigabytes stay a few', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const before = process.memoryUsage().arrayBuffers;
    expect((await deliver(bomb, { 'content-encoding': 'gzip' })).status).toBe(202);
    expect(deliveries[0]?.body.length).toBe(bomb.length);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });

  it('who is slow on many connections holds nobody up, and has a limit to how long it may take', async () => {
    const slow = Array.from({ length: 300 }, () => openSlowly());
    await Promise.all(slow.map(async (socket) => await once(socket, 'connect')));
    expect((await deliver('{}')).status).toBe(202);
    for (const socket of slow) socket.destroy();
    const { requestTimeout, headersTimeout } = server.http.server;
    expect(requestTimeout).toBe(30_000);
    expect(headersTimeout).toBeLessThanOrEqual(60_000);
  });
});

/** Says what it will send, and then sends next to nothing. */
function openSlowly(): Socket {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.once('error', () => undefined);
  socket.write('POST /webhooks/github HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{');
  return socket;
}
