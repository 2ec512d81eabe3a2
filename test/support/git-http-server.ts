import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Launched, launch } from './launcher.ts';
import { initRepository, readRefs } from './repository-files.ts';

export interface GitServerOptions {
  /** Where the bare repositories live; a fresh temporary directory, removed by `close`, when absent. */
  readonly directory?: string;
  /** 0, the default: any free port. */
  readonly port?: number;
  /** Who may do what; absent: everybody everything. May be changed later with `authorise`. */
  readonly authorise?: Authorise;
}

/** What was presented with HTTP basic authentication; null: nothing. */
export interface GitCredentials {
  readonly username: string;
  readonly password: string;
}

/** `deny` is answered with 401, `forbid` with 403, `hide` with 404 (what forges do for private repositories). */
export type Authorise = (
  credentials: GitCredentials | null,
  request: { readonly repository: string; readonly write: boolean },
) => 'allow' | 'deny' | 'forbid' | 'hide';

export type GitOperation = 'advertise' | 'list' | 'fetch' | 'push' | 'other';

export interface GitRequest {
  readonly method: string;
  readonly path: string;
  readonly repository: string;
  readonly operation: GitOperation;
  readonly credentials: GitCredentials | null;
}

/** What goes wrong, until it is set to null again. `only` and `from` limit it to an operation and a path's beginning. */
export type Fault = FaultKind & { readonly only?: GitOperation; readonly from?: string };

export type FaultKind =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'slow'; readonly milliseconds: number }
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Ends the answer after so many bytes, as if complete (`clean`) or by tearing the connection. */
  | { readonly kind: 'truncate'; readonly bytes: number; readonly clean: boolean }
  | { readonly kind: 'redirect'; readonly location: (path: string) => string };

export interface RefChange {
  readonly ref: string;
  /** null: the ref was created. */
  readonly before: string | null;
  /** null: the ref was deleted. */
  readonly after: string | null;
}

export interface RefsChanged {
  readonly repository: string;
  readonly directory: string;
  readonly changes: readonly RefChange[];
  readonly credentials: GitCredentials | null;
}

export interface GitServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly requests: readonly GitRequest[];
  /** The clone URL, `<origin>/<name>.git`. */
  url(name: string): string;
  /** Where the bare repository is on disk. */
  directory(name: string): string;
  /** Creates an empty bare repository whose HEAD is `main`; `name` may hold one slash. Returns its directory. */
  createRepository(
    name: string,
    options?: { readonly objectFormat?: 'sha1' | 'sha256' },
  ): Promise<string>;
  /** Called after every push that moved refs, when they have moved and before the push's answer ends. */
  onRefsChanged(listener: (change: RefsChanged) => void | Promise<void>): void;
  authorise(authorise: Authorise | null): void;
  fault(fault: Fault | null): void;
  /** Forgets the request log. */
  forget(): void;
  close(): Promise<void>;
}

/** Serves bare repositories over smart HTTP through `git http-backend`, as a forge does, and misbehaves on demand. */
export async function startGitServer(options: GitServerOptions = {}): Promise<GitServer> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'gridops-git-server-')));
  const state: State = {
    directory,
    requests: [],
    listeners: [],
    pushes: new Map(),
    answers: new Map(),
    authorise: options.authorise ?? null,
    fault: null,
  };
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end(String(error));
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    origin,
    requests: state.requests,
    url: (name) => `${origin}/${name}.git`,
    directory: (name) => join(directory, `${name}.git`),
    createRepository: (name, format) => createBare(join(directory, `${name}.git`), format),
    onRefsChanged: (listener) => void state.listeners.push(listener),
    authorise: (authorise) => void (state.authorise = authorise),
    fault: (fault) => void (state.fault = fault),
    forget: () => void (state.requests.length = 0),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

interface State {
  readonly directory: string;
  readonly requests: GitRequest[];
  readonly listeners: ((change: RefsChanged) => void | Promise<void>)[];
  /** Pushes to one repository are taken one after the other, so that comparing refs tells whose they are. */
  readonly pushes: Map<string, Promise<void>>;
  /** What git answered last to each question, and with which refs. */
  readonly answers: Map<string, { readonly refs: string; readonly answer: Buffer }>;
  authorise: Authorise | null;
  fault: Fault | null;
}

// What forges allow, and a bare repository does not by itself.
const forgeLike = `
[http]
  receivepack = true
[receive]
  denyDeleteCurrent = ignore
[uploadpack]
  allowFilter = true
  allowAnySHA1InWant = true
`;

async function createBare(
  directory: string,
  options: { readonly objectFormat?: 'sha1' | 'sha256' } = {},
): Promise<string> {
  await initRepository(directory, { isBare: true, branch: 'main', config: forgeLike, ...options });
  return directory;
}

interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly body: Buffer;
  readonly logged: GitRequest;
}

async function handle(state: State, request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const body = await readBody(request);
  const logged: GitRequest = {
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    repository: /^\/(.+?)\.git\//.exec(url.pathname)?.[1] ?? '',
    operation: operationOf(url, body),
    credentials: credentialsOf(request),
  };
  state.requests.push(logged);
  const call = { request, response, url, body, logged };
  if (await misbehave(state.fault, call)) return;
  if (!authorised(state, call)) return;
  if (logged.operation === 'push') await push(state, call);
  else await backend(state, call);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}

