import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { type GitServer, startGitServer } from '../support/git-http-server.ts';
import { Accounts, type Level } from './accounts.ts';
import { Deliveries, type Delivery } from './deliveries.ts';
import { type Disturbance, Disturbances } from './disturbances.ts';
import { createApp, type InstalledApp, type NewApp } from './fake-app.ts';
import { createRepository, type FakeRepository, type NewRepository } from './fake-repository.ts';
import { GitFront } from './git-front.ts';
import { Journal } from './journal.ts';
import { DELIVERY_TIMEOUT_MS } from './limits.ts';
import { ApiDocument } from './openapi.ts';
import { RateLimit, type RateLimitOptions } from './rate-limit.ts';
import { type ApiRequest, RestApi } from './rest-api.ts';
import type { CommitStatus, World } from './world.ts';

export interface FakeGithubOptions {
  /** Times of statuses, tokens, limits and delays; the system's by default. */
  readonly clock?: Clock;
  /** `/api/v3` makes it a GitHub Enterprise Server in this respect; '' by default. */
  readonly apiPath?: '' | '/api/v3';
  /** How long a receiver of webhooks may take; GitHub's 10 s by default. */
  readonly deliveryTimeoutMs?: number;
}

interface Parts {
  readonly world: World;
  readonly server: Server;
  readonly git: GitServer;
  readonly directory: string;
  readonly disturbances: Disturbances;
  readonly rateLimit: RateLimit;
  readonly requests: Journal<ApiRequest>;
  /** Requests that are being answered. */
  readonly underWay: ReadonlySet<Promise<void>>;
  readonly closing: AbortController;
}

/**
 * Starts a GitHub on 127.0.0.1: REST API, webhooks and Git over smart HTTP, on one port. Throws with what to run when
 * GitHub's API document has not been made yet. Tests end with `expect(fake.violations).toEqual([])` and `close()`.
 */
export async function startFakeGithub(options: FakeGithubOptions = {}): Promise<FakeGithub> {
  const document = ApiDocument.load();
  const directory = await mkdtemp(join(tmpdir(), 'gridops-github-'));
  const git = await startGitServer({ directory });
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const disturbances = new Disturbances();
  const world = createWorld(origin, { document, disturbances, ...options });
  const rateLimit = new RateLimit(world.clock);
  const requests = new Journal<ApiRequest>(
    ({ method, path, status }) => `${method} ${path} ${status}`,
  );
  const closing = new AbortController();
  const parts = { world, rateLimit, disturbances, requests };
  const api = new RestApi({ ...parts, closing: closing.signal });
  const underWay = serve(server, api, new GitFront(world, git));
  return new FakeGithub({ ...parts, server, git, directory, underWay, closing });
}

