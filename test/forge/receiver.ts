import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { App } from 'octokit';
import { Journal } from './journal.ts';

export interface Received {
  readonly event: string;
  /** X-GitHub-Delivery */
  readonly guid: string;
  /** Whether octokit accepts the signature for this receiver's secret. */
  readonly verified: boolean;
  readonly headers: IncomingHttpHeaders;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Receiver {
  readonly url: string;
  readonly secret: string;
  readonly received: readonly Received[];
  /** The status of the next answers, 202 at first; `hang` never answers. */
  answerWith(answer: number | 'hang'): void;
  waitFor(matches: (one: Received) => boolean): Promise<Received>;
  close(): Promise<void>;
}

/** Somebody's webhook endpoint. */
export async function startReceiver(secret = 'a shared secret'): Promise<Receiver> {
  const { webhooks } = new App({ appId: 1, privateKey: 'not used', webhooks: { secret } });
  const journal = new Journal<Received>(({ event, guid }) => `${event} ${guid}`);
  let answer: number | 'hang' = 202;
  const server = createServer((request, response) => {
    void receive(request.headers, text(request)).then(() => respond(response, answer));
  });
  async function receive(headers: IncomingHttpHeaders, arriving: Promise<string>): Promise<void> {
    const body = await arriving;
    const signature = String(headers['x-hub-signature-256'] ?? '');
    journal.add({
      event: String(headers['x-github-event']),
      guid: String(headers['x-github-delivery']),
      verified: signature !== '' && (await webhooks.verify(body, signature)),
      headers,
      payload: JSON.parse(body) as Record<string, unknown>,
    });
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/github`,
    secret,
    received: journal.entries,
    answerWith: (next) => void (answer = next),
    waitFor: (matches) => journal.waitFor(matches, { what: 'such webhook' }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function respond(response: ServerResponse, answer: number | 'hang'): void {
  if (answer !== 'hang') response.writeHead(answer).end('ok');
}
