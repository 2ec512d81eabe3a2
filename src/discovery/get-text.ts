import { type Agent, request } from 'node:http';

export interface GetOptions {
  readonly host: string;
  readonly port: number;
  /** Ours, by which the other side knows us. */
  readonly localAddress: string;
  readonly path: string;
  readonly agent: Agent;
  readonly mostBytes: number;
  readonly signal: AbortSignal;
  /** Called when the other side is there. */
  readonly onConnect: () => void;
  /** Called when its answer begins. */
  readonly onAnswer: () => void;
}

/** The body of an answer with the status 200; rejects for any other. */
export function getText({
  mostBytes,
  onConnect,
  onAnswer,
  ...options
}: GetOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request(options, (response) => {
      onAnswer();
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        parts.push(part);
        if (size > mostBytes) asking.destroy(new Error('its answer is too large'));
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts).toString());
        else reject(new Error(`it answers with ${response.statusCode ?? 'nothing'}`));
      });
    });
    asking.on('error', reject);
    asking.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', onConnect);
    });
    asking.end();
  });
}