export class FakeGithub {
  /** Where repositories and pages are. */
  readonly origin: string;
  /** octokit's `baseUrl`. */
  readonly baseUrl: string;
  /** The server behind the clone URLs: its log of requests and its faults (`git.fault({ kind: 'hang' })`). It knows repositories by number. */
  readonly git: GitServer;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.origin = parts.world.origin;
    this.baseUrl = parts.world.api;
    this.git = parts.git;
    this.#parts = parts;
  }

  /** What neither a correct client nor a correct fake does. */
  get violations(): readonly string[] {
    return this.#parts.world.violations;
  }

  /** All requests of the REST API, oldest first, as they were answered. */
  get requests(): readonly ApiRequest[] {
    return this.#parts.requests.entries;
  }

  /** All webhooks that were sent or lost, oldest first, pings included. */
  get deliveries(): readonly Delivery[] {
    return this.#parts.world.deliveries.journal.entries;
  }

  async createRepository(options: NewRepository = {}): Promise<FakeRepository> {
    return await createRepository(this.#parts.world, this.#parts.directory, options);
  }

  /** A personal access token. `write` may push and set statuses; `admin` may also manage hooks. */
  createToken(login = 'octocat', level: Level = 'admin'): string {
    return this.#parts.world.accounts.createToken(login, level);
  }

  /** Every token of the fake, installation tokens included, can be made invalid. */
  revokeToken(token: string): void {
    this.#parts.world.accounts.revokeToken(token);
  }

  /** A GitHub App, installed on all repositories of its owner. */
  async createApp(options: NewApp = {}): Promise<InstalledApp> {
    return await createApp(this.#parts.world, options);
  }

  /** All statuses that a commit ever got, oldest first. */
  statuses(sha: string): readonly CommitStatus[] {
    return this.#parts.world.statuses.entries.filter((status) => status.sha === sha);
  }

  /**
   * The first status of this commit and context that satisfies the predicate, also one that was replaced since. When
   * there is none within `timeout` (10 s), the error lists the commit's statuses.
   */
  async waitForStatus(
    sha: string,
    context: string,
    predicate: (status: CommitStatus) => boolean,
    timeout?: number,
  ): Promise<CommitStatus> {
    const matches = (status: CommitStatus): boolean =>
      status.sha === sha && status.context === context && predicate(status);
    const what = `status ${context} of ${sha.slice(0, 12)} as wanted`;
    return await this.#parts.world.statuses.waitFor(matches, { what, ...given(timeout) });
  }

  async waitForRequest(
    matches: (request: ApiRequest) => boolean,
    timeout?: number,
  ): Promise<ApiRequest> {
    return await this.#parts.requests.waitFor(matches, { what: 'such request', ...given(timeout) });
  }

  async waitForDelivery(
    matches: (delivery: Delivery) => boolean,
    timeout?: number,
  ): Promise<Delivery> {
    const { journal } = this.#parts.world.deliveries;
    return await journal.waitFor(matches, { what: 'such delivery', ...given(timeout) });
  }

  /** Sends a recorded delivery again, under the same X-GitHub-Delivery, as the button on GitHub's page does. */
  redeliver(deliveryId: number): void {
    if (this.#parts.world.deliveries.redeliver(deliveryId) === null) {
      throw new Error(`there is no delivery ${deliveryId}`);
    }
  }

  /** Resolves when no webhook is on its way. */
  async settled(): Promise<void> {
    await this.#parts.world.deliveries.settled();
  }

  /** Something goes wrong with the next request or delivery that fits. */
  disturb(disturbance: Disturbance): void {
    this.#parts.disturbances.add(disturbance);
  }

  limitRate(options: RateLimitOptions): void {
    this.#parts.rateLimit.configure(options);
  }

  /** No more disturbances, the usual limits, Git without faults. */
  calm(): void {
    this.#parts.disturbances.calm();
    this.#parts.rateLimit.configure({});
    this.git.fault(null);
  }

  async close(): Promise<void> {
    const { server, world, git, directory, underWay, closing } = this.#parts;
    closing.abort(new Error('the fake is closing'));
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    await Promise.all(underWay);
    await world.deliveries.close();
    await git.close();
    // A git process that was cut off may still be writing.
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

interface WorldOptions extends FakeGithubOptions {
  readonly document: ApiDocument;
  readonly disturbances: Disturbances;
}

function createWorld(origin: string, options: WorldOptions): World {
  const { clock = systemClock, document, disturbances } = options;
  const violations: string[] = [];
  const nextId = counter(1000);
  const timeoutMs = options.deliveryTimeoutMs ?? DELIVERY_TIMEOUT_MS;
  return {
    origin,
    api: `${origin}${options.apiPath ?? ''}`,
    clock,
    document,
    accounts: new Accounts(clock, nextId),
    deliveries: new Deliveries({ clock, document, disturbances, violations, nextId, timeoutMs }),
    repositories: new Map(),
    appHooks: new Map(),
    statuses: new Journal(
      ({ context, state, description }) => `${context} ${state} (${description ?? ''})`,
    ),
    violations,
    nextId,
  };
}

function serve(server: Server, api: RestApi, git: GitFront): ReadonlySet<Promise<void>> {
  const underWay = new Set<Promise<void>>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const front = git.claims(request) ? git : api;
    const work = front.handle(request, response).catch(() => void response.destroy());
    underWay.add(work);
    void work.then(() => underWay.delete(work));
  });
  return underWay;
}

function counter(from: number): () => number {
  let next = from;
  return () => next++;
}

function given(timeout: number | undefined): { readonly timeout?: number } {
  return timeout === undefined ? {} : { timeout };
}
