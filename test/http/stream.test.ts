import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeReply } from '../../src/protocol/api.ts';
import { Update } from '../../src/protocol/update-api.ts';
import { anEvent, aSummary } from './fake-operations.ts';
import { startServer, type TestServer, TOKEN } from './test-server.ts';

let server: TestServer;
const readers: Reader[] = [];

beforeAll(async () => {
  server = await startServer();
});

afterEach(() => {
  for (const reader of readers.splice(0)) reader.leave();
});

afterAll(async () => {
  await server.close();
});

interface Message {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

interface Reader {
  /** The next message; waits for it. */
  next(): Promise<Message>;
  leave(): void;
}

async function read(path: string, lastEventId?: string): Promise<Reader> {
  const leaving = new AbortController();
  const headers: Record<string, string> =
    lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const init = { headers, signal: leaving.signal };
  const response = await (path.startsWith('/api')
    ? server.api(path, init)
    : server.page(path, init));
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const messages = parse(response);
  const reader = {
    next: async () => (await messages.next()).value as Message,
    leave: () => leaving.abort(),
  };
  readers.push(reader);
  return reader;
}

async function* parse(response: Response): AsyncGenerator<Message> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block
          .split('\n')
          .map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]),
      );
      if (fields['event'] !== undefined)
        yield { id: fields['id'] ?? '', event: fields['event'], data: fields['data'] ?? '' };
    }
  }
}

function connections(of: TestServer): Promise<number> {
  return new Promise((resolve) => {
    of.http.server.getConnections((_error, count) => resolve(count));
  });
}

describe('the event stream', () => {
  it('brings every update as it happens, each with an id', async () => {
    const reader = await read('/api/v1/events/stream');
    server.operations.emit({
      kind: 'deploy',
      deploy: aSummary({ message: '2/3 instances\nupdated' }),
    });
    server.operations.emit({ kind: 'event', event: anEvent() });
    const [first, second] = [await reader.next(), await reader.next()];
    expect(first.event).toBe('deploy');
    expect(decodeReply(Update, JSON.parse(first.data))).toMatchObject({
      deploy: { message: '2/3 instances\nupdated' },
    });
    expect(second.event).toBe('event');
    expect(second.id).not.toBe(first.id);
  });

  it('brings only one grid when asked to', async () => {
    const reader = await read('/api/v1/events/stream?grid=staging');
    server.operations.emit({ kind: 'grid', grid: 'production' });
    server.operations.emit({ kind: 'event', event: anEvent({ grid: 'staging' }) });
    expect((await reader.next()).event).toBe('event');
  });

  it('repeats what was missed to one who comes back', async () => {
    const reader = await read('/api/v1/events/stream');
    server.operations.emit({ kind: 'grid', grid: 'one' });
    const { id } = await reader.next();
    reader.leave();
    server.operations.emit({ kind: 'grid', grid: 'two' });
    server.operations.emit({ kind: 'grid', grid: 'three' });
    const again = await read('/api/v1/events/stream', id);
    expect([(await again.next()).data, (await again.next()).data]).toEqual([
      '{"kind":"grid","grid":"two"}',
      '{"kind":"grid","grid":"three"}',
    ]);
  });

  it('says reset to one who was away for too long', async () => {
    const reader = await read('/api/v1/events/stream');
    server.operations.emit({ kind: 'grid', grid: 'one' });
    const { id } = await reader.next();
    for (let count = 0; count < 501; count += 1)
      server.operations.emit({ kind: 'grid', grid: 'x' });
    expect((await (await read('/api/v1/events/stream', id)).next()).event).toBe('reset');
  });

  it.each(['other-1', 'nonsense', '', 'a-b-c'])(
    'says reset to one who knows another master: %s',
    async (id) => {
      expect((await (await read('/api/v1/events/stream', id)).next()).event).toBe('reset');
    },
  );

  it('cuts off who does not take what is sent, and stays well itself', async () => {
    const quiet = await startServer();
    const slow = request(`${quiet.url}/api/v1/events/stream`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    slow.on('error', () => undefined);
    slow.on('response', (response) => response.on('error', () => undefined).pause());
    slow.end();
    await expect.poll(() => connections(quiet)).toBe(1);
    const large = anEvent({ message: 'x'.repeat(100_000) });
    await vi.waitFor(
      async () => {
        quiet.operations.emit({ kind: 'event', event: large });
        expect(await connections(quiet)).toBe(0);
      },
      { timeout: 15_000, interval: 1 },
    );
    slow.destroy();
    expect((await quiet.api('/api/v1/version')).status).toBe(200);
    await quiet.close();
  });
});

describe('the stream of the pages', () => {
  it('says only that something changed', async () => {
    const reader = await read('/live?grid=production');
    server.operations.emit({ kind: 'grid', grid: 'staging' });
    server.operations.emit({ kind: 'deploy', deploy: aSummary() });
    expect(await reader.next()).toMatchObject({ event: 'changed', data: '{}' });
  });

  it('needs a session', async () => {
    expect((await fetch(`${server.url}/live`)).status).toBe(401);
    expect((await server.api('/live', { redirect: 'manual' })).status).toBe(401);
  });
});
