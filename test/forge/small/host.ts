import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { type GitServer, startGitServer } from '../../support/git-http-server.ts';
import { type Disturbance, Disturbances } from '../disturbances.ts';
import { digest, readBody, tryParse } from '../http-messages.ts';
import { Journal } from '../journal.ts';
import { type Dialect, type Route, SmallRefusal, type SmallReply } from './dialect.ts';
import { SmallHandle } from './handle.ts';
import { sendWebhook } from './hooks.ts';
import {
  fullNameOf,
  type Person,
  type SmallEvent,
  type SmallLevel,
  type SmallRepository,
  type SmallWorld,
} from './state.ts';

export interface SmallRequest {
  readonly id: string;
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
  readonly #ajv = new Ajv({ allErrors: true, strict: false });
  readonly #disturbances = new Disturbances();
  readonly #deliveries = new Set<Promise<void>>();

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
    git.authorise((credentials) => {
      const person = this.world.tokens.get(credentials?.password ?? '');
      return person === undefined ? 'deny' : 'allow';
    });
    parts.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void this.#handle(request, response).catch(() => void response.destroy());
    });
  }

  get violations(): readonly string[] {
    return this.world.violations;
  }

  /** Of a person with this level in all repositories; forks are their owners' own. */
  createToken(login: string, level: SmallLevel = 'admin'): string {
    const token = `token-${this.world.nextId()}`;
    const person = this.person(login);
    person.level = level;
    this.world.tokens.set(token, person);
    return token;
  }

  person(login: string): Person {
    const known = this.world.people.get(login);
    if (known !== undefined) return known;
    const id = this.world.nextId();
    const made: Person = { id, uuid: `{${id}}`, login, level: 'none' };
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
      tell: (repository, event) => this.#tell(repository, event),
    });
    await handle.commit({ 'README.md': 'grids\n' });
    return handle;
  }

  disturb(disturbance: Disturbance): void {
    this.#disturbances.add(disturbance);
  }

  /** No webhook is on its way. */
  async settled(): Promise<void> {
    while (this.#deliveries.size > 0) await Promise.all(this.#deliveries);
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

  #tell(repository: SmallRepository, event: SmallEvent): void {
    const work = sendWebhook(this.world, this.#parts.dialect, { repository, event });
    this.#deliveries.add(work);
    void work.finally(() => this.#deliveries.delete(work));
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
    this.requests.push({ id, status: reply.status, body: tryParse(text) });
    const { hasEtags } = this.#parts.dialect;
    const etag = hasEtags && reply.status < 300 ? `W/"${digest(reply.body)}"` : null;
    const unchanged = etag !== null && request.headers['if-none-match'] === etag;
    response.writeHead(unchanged ? 304 : reply.status, {
      'content-type': 'application/json',
      ...reply.headers,
      ...(etag === null ? {} : { etag }),
    });
    response.end(unchanged ? undefined : JSON.stringify(reply.body));
  }

  async #disturbed(
    disturbance: Disturbance,
    answer: () => Promise<SmallReply>,
  ): Promise<SmallReply> {
    const { dialect } = this.#parts;
    if (disturbance.kind === 'secondary-limit') {
      const headers = dialect.limitHeaders(disturbance.retryAfter ?? 60);
      return { status: 429, body: dialect.error(429, 'Too Many Requests'), headers };
    }
    if (disturbance.kind !== 'server-error') throw new Error(`not here: ${disturbance.kind}`);
    if (disturbance.afterDoing === true) await answer();
    return { status: disturbance.status, body: dialect.error(disturbance.status, 'Bad Gateway') };
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
    of: {
      readonly request: IncomingMessage;
      readonly url: URL;
      readonly text: string;
      readonly id: string;
    },
  ): Promise<SmallReply> {
    const { dialect } = this.#parts;
    try {
      const person = dialect.personOf(this.world, of.request.headers.authorization ?? '');
      if (person === null) throw new SmallRefusal(401, '401 Unauthorized');
      if (found === null) {
        this.world.violations.push(`no such route: ${of.id}`);
        throw new SmallRefusal(404, '404 Not Found');
      }
      const body = this.#checked(found.route, of);
      const repository = this.#repositoryOf(found, person);
      return await found.route.handle({
        world: this.world,
        person,
        parameters: found.parameters,
        query: of.url.searchParams,
        body,
        headers: of.request.headers,
        repository,
        tell: (about, event) => this.#tell(about, event),
      });
    } catch (error) {
      if (error instanceof SmallRefusal)
        return { status: error.status, body: dialect.error(error.status, error.message) };
      this.world.violations.push(String(error));
      return { status: 500, body: dialect.error(500, String(error)) };
    }
  }

  /** Unknown query parameters and keys would be ignored without a word: they are mistakes of the client. */
  #checked(
    route: Route,
    { url, text }: { readonly url: URL; readonly text: string },
  ): Readonly<Record<string, unknown>> {
    for (const name of url.searchParams.keys())
      if (!(route.query ?? []).includes(name))
        this.world.violations.push(`${route.id}: unknown query parameter ${name}`);
    const body = text === '' ? undefined : tryParse(text);
    if (route.body === undefined) {
      if (body !== undefined) this.world.violations.push(`${route.id}: a body`);
      return {};
    }
    const validate = this.#ajv.compile(route.body);
    if (validate(body)) return body as Record<string, unknown>;
    const faults = (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
    );
    if (faults.some((fault) => fault.includes('additionalProperty')))
      this.world.violations.push(`${route.id}: ${faults.join('; ')}`);
    throw new SmallRefusal(400, faults.join('; '));
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
