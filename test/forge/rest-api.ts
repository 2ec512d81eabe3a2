import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Actor, actorName } from './accounts.ts';
import type { Disturbances, RequestDisturbance } from './disturbances.ts';
import {
  CACHING,
  COMMON_HEADERS,
  digest,
  parseBody,
  readBody,
  replyTo,
  requireUserAgent,
  send,
  serverError,
  tryParse,
} from './http-messages.ts';
import type { Journal } from './journal.ts';
import { limitErrors } from './limits.ts';
import type { Match } from './openapi.ts';
import { type RateLimit, secondaryLimit } from './rate-limit.ts';
import { invalidRequest, notFound, Refusal, validationFailed } from './refusal.ts';
import { appRoutes } from './resources/apps.ts';
import { checkRunRoutes } from './resources/check-runs.ts';
import { commentRoutes } from './resources/comments.ts';
import { commitRoutes } from './resources/commits.ts';
import { contentRoutes } from './resources/contents.ts';
import { deploymentRoutes } from './resources/deployments.ts';
import { hookRoutes } from './resources/hooks.ts';
import { labelRoutes } from './resources/labels.ts';
import { pullRoutes } from './resources/pulls.ts';
import { refRoutes } from './resources/refs.ts';
import { repositoryRoutes } from './resources/repositories.ts';
import { statusRoutes } from './resources/statuses.ts';
import { userRoutes } from './resources/users.ts';
import { fullName } from './shapes.ts';
import type { Reply, Routes, World } from './world.ts';

/** One request of the REST API and what it was answered with. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  /** GitHub's operationId; null when the document has no such operation. */
  readonly operation: string | null;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
  /** 0: the connection was closed without an answer. */
  readonly status: number;
}

export interface RestApiOptions {
  readonly world: World;
  readonly rateLimit: RateLimit;
  readonly disturbances: Disturbances;
  readonly requests: Journal<ApiRequest>;
  /** Ends what waits. */
  readonly closing: AbortSignal;
}

const ROUTES: Routes = {
  ...appRoutes,
  ...checkRunRoutes,
  ...commentRoutes,
  ...commitRoutes,
  ...contentRoutes,
  ...deploymentRoutes,
  ...hookRoutes,
  ...labelRoutes,
  ...pullRoutes,
  ...refRoutes,
  ...repositoryRoutes,
  ...statusRoutes,
  ...userRoutes,
};

interface Exchange {
  readonly request: IncomingMessage;
  readonly method: string;
  readonly url: URL;
  /** Under the base of the API. */
  readonly pathname: string;
  readonly match: Match | null;
  readonly text: string;
}

/** null: the connection is to be closed without an answer. */
type Answer = Reply | null;

/** GitHub's REST API: finds the operation, refuses what GitHub refuses, records what no client should do, checks itself. */
export class RestApi {
  readonly #world: World;
  readonly #rateLimit: RateLimit;
  readonly #disturbances: Disturbances;
  readonly #requests: Journal<ApiRequest>;
  readonly #closing: AbortSignal;

