import { connect } from 'node:net';

/** HAProxy answers at once, or is not there. */
const ANSWER_MILLISECONDS = 5_000;
/** The states of a hundred thousand servers. */
const MAX_ANSWER = 32 * 1024 * 1024;

/** One line for one of HAProxy's sockets, and all that it answers. Rejects when nobody is there. */
export async function ask(socket: string, line: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const client = connect({ path: socket });
    client.setTimeout(ANSWER_MILLISECONDS, () =>
      client.destroy(new Error('HAProxy does not answer')),
    );
    client.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_ANSWER) client.destroy(new Error('HAProxy answers without an end'));
    });
    client.on('error', reject);
    client.on('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
    client.end(`${line}\n`);
  });
}
