import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type GitServer, type RefsChanged, startGitServer } from '../../support/git-http-server.ts';
import { type Disturbance, Disturbances, type RequestDisturbance } from '../disturbances.ts';
import { digest, readBody, tryParse } from '../http-messages.ts';
import { Journal } from '../journal.ts';
import { type Incoming, RequestCheck } from './checking.ts';
import { SmallDeliveries, type SmallDelivery } from './deliveries.ts';
import { type Dialect, type Route, SmallRefusal, type SmallReply } from './dialect.ts';
import { SmallHandle } from './handle.ts';
import {
  fullNameOf,
  type Person,
  type SmallLevel,
  type SmallRepository,
  type SmallWorld,
} from './state.ts';

export interface SmallRequest {
  readonly id: string;
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

/**
 * A code host on 127.0.0.1 that is not GitHub: its API as far as we use it, its webhooks, and real Git behind it. What no
 * correct client does is a violation; tests end with `expect(host.violations).toEqual([])` and `close()`.
 */
export async function startSmallHost(dialect: Dialect): Promise<SmallHost> {
  const directory = await mkdtemp(join(tmpdir(), 'gridops-forge-'));
  const git = await startGitServer({ directory });
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return new SmallHost({ dialect, directory, git, server, origin });
}

interface Parts {
  readonly dialect: Dialect;
  readonly directory: string;
  readonly git: GitServer;
  readonly server: Server;
  readonly origin: string;
}

export class SmallHost {
  readonly world: SmallWorld;
  readonly requests: SmallRequest[] = [];
  readonly #parts: Parts;
  readonly #check: RequestCheck;
  readonly #disturbances = new Disturbances();
  readonly #deliveries: SmallDeliveries;
  readonly #handles = new Map<string, SmallHandle>();

  constructor(parts: Parts) {
    this.#parts = parts;
    const { origin, dialect, git } = parts;
    let next = 100;
    this.world = {
      origin,
      api: origin + dialect.apiPath,
      cloneUrl: ({ id }) => git.url(String(id)),
      people: new Map(),
      tokens: new Map(),
      repositories: [],
      statuses: new Journal(({ context, state }) => `${context} ${state}`),
      violations: [],
      nextId: () => next++,
    };
    this.#check = new RequestCheck(this.world.violations);
    this.#deliveries = new SmallDeliveries(this.world, dialect, this.#disturbances);
    git.authorise((credentials) => {
      const person = this.world.tokens.get(credentials?.password ?? '');
      return person === undefined ? 'deny' : 'allow';
    });
    git.onRefsChanged(async (change) => await this.#pushed(change));
    parts.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.#handle(request, response).catch(() => void response.destroy());
    });
  }

  get violations(): readonly string[] {
    return this.world.violations;
  }

  /** Every attempt at a webhook, oldest first. */
  get deliveries(): readonly SmallDelivery[] {
    return this.#deliveries.journal.entries;
  }

  /** Of a person with this level in all repositories; forks are their owners' own. */
  createToken(login: string, level: SmallLevel = 'admin', isProgram = false): string {
    const token = `token-${this.world.nextId()}`;
    const person = this.person(login);
    Object.assign(person, { level, isProgram });
    this.world.tokens.set(token, person);
    return token;
  }

  person(login: string): Person {
    const known = this.world.people.get(login);
    if (known !== undefined) return known;
    const id = this.world.nextId();
    const made: Person = { id, uuid: `{${id}}`, login, isProgram: false, level: 'none' };
    this.world.people.set(login, made);
    return made;
  }

  async createRepository(owner = 'acme', name = 'grids'): Promise<SmallHandle> {
    const { directory, dialect } = this.#parts;
    const handle = await SmallHandle.create({
      world: this.world,
      directory,
      dialect,
      named: { owner, name },
      person: (login) => this.person(login),
      tell: (repository, event) => this.#deliveries.send(repository, event),
    });
    this.#handles.set(String(handle.repository.id), handle);
    await handle.commit({ 'README.md': 'grids\n' });
    return handle;
  }

  disturb(disturbance: Disturbance): void {
    this.#disturbances.add(disturbance);
  }

  /** No more disturbances. */
  calm(): void {
    this.#disturbances.calm();
  }

  /** The button beside a delivery. */
  redeliver(delivery: SmallDelivery): void {
    this.#deliveries.redeliver(delivery);
  }

  /** No webhook is on its way. */
  async settled(): Promise<void> {
    await this.#deliveries.settled();
  }

