import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acceptAgents, peerAddress } from '../../src/master/agent-socket.ts';

let server: Server;
const clients: Socket[] = [];
let accepted: number;
let isKnown: boolean;
let lingers: boolean;

beforeEach(async () => {
  accepted = 0;
  isKnown = false;
  lingers = false;
  server = createServer();
  acceptAgents(server, (socket) => {
    accepted += 1;
    if (!lingers) socket.terminate();
    socket.on('message', (data: Buffer) => {
      server.emit('heard', data.length);
      socket.terminate();
    });
    return { isKnown };
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  // Ends although no client has ended its half.
  server.close();
  await once(server, 'close');
  for (const client of clients.splice(0)) client.destroy();
});

/** Asks for an upgrade, byte by byte as given; resolves to the first line of the answer. */
async function upgrade(target: string, then = Buffer.alloc(0)): Promise<string> {
  const { port } = server.address() as AddressInfo;
  // It keeps its own half open for as long as it can.
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  clients.push(socket);
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  socket.write(
    `GET ${target} HTTP/1.1\r\nHost: master\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  );
  socket.write(then);
  let answer = '';
  socket.on('data', (data: Buffer) => {
    answer += data.toString();
  });
  await new Promise<void>((resolve) => {
    for (const event of ['end', 'close']) socket.once(event, () => resolve());
  });
  return answer.split('\r\n')[0] ?? '';
}

describe('the address for agents', () => {
  it.each(['/agent', '/agent?x=1'])('takes a websocket at %s', async (target) => {
    expect(await upgrade(target)).toBe('HTTP/1.1 101 Switching Protocols');
    expect(accepted).toBe(1);
  });

  it.each(['/', '//', '/agents', '/agent/', 'http://[', '*'])(
    'refuses an upgrade of %s and goes on',
    async (target) => {
      expect(await upgrade(target)).toBe('HTTP/1.1 404 Not Found');
      expect(await upgrade('/agent')).toBe('HTTP/1.1 101 Switching Protocols');
      expect(accepted).toBe(1);
    },
  );

  it('hears no more of a stranger than a handshake takes', async () => {
    lingers = true;
    const frame = Buffer.alloc(128 * 1024, 0x41);
    frame.writeUInt8(0x81, 0);
    frame.writeUInt8(0xff, 1);
    frame.writeBigUInt64BE(1_000_000n, 2);

    // It is cut off; where that is a reset, the answer before it may be lost.
    expect(await upgrade('/agent', frame)).toMatch(/^(HTTP\/1\.1 101 .*)?$/);
  });

  it('hears as much as it likes of a peer that it knows', async () => {
    lingers = true;
    isKnown = true;
    const heard = once(server, 'heard');
    const size = 512 * 1024;
    const frame = Buffer.alloc(14 + size, 0);
    frame.writeUInt8(0x81, 0);
    frame.writeUInt8(0xff, 1);
    frame.writeBigUInt64BE(BigInt(size), 2);

    void upgrade('/agent', frame);

    expect(await heard).toEqual([size]);
  });
});

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8::7', '2001:db8::7'],
  ['127.0.0.1', null],
  ['::ffff:127.0.0.1', null],
  ['::1', null],
  ['fe80::7%eth0', null],
  [undefined, null],
])('a peer at %s is told to others as %s', (remote, expected) => {
  expect(peerAddress(remote)).toBe(expected);
});
