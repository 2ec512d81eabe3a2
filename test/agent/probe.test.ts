import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { networkProbes } from '../../src/agent/probe.ts';

const servers: Server[] = [];
const { signal } = new AbortController();
const options = { timeout: 5_000, signal };

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<{ host: string; port: number }> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

const answering = async (answer: RequestListener) => ({
  ...(await listen(createHttpServer(answer))),
  uri: '/ready?a=1',
});

describe('a tcp probe', () => {
  it('succeeds when the port accepts', async () => {
    const target = await listen(createServer());

    await networkProbes.tcp(target, options);
  });

  it('says which port does not', async () => {
    const target = await listen(createServer());
    servers.pop()?.close();

    await expect(networkProbes.tcp(target, options)).rejects.toThrow(
      `port ${target.port} does not accept connections`,
    );
  });

  it('ends in time', async () => {
    // An address that is reserved for documentation: nobody answers.
    const target = { host: '192.0.2.1', port: 9 };

    await expect(networkProbes.tcp(target, { timeout: 50, signal })).rejects.toThrow();
  });
});

describe('an http probe', () => {
  it.each([200, 204, 301, 399])('takes %d for healthy', async (status) => {
    const target = await answering((_, response) => response.writeHead(status).end());

    await networkProbes.http(target, options);
  });

  it.each([400, 404, 500, 503])('takes %d for ill', async (status) => {
    const target = await answering((_, response) => response.writeHead(status).end());

    await expect(networkProbes.http(target, options)).rejects.toThrow(
      `GET /ready?a=1 was answered with ${status}`,
    );
  });

  it('does not wait for a body that never ends', async () => {
    const target = await answering((_, response) => {
      response.writeHead(200);
      response.write('endless');
    });

    await networkProbes.http(target, options);
  });

  it('ends in time when nobody answers', async () => {
    const target = await answering(() => undefined);

    await expect(networkProbes.http(target, { timeout: 50, signal })).rejects.toThrow(
      'took longer than 0.05 s',
    );
  });

  it('asks for any path that a person may write', async () => {
    let asked = '';
    const target = await answering((request, response) => {
      asked = request.url ?? '';
      response.end();
    });

    await networkProbes.http({ ...target, uri: '/健康?a=%20é\u0001' }, options);

    expect(asked).toBe('/%E5%81%A5%E5%BA%B7?a=%20%C3%A9%01');
  });

  it('takes an answer that is none for ill', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    });
    const target = { ...(await listen(server)), uri: '/' };

    await expect(networkProbes.http(target, options)).rejects.toThrow('GET / was not answered');
  });

  it('ends when it is not wanted any more', async () => {
    const target = await answering(() => undefined);
    const ending = new AbortController();
    const asked = networkProbes.http(target, { timeout: 5_000, signal: ending.signal });

    ending.abort(new Error('enough'));

    await expect(asked).rejects.toThrow();
  });
});