  constructor(options: RestApiOptions) {
    this.#world = options.world;
    this.#rateLimit = options.rateLimit;
    this.#disturbances = options.disturbances;
    this.#requests = options.requests;
    this.#closing = options.closing;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = await this.#read(request);
    const disturbance = this.#disturbances.takeForRequest(exchange.match?.operation.id ?? '');
    const answer = await this.#disturbed(exchange, disturbance);
    this.#requests.add({
      method: exchange.method,
      path: exchange.pathname + exchange.url.search,
      operation: exchange.match?.operation.id ?? null,
      headers: request.headers,
      body: exchange.text === '' ? undefined : tryParse(exchange.text),
      status: answer?.status ?? 0,
    });
    if (answer === null) response.destroy();
    else send(response, answer);
  }

  async #read(request: IncomingMessage): Promise<Exchange> {
    const text = await readBody(request);
    const method = request.method ?? 'GET';
    const url = new URL(request.url ?? '/', this.#world.origin);
    const base = new URL(this.#world.api).pathname.replace(/\/$/, '');
    const pathname = this.#byName(url.pathname.slice(base.length));
    const isApi = url.pathname.startsWith(`${base}/`);
    const match = isApi ? this.#world.document.match(method, pathname) : null;
    return { request, method, url, pathname, match, text };
  }

  /** `/repositories/<number>/…`, as in links and redirects, is the same as `/repos/<owner>/<name>/…`. */
  #byName(pathname: string): string {
    const [, id, rest = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(pathname) ?? [];
    const repository = this.#world.repositories.get(Number(id));
    return repository === undefined ? pathname : `/repos/${fullName(repository)}${rest}`;
  }

  async #disturbed(exchange: Exchange, disturbance: RequestDisturbance | null): Promise<Answer> {
    if (disturbance === null) return await this.#answer(exchange);
    switch (disturbance.kind) {
      case 'slow-answer':
        await this.#world.clock.sleep(disturbance.milliseconds, this.#closing);
        return await this.#answer(exchange);
      case 'not-found-yet':
        return replyTo(notFound(exchange.match?.operation.documentation));
      case 'secondary-limit':
        return replyTo(secondaryLimit(disturbance.status, disturbance.retryAfter));
      case 'server-error':
        if (disturbance.afterDoing === true) await this.#answer(exchange);
        return { status: disturbance.status, body: serverError(disturbance.status) };
      case 'hang-up':
        if (disturbance.afterDoing === true) await this.#answer(exchange);
        return null;
    }
  }

  async #answer(exchange: Exchange): Promise<Reply> {
    let actor: Actor = { kind: 'anonymous' };
    try {
      requireUserAgent(exchange.request);
      actor = this.#world.accounts.authenticate(exchange.request.headers.authorization);
      this.#rateLimit.take(actorName(actor), exchange.method !== 'GET');
      const reply = this.#checked(exchange, await this.#carryOut(exchange, actor));
      return this.#dressed(exchange, actor, reply);
    } catch (error) {
      if (!(error instanceof Refusal)) {
        this.#world.violations.push(String(error));
        return { status: 500, body: { message: String(error) } };
      }
      return this.#dressed(exchange, actor, this.#checked(exchange, replyTo(error)));
    }
  }

  async #carryOut(exchange: Exchange, actor: Actor): Promise<Reply> {
    const { match } = exchange;
    const name = `${exchange.method} ${exchange.pathname}`;
    if (match === null) {
      this.#world.violations.push(`no such operation in GitHub's API document: ${name}`);
      throw notFound();
    }
    const { operation } = match;
    const body = this.#checkedBody(exchange, match);
    const handler = ROUTES[operation.id];
    if (handler === undefined) {
      this.#world.violations.push(`the fake does not implement ${operation.id}: ${name}`);
      throw new Refusal(501, { message: `the fake does not implement ${operation.id}` });
    }
    return await handler({
      world: this.#world,
      operation,
      pathname: exchange.pathname,
      parameters: match.parameters,
      query: exchange.url.searchParams,
      body,
      accept: exchange.request.headers.accept ?? '*/*',
      actor,
    });
  }

  #checkedBody(exchange: Exchange, { operation }: Match): Readonly<Record<string, unknown>> {
    const body = parseBody(exchange.text);
    const check = this.#world.document.checkRequest(operation, exchange.url.searchParams, body);
    this.#world.violations.push(
      ...check.ignored.map((what) => `${operation.id}: GitHub would ignore ${what}`),
    );
    const limits = limitErrors(operation.id, body ?? {});
    if (limits.length > 0) throw validationFailed(operation, limits);
    if (check.faults.length > 0) throw invalidRequest(operation, check.faults);
    return body ?? {};
  }

  /** The fake's own answers are held against the document like a client's requests. */
  #checked({ match }: Exchange, reply: Reply): Reply {
    if (match === null || typeof reply.body === 'string' || reply.status === 501) return reply;
    const { operation } = match;
    const lies = this.#world.document.checkResponse(operation, reply.status, reply.body);
    if (lies.length === 0) return reply;
    throw new Error(`FAKE IS LYING: ${operation.id} ${reply.status}: ${lies.join(', ')}`);
  }

  #dressed(exchange: Exchange, actor: Actor, reply: Reply): Reply {
    const hasEtag = reply.status < 300 && reply.body !== undefined;
    const etag = hasEtag ? `W/"${digest(reply.body)}"` : null;
    const isKnown = etag !== null && exchange.request.headers['if-none-match'] === etag;
    const unchanged = isKnown && exchange.method === 'GET';
    if (unchanged) this.#rateLimit.giveBack(actorName(actor));
    const headers = {
      ...COMMON_HEADERS,
      ...(reply.status < 300 && reply.status !== 204 ? { 'cache-control': CACHING } : {}),
      ...(actor.kind === 'user' ? { 'x-oauth-scopes': 'repo, admin:repo_hook' } : {}),
      ...this.#rateLimit.headers(actorName(actor)),
      ...(etag === null ? {} : { etag }),
      ...reply.headers,
    };
    return unchanged ? { status: 304, headers } : { ...reply, headers };
  }
}
