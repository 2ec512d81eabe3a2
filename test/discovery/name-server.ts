import { createSocket } from 'node:dgram';
import { createServer, type Socket } from 'node:net';
import dnsPacket from 'dns-packet';
import { FrameReader, frame } from '../../src/discovery/tcp-frame.ts';

/** What a stand-in for a name server of the world says to a query; none: it is silent. */
export type Reaction = (
  query: dnsPacket.DecodedPacket,
  transport: 'udp' | 'tcp',
) => readonly Buffer[];

export interface NameServer {
  readonly address: string;
  readonly queries: readonly string[];
  close(): Promise<void>;
}

/**
 * This one and the next: no other process on this machine is likely to have them, so that tests can run side by side, and
 * the system gives them to nobody who did not ask for them.
 */
export const testPort = 20_000 + (process.pid % 6_000) * 2;

export async function startNameServer(address: string, react: Reaction): Promise<NameServer> {
  const queries: string[] = [];
  const answer = (bytes: Buffer, transport: 'udp' | 'tcp'): readonly Buffer[] => {
    const query = dnsPacket.decode(bytes);
    queries.push(`${transport} ${query.questions?.[0]?.name ?? ''}`);
    return react(query, transport);
  };
  const udp = createSocket('udp4');
  udp.on('message', (bytes, from) => {
    for (const sent of answer(bytes, 'udp')) udp.send(sent, from.port, from.address);
  });
  await new Promise<void>((resolve) => udp.bind(testPort, address, resolve));
  const open = new Set<Socket>();
  const tcp = createServer((socket) => {
    const reader = new FrameReader();
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      for (const query of reader.read(bytes))
        for (const sent of answer(query, 'tcp')) socket.write(frame(sent));
    });
  });
  await new Promise<void>((resolve) => tcp.listen(testPort, address, resolve));
  return {
    address,
    queries,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => udp.close(() => resolve(null)));
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
}

/** An answer with one address, or with a code. */
export function reply(
  query: dnsPacket.DecodedPacket,
  own: {
    readonly data?: string;
    readonly code?: number;
    readonly flags?: number;
  } & Partial<dnsPacket.Packet> = {},
): Buffer {
  const { data, code = 0, flags = 0, ...packet } = own;
  const name = query.questions?.[0]?.name ?? '';
  return dnsPacket.encode({
    type: 'response',
    id: query.id ?? 0,
    flags: code | flags,
    questions: query.questions ?? [],
    answers: data === undefined ? [] : [{ type: 'A', name, ttl: 60, data }],
    ...packet,
  });
}
