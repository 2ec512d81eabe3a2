import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DockerClient } from '../../src/agent/docker.ts';
import { DockerContainers } from '../../src/agent/docker-containers.ts';
import { DockerEngine } from '../../src/agent/docker-engine.ts';
import { DockerNetworks } from '../../src/agent/docker-networks.ts';
import { createBridgeNetworks } from '../../src/agent/plain-networks.ts';
import { web } from './bench.ts';

const scope = { grid: 'demo', node: 'node-1', publishAddress: '0.0.0.0' };
const { signal } = new AbortController();
let directory: string;
let socket: string;
let requests: string[];
let end: () => void;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'gridops-socket-'));
  socket = path.join(directory, 'docker.sock');
  requests = [];
  end = () => undefined;
});

afterEach(() => {
  end();
  rmSync(directory, { recursive: true, force: true });
});

/** Something that answers on the engine's socket. */
async function engineThat(
  answer: (url: string, response: ServerResponse, request: IncomingMessage) => void,
  version: object = { ApiVersion: '1.41', MinAPIVersion: '1.12' },
): Promise<DockerClient> {
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    requests.push(url);
    if (url === '/version') response.end(JSON.stringify(version));
    else answer(url, response, request);
  });
  server.listen(socket);
  await once(server, 'listening');
  end = () => {
    server.closeAllConnections();
    server.close();
  };
  return new DockerClient({ address: `unix://${socket}`, callLimit: 200 });
}

describe('the Docker client', () => {
  it.each([
    ['1.41', '/v1.41/'],
    ['1.99', '/v1.47/'],
  ])('speaks %s as %s', async (ApiVersion, prefix) => {
    const client = await engineThat((_, response) => response.end('[]'), {
      ApiVersion,
      MinAPIVersion: '1.12',
    });

    await new DockerContainers(client, createBridgeNetworks(new DockerNetworks(client))).list(
      scope,
    );

    expect(requests[1]).toContain(prefix);
  });

  it('says that the agent is too old for an engine', async () => {
    const client = await engineThat((_, response) => response.end('[]'), {
      ApiVersion: '1.99',
      MinAPIVersion: '1.90',
    });

    await expect(
      new DockerContainers(client, createBridgeNetworks(new DockerNetworks(client))).list(scope),
    ).rejects.toMatchObject({
      code: 'engine-refused',
      hint: 'Upgrade the agent.',
    });
  });

  it('takes no network away that somebody else has made, whatever it is called', async () => {
    const found = { Id: 'c0ffee', Name: 'gridops', Labels: {}, Options: {}, IPAM: { Config: [] } };
    const client = await engineThat((_, response) => response.end(JSON.stringify([found])));
    const addresses = { subnet: '10.81.0.0/16', range: '10.81.1.0/24', gateway: '10.81.0.1' };
    const wanted = { name: 'gridops', grid: 'demo', bridge: 'gridops0' };

    await expect(
      new DockerNetworks(client).ensure({ ...wanted, addresses: { ...addresses, mtu: 1_370 } }),
    ).rejects.toMatchObject({
      code: 'engine-refused',
      message: expect.stringContaining("the Docker network gridops is somebody else's"),
    });
    expect(requests.filter((url) => url.includes('c0ffee'))).toEqual([]);
  });

  it('does not wait for ever for an engine that hangs', async () => {
    const client = await engineThat(() => undefined);
    const containers = new DockerContainers(
      client,
      createBridgeNetworks(new DockerNetworks(client)),
    );
    const engine = new DockerEngine(client);
    const stuck = { code: 'engine-unreachable', message: expect.stringContaining('within 0.2 s') };

    await expect(containers.list(scope)).rejects.toMatchObject(stuck);
    await expect(containers.start('a')).rejects.toMatchObject(stuck);
    await expect(containers.watch(scope, () => undefined, signal)).rejects.toMatchObject(stuck);
    await expect(engine.facts()).rejects.toMatchObject(stuck);
    const pulled = engine.pull('web:1', { onProgress: () => undefined, signal });
    await expect(pulled).rejects.toMatchObject(stuck);
  });

  it('says that there is no engine', async () => {
    const client = new DockerClient({ address: socket });

    await expect(
      new DockerContainers(client, createBridgeNetworks(new DockerNetworks(client))).list(scope),
    ).rejects.toMatchObject({
      code: 'engine-unreachable',
      retry: 'later',
    });
  });

  it('finds an engine that came back as another version', async () => {
    const first = await engineThat((_, response) => response.end('[]'));
    await new DockerContainers(first, createBridgeNetworks(new DockerNetworks(first))).list(scope);
    first.forget();

    await new DockerContainers(first, createBridgeNetworks(new DockerNetworks(first))).list(scope);

    expect(requests.filter((url) => url === '/version')).toHaveLength(2);
  });

  it('keeps what may be secret out of the URL', async () => {
    let body = '';
    const client = await engineThat((url, response, request) => {
      if (!url.includes('/create')) {
        response.end('[{"Name":"gridops-demo","Id":"n","Created":"2020"}]');
        return;
      }
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => response.writeHead(201).end('{"Id":"made"}'));
    });
    const id = await new DockerContainers(
      client,
      createBridgeNetworks(new DockerNetworks(client)),
    ).create(scope, web('web:1', { env: { PASSWORD: 'hunter2' } }), 'shop.web-1');

    expect(id).toBe('made');
    expect(body).toContain('PASSWORD=hunter2');
    expect(requests.join()).not.toContain('hunter2');
    expect(requests.join()).toContain('/containers/create?name=shop.web-1');
  });

  it('tells that the event stream broke off', async () => {
    const client = await engineThat((_, response) => {
      response.writeHead(200);
      response.write('\n');
      setImmediate(() => response.destroy());
    });

    const { ended } = await new DockerContainers(
      client,
      createBridgeNetworks(new DockerNetworks(client)),
    ).watch(scope, () => undefined, signal);

    await expect(ended).rejects.toMatchObject({ code: 'engine-unreachable' });
  });

  it.each(['tcp://', 'tcp://:0:0'])('refuses the address %s', (address) => {
    expect(() => new DockerClient({ address })).toThrow(/is not the address of a Docker engine/);
  });
});

describe('a port that the engine calls allocated', () => {
  const refusal = 'Bind for 0.0.0.0:80 failed: port is already allocated';
  const start = async (running: readonly object[]): Promise<string> => {
    const client = await engineThat((url, response) => {
      if (url.includes('/json')) response.end(JSON.stringify(running));
      else response.writeHead(500).end(JSON.stringify({ message: refusal }));
    });
    const networks = createBridgeNetworks(new DockerNetworks(client));
    return await new DockerContainers(client, networks).start('abc').then(
      () => 'started',
      (error: Error) => error.message,
    );
  };

  it('is told as it says where a container has it', async () => {
    const ports = [{ PublicPort: 80, Type: 'tcp' }];

    expect(await start([{ Ports: ports }])).toBe(`cannot start container abc: ${refusal}`);
  });

  it('is told with what to do where none has it', async () => {
    const ports = [
      { PrivatePort: 80, Type: 'tcp' },
      { PublicPort: 8_080, Type: 'tcp' },
    ];

    const message = await start([{ Ports: ports }]);

    expect(message).toContain('no container has the port');
    expect(message).toContain('restart Docker');
    expect(message).toContain(refusal);
  });
});
