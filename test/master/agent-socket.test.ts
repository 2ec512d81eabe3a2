import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acceptAgents } from '../../src/master/agent-socket.ts';

let server: Server;
let accepted: number;

beforeEach(async () => {
  accepted = 0;
  server = createServer();
  acceptAgents(server, (socket) => {
    accepted += 1;
    socket.terminate();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});

afterEach(async () => {
  server.close();
  await once(server, 'close');
});

/** Asks for an upgrade, byte by byte as given; resolves to the first line of the answer. */
async function upgrade(target: string, headers = ''): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  socket.write(
    `GET ${target} HTTP/1.1\r\nHost: master\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${headers}\r\n`,
  );
  let answer = '';
  socket.on('data', (data: Buffer) => {
    answer += data.toString();
  });
  await once(socket, 'close');
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
});
