import { createHmac, randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../src/runtime/clock.ts';
import type { Installation } from './accounts.ts';
import type { DeliveryDisturbance, Disturbances } from './disturbances.ts';
import { Journal } from './journal.ts';
import { MAX_PAYLOAD_BYTES } from './limits.ts';
import type { ApiDocument } from './openapi.ts';
import { nodeId } from './shapes.ts';
import type { Hook } from './world.ts';

/** A hook that wants an event, and the installation through which it does when it is an app's. */
export interface Subscription {
  readonly hook: Hook;
  readonly installation: Installation | null;
}

export interface HookEvent {
  /** As in X-GitHub-Event. */
  readonly name: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly repositoryId: number | null;
}

export interface Delivery {
  readonly id: number;
  /** X-GitHub-Delivery: one for the event, whoever receives it and however often. */
  readonly guid: string;
  readonly hook: Hook;
  readonly event: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly repositoryId: number | null;
  readonly installation: Installation | null;
  readonly redelivery: boolean;
  readonly deliveredAt: number;
  readonly seconds: number;
  readonly requestHeaders: Readonly<Record<string, string>>;
  /** `OK`, or what went wrong. */
  readonly status: string;
  readonly statusCode: number;
  readonly responseHeaders: IncomingHttpHeaders;
  readonly responseBody: string;
}

type Attempt = Pick<
  Delivery,
  'guid' | 'hook' | 'event' | 'payload' | 'repositoryId' | 'installation' | 'redelivery'
>;
type Outcome = Pick<Delivery, 'status' | 'statusCode' | 'responseHeaders' | 'responseBody'>;

export interface DeliveriesOptions {
  readonly clock: Clock;
  readonly document: ApiDocument;
  readonly disturbances: Disturbances;
  readonly violations: string[];
  readonly nextId: () => number;
  readonly timeoutMs: number;
}

/** Sends webhooks as GitHub does: each at once, none retried, every one written down. */
export class Deliveries {
  readonly journal = new Journal<Delivery>(
    (delivery) => `${delivery.event} ${delivery.guid} ${delivery.status}`,
  );
  readonly #options: DeliveriesOptions;
  readonly #underWay = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  send(event: HookEvent, subscriptions: readonly Subscription[]): void {
    const guid = randomUUID();
    for (const { hook, installation } of subscriptions) {
      const payload =
        installation === null
          ? event.payload
          : { ...event.payload, installation: simpleInstallation(installation) };
      const faults = this.#options.document.checkWebhook(event.name, payload);
      this.#options.violations.push(
        ...faults.map((fault) => `FAKE IS LYING: webhook ${event.name}: ${fault}`),
      );
      const { name, repositoryId } = event;
      const redelivery = false;
      this.#start({ guid, hook, event: name, payload, repositoryId, installation, redelivery });
    }
  }

  /** Sends a recorded delivery once more, under the id of the event; null when there is none of that number. */
  redeliver(id: number): Delivery | null {
    const earlier = this.journal.entries.find((delivery) => delivery.id === id);
    if (earlier === undefined) return null;
    this.#start({ ...earlier, redelivery: true });
    return earlier;
  }

  /** Resolves when nothing is on its way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the fake is closing'));
    await this.settled();
  }

  #start(attempt: Attempt): void {
    const work = this.#deliver(attempt).catch((error: unknown) => {
      if (!this.#closing.signal.aborted) {
        this.#options.violations.push(`FAKE IS BROKEN: delivery: ${String(error)}`);
      }
    });
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #deliver(attempt: Attempt): Promise<void> {
    const disturbance = this.#options.disturbances.takeForDelivery(attempt.event);
    if (disturbance?.kind === 'delay-delivery') {
      await this.#options.clock.sleep(disturbance.milliseconds, this.#closing.signal);
    }
    const body = encode(attempt);
    if (body.length > MAX_PAYLOAD_BYTES) return;
    const first = this.#attempt(attempt, body, disturbance);
    if (disturbance?.kind === 'duplicate-delivery') {
      if (disturbance.together !== true) await first;
      await this.#attempt(attempt, body, null);
    }
    await first;
  }

  async #attempt(
    attempt: Attempt,
    body: Buffer,
    disturbance: DeliveryDisturbance | null,
  ): Promise<void> {
    const headers = headersOf(attempt, body, disturbance?.kind === 'wrong-signature');
    const deliveredAt = this.#options.clock.now();
    const started = performance.now();
    const outcome =
      disturbance?.kind === 'drop-delivery'
        ? failed('failed to connect to host', 502)
        : await this.#post(attempt.hook.url, headers, body);
    const { hook } = attempt;
    hook.lastResponse = { code: outcome.statusCode, message: outcome.status };
    const seconds = (performance.now() - started) / 1000;
    const id = this.#options.nextId();
    this.journal.add({ ...attempt, ...outcome, id, deliveredAt, seconds, requestHeaders: headers });
  }

  async #post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
  ): Promise<Outcome> {
    const signal = AbortSignal.any([
      this.#closing.signal,
      AbortSignal.timeout(this.#options.timeoutMs),
    ]);
    try {
      return await post(url, headers, body, signal);
    } catch {
      if (signal.aborted) return failed('timed out', 504);
      return failed('failed to connect to host', 502);
    }
  }
}

async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  signal: AbortSignal,
): Promise<Outcome> {
  const request = httpRequest(url, { method: 'POST', headers, agent: false, signal });
  request.end(body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
  const statusCode = response.statusCode ?? 0;
  const succeeded = statusCode >= 200 && statusCode < 300;
  return {
    status: succeeded ? 'OK' : `Invalid HTTP Response: ${statusCode}`,
    statusCode,
    responseHeaders: response.headers,
    responseBody: await text(response),
  };
}

/** The two figures are inferred: GitHub's page shows the words, the API's document says only "integer". */
function failed(status: string, statusCode: 502 | 504): Outcome {
  return { status, statusCode, responseHeaders: {}, responseBody: '' };
}

function encode(attempt: Attempt): Buffer {
  const json = JSON.stringify(attempt.payload);
  const isForm = attempt.hook.contentType === 'form';
  return Buffer.from(isForm ? new URLSearchParams({ payload: json }).toString() : json);
}

function headersOf(
  attempt: Attempt,
  body: Buffer,
  wrong: boolean,
): Readonly<Record<string, string>> {
  const { hook } = attempt;
  const isRepository = hook.target.kind === 'repository';
  const targetId =
    hook.target.kind === 'repository' ? hook.target.repository.id : hook.target.appId;
  const form = 'application/x-www-form-urlencoded';
  return {
    accept: '*/*',
    'content-type': hook.contentType === 'form' ? form : 'application/json',
    'content-length': String(body.length),
    'user-agent': 'GitHub-Hookshot/4a5b6c7',
    'x-github-delivery': attempt.guid,
    'x-github-event': attempt.event,
    'x-github-hook-id': String(hook.id),
    'x-github-hook-installation-target-id': String(targetId),
    'x-github-hook-installation-target-type': isRepository ? 'repository' : 'integration',
    ...(hook.secret === null ? {} : signatures(wrong ? `not ${hook.secret}` : hook.secret, body)),
  };
}

function signatures(secret: string, body: Buffer): Readonly<Record<string, string>> {
  return {
    'x-hub-signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`,
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
}

function simpleInstallation({ id }: Installation): {
  readonly id: number;
  readonly node_id: string;
} {
  return { id, node_id: nodeId('Installation', id) };
}