function operationOf(url: URL, body: Buffer): GitOperation {
  if (url.pathname.endsWith('/info/refs')) return 'advertise';
  if (url.pathname.endsWith('/git-receive-pack')) return 'push';
  if (!url.pathname.endsWith('/git-upload-pack')) return 'other';
  return body.subarray(0, 32).includes('command=ls-refs') ? 'list' : 'fetch';
}

function credentialsOf(request: IncomingMessage): GitCredentials | null {
  const encoded = /^basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const [username = '', ...password] = Buffer.from(encoded, 'base64').toString().split(':');
  return { username, password: password.join(':') };
}

/** True when the fault has answered, or never will. */
async function misbehave(fault: Fault | null, call: Call): Promise<boolean> {
  if (fault === null) return false;
  if (fault.only !== undefined && fault.only !== call.logged.operation) return false;
  if (!call.logged.path.startsWith(fault.from ?? '')) return false;
  const { response } = call;
  switch (fault.kind) {
    case 'status':
      response.writeHead(fault.status).end('an error page\n');
      return true;
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, fault.milliseconds));
      return false;
    case 'hang':
      return true;
    case 'redirect':
      response.writeHead(301, { location: fault.location(call.logged.path) }).end();
      return true;
    case 'truncate':
    default:
      truncate(response, fault);
      return false;
  }
}

function truncate(response: ServerResponse, fault: { bytes: number; clean: boolean }): void {
  let left = fault.bytes;
  const write = response.write.bind(response) as (chunk: Buffer) => boolean;
  response.write = ((chunk: Buffer) => {
    const part = chunk.subarray(0, Math.max(0, left));
    left -= part.length;
    if (part.length > 0) write(part);
    if (left <= 0 && !fault.clean) response.destroy();
    return true;
  }) as typeof response.write;
}

function authorised(state: State, { response, logged }: Call): boolean {
  const write = logged.operation === 'push' || logged.path.includes('git-receive-pack');
  const verdict =
    state.authorise?.(logged.credentials, { repository: logged.repository, write }) ?? 'allow';
  switch (verdict) {
    case 'allow':
      return true;
    case 'deny':
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end('401\n');
      return false;
    case 'forbid':
      response.writeHead(403).end('403\n');
      return false;
    case 'hide':
    default:
      response.writeHead(404).end('404\n');
      return false;
  }
}

async function push(state: State, call: Call): Promise<void> {
  const { repository } = call.logged;
  const earlier = state.pushes.get(repository) ?? Promise.resolve();
  const mine = earlier.then(() => pushAlone(state, call));
  state.pushes.set(
    repository,
    mine.catch(() => undefined),
  );
  await mine;
}

async function pushAlone(state: State, call: Call): Promise<void> {
  const { repository, credentials } = call.logged;
  const directory = join(state.directory, `${repository}.git`);
  const before = await readRefs(directory);
  await backend(state, call, async () => {
    const changes = compareRefs(before, await readRefs(directory));
    if (changes.length === 0) return;
    for (const listener of state.listeners) {
      await listener({ repository, directory, changes, credentials });
    }
  });
}

function compareRefs(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): RefChange[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .map((ref) => ({ ref, before: before.get(ref) ?? null, after: after.get(ref) ?? null }))
    .filter((change) => change.before !== change.after);
}

async function backend(state: State, call: Call, beforeEnd?: () => Promise<void>): Promise<void> {
  const answer = (await known(state, call)) ?? (await ask(state, call)).stdout;
  await beforeEnd?.();
  relay(answer, call.response);
}

/**
 * What git answered to the same question while the refs were as they are now. It answers with refs alone, and is asked all the
 * time.
 */
async function known(state: State, call: Call): Promise<Buffer | null> {
  const { operation, repository, path } = call.logged;
  if (operation !== 'advertise' && operation !== 'list') return null;
  const refs = await readRefs(join(state.directory, `${repository}.git`)).catch(() => null);
  if (refs === null || refs.size === 0) return null;
  const key = JSON.stringify([
    path,
    call.request.headers['git-protocol'],
    call.body.toString('latin1'),
  ]);
  const tellsRefs =
    operation === 'list' ||
    call.request.headers['git-protocol'] !== 'version=2' ||
    path.endsWith('git-receive-pack');
  const now = tellsRefs ? JSON.stringify([...refs]) : '';
  const before = state.answers.get(key);
  if (before?.refs === now) return before.answer;
  const { code, stdout } = await ask(state, call);
  if (code === 0) state.answers.set(key, { refs: now, answer: stdout });
  return stdout;
}

async function ask(state: State, call: Call): Promise<Launched> {
  const env = cgiEnvironment(state, call);
  return await launch({ program: 'git', args: ['http-backend'], env, input: call.body });
}

function cgiEnvironment(state: State, { request, url, logged }: Call): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: state.directory,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    GIT_PROJECT_ROOT: state.directory,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    REQUEST_METHOD: request.method,
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    REMOTE_USER: logged.credentials?.username ?? '',
    REMOTE_ADDR: '127.0.0.1',
  };
}

/** A CGI answer: header lines, an empty line, the body. `Status:` is the HTTP status. */
function relay(answer: Buffer, response: ServerResponse): void {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) throw new Error('git http-backend gave no answer');
  writeHead(response, answer.subarray(0, end).toString());
  response.write(answer.subarray(end + 4));
  response.end();
}

function writeHead(response: ServerResponse, head: string): void {
  const headers: OutgoingHttpHeaders = {};
  let status = 200;
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'status') status = Number.parseInt(value, 10);
    else headers[name] = value;
  }
  response.writeHead(status, headers);
}
