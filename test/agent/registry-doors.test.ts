import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { HostsEntry } from '../../src/agent/hosts-file.ts';
import { loopbackAddress, RegistryDoors } from '../../src/agent/registry-doors.ts';

const host = 'registry.demo.kontena.local';
const ended: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

async function aRegistry(text: string, address = '127.0.0.1', port = 0): Promise<number> {
  const server: Server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.end(text));
  });
  server.listen(port, address);
  await once(server, 'listening');
  ended.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function someDoors(lookup: () => readonly string[] | Promise<readonly string[]>) {
  const written: (readonly HostsEntry[])[] = [];
  const failures: string[] = [];
  const doors = new RegistryDoors({
    lookup,
    putHosts: async (entries) => void written.push(entries),
    onFailure: (message) => failures.push(message),
  });
  ended.push(async () => await doors.close());
  return { doors, written, failures, address: () => written.at(-1)?.[0]?.address ?? '' };
}

async function get(address: string, port: number): Promise<string | null> {
  const init = { method: 'POST', body: 'x'.repeat(100_000), headers: { connection: 'close' } };
  return await fetch(`http://${address}:${port}/`, init).then(
    async (response) => await response.text(),
    () => null,
  );
}

describe('a door to a registry in the grid', () => {
  it('leads to where the registry is at the time, and the hosts file stays the same', async () => {
    const port = await aRegistry('one');
    await aRegistry('two', '127.0.0.3', port);
    let place = '127.0.0.1';
    const { doors, written, address } = someDoors(() => [place]);
    await doors.keep([{ host, port }]);
    expect(written).toEqual([[{ address: loopbackAddress(host, 0), name: host }]]);
    expect(await get(address(), port)).toBe('one');
    place = '127.0.0.3';
    expect(await get(address(), port)).toBe('two');
    await doors.keep([{ host, port }]);
    expect(written[1]).toEqual(written[0]);
  });

  it('tries the next instance where one does not answer', async () => {
    const port = await aRegistry('one');
    const { doors, address } = someDoors(() => ['127.0.0.9', '127.0.0.1']);
    await doors.keep([{ host, port }]);
    expect(await get(address(), port)).toBe('one');
  });

  it('says where none can be reached, and goes on', async () => {
    const port = await aRegistry('one');
    let answer: readonly string[] | Error = [];
    const { doors, failures, address } = someDoors(() => {
      if (answer instanceof Error) throw answer;
      return answer;
    });
    await doors.keep([{ host, port }]);
    expect(await get(address(), port)).toBeNull();
    answer = new Error('no zone');
    expect(await get(address(), port)).toBeNull();
    expect(failures).toEqual(Array(2).fill(`the registry ${host}:${port} cannot be reached`));
    answer = ['127.0.0.1'];
    expect(await get(address(), port)).toBe('one');
  });

  it('has another address where that one is taken', async () => {
    const port = await aRegistry('one');
    await aRegistry('somebody else', loopbackAddress(host, 0), port);
    const { doors, address } = someDoors(() => ['127.0.0.1']);
    await doors.keep([{ host, port }]);
    expect(address()).toBe(loopbackAddress(host, 1));
    expect(await get(address(), port)).toBe('one');
  });

  it('is left out where the port is taken on every address, and said to be', async () => {
    const port = await aRegistry('published', '0.0.0.0');
    const { doors, written, failures } = someDoors(() => ['10.81.128.7']);
    await doors.keep([{ host, port }]);
    expect(written).toEqual([[{ address: '10.81.128.7', name: host }]]);
    expect(failures).toEqual([expect.stringContaining('EADDRINUSE')]);
  });

  it('is closed with its connections when nothing wants it any more', async () => {
    const port = await aRegistry('one');
    const { doors, written, address } = someDoors(() => ['127.0.0.1']);
    await doors.keep([{ host, port }]);
    const old = address();
    await doors.keep([]);
    expect(written.at(-1)).toEqual([]);
    expect(await get(old, port)).toBeNull();
  });

  it('is one for all ports of a name', async () => {
    const [a, b] = [await aRegistry('a'), await aRegistry('b')];
    const { doors, written, address } = someDoors(() => ['127.0.0.1']);
    await Promise.all([
      doors.keep([{ host, port: a }]),
      doors.keep([a, b].map((port) => ({ host, port }))),
    ]);
    expect(written.at(-1)).toHaveLength(1);
    expect([await get(address(), a), await get(address(), b)]).toEqual(['a', 'b']);
  });
});