  async close(): Promise<void> {
    const { server, git, directory } = this.#parts;
    await this.settled();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    await git.close();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Somebody has pushed by Git. */
  async #pushed({ repository, changes }: RefsChanged): Promise<void> {
    const handle = this.#handles.get(repository);
    for (const { ref, before, after } of changes)
      if (ref.startsWith('refs/heads/'))
        await handle?.moved(ref.slice('refs/heads/'.length), before, after);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readBody(request);
    const url = new URL(request.url ?? '/', this.world.origin);
    const path = url.pathname.slice(this.#parts.dialect.apiPath.length);
    const found = this.#match(request.method ?? 'GET', path);
    const id = found?.route.id ?? `${request.method} ${path}`;
    const disturbance = this.#disturbances.takeForRequest(id);
    const answer = async (): Promise<SmallReply> =>
      await this.#answer(found, { request, url, text, id });
    const reply =
      disturbance === null ? await answer() : await this.#disturbed(disturbance, answer);
    this.requests.push({ id, path, status: reply?.status ?? 0, body: tryParse(text) });
    if (reply === null) response.destroy();
    else this.#send(request, response, reply);
  }

  #send(request: IncomingMessage, response: ServerResponse, reply: SmallReply): void {
    const { hasEtags } = this.#parts.dialect;
    const etag = hasEtags && reply.status < 300 ? `W/"${digest(reply.body)}"` : null;
    const unchanged = etag !== null && request.headers['if-none-match'] === etag;
    response.writeHead(unchanged ? 304 : reply.status, {
      'content-type': 'application/json',
      ...reply.headers,
      ...(etag === null ? {} : { etag }),
    });
    const { body } = reply;
    response.end(unchanged ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  }

  /** `null`: the connection is closed without an answer. */
  async #disturbed(
    disturbance: RequestDisturbance,
    answer: () => Promise<SmallReply>,
  ): Promise<SmallReply | null> {
    const { dialect } = this.#parts;
    switch (disturbance.kind) {
      case 'secondary-limit':
        return dialect.limited(disturbance.retryAfter ?? 60);
      case 'server-error': {
        if (disturbance.afterDoing === true) await answer();
        const { status } = disturbance;
        return { status, body: dialect.error(status, 'Bad Gateway') };
      }
      case 'hang-up':
        if (disturbance.afterDoing === true) await answer();
        return null;
      case 'not-found-yet':
        return { status: 404, body: dialect.error(404, 'Not Found') };
      case 'slow-answer':
        await setTimeout(disturbance.milliseconds);
        return await answer();
    }
  }

  #match(method: string, path: string) {
    for (const route of this.#parts.dialect.routes) {
      const parameters = matched(route, method, path);
      if (parameters !== null) return { route, parameters };
    }
    return null;
  }

  async #answer(
    found: { readonly route: Route; readonly parameters: Readonly<Record<string, string>> } | null,
    of: Incoming & { readonly id: string },
  ): Promise<SmallReply> {
    const { dialect } = this.#parts;
    try {
      const person = this.#check.person(this.world, dialect, of);
      if (found === null) {
        this.world.violations.push(`no such route: ${of.id}`);
        throw new SmallRefusal(404, '404 Not Found');
      }
      const body = this.#check.body(found.route, of);
      const repository = this.#repositoryOf(found, person);
      return await found.route.handle({
        world: this.world,
        person,
        parameters: found.parameters,
        query: of.url.searchParams,
        body,
        headers: of.request.headers,
        repository,
        tell: (about, event) => this.#deliveries.send(about, event),
      });
    } catch (error) {
      if (error instanceof SmallRefusal)
        return { status: error.status, body: dialect.error(error.status, error.message) };
      this.world.violations.push(String(error));
      return { status: 500, body: dialect.error(500, String(error)) };
    }
  }

  #repositoryOf(
    {
      route,
      parameters,
    }: { readonly route: Route; readonly parameters: Readonly<Record<string, string>> },
    person: Person,
  ): SmallRepository {
    const name = parameters['project'] ?? `${parameters['owner']}/${parameters['repo']}`;
    const found = this.world.repositories.find((each) => fullNameOf(each) === name);
    if (route.level === null) return found ?? ({} as SmallRepository);
    const ranks = ['none', 'read', 'write', 'admin'];
    const level = found?.owner === person.login ? 'admin' : person.level;
    if (found === undefined || level === 'none') throw new SmallRefusal(404, '404 Not Found');
    if (ranks.indexOf(level) < ranks.indexOf(route.level))
      throw new SmallRefusal(403, '403 Forbidden');
    return found;
  }
}

function matched(
  route: Route,
  method: string,
  path: string,
): Readonly<Record<string, string>> | null {
  const [wanted, given] = [route.path.split('/'), path.split('/')];
  if (route.method !== method || wanted.length !== given.length) return null;
  const parameters: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const value = decodeURIComponent(given[at] ?? '');
    if (part.startsWith(':')) parameters[part.slice(1)] = value;
    else if (part !== value) return null;
  }
  return parameters;
}
