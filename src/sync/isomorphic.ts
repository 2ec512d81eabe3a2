import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  addRemote,
  Errors,
  fetch as fetchPack,
  getRemoteInfo2,
  type HttpClient,
  init,
  listServerRefs,
  push as pushCommit,
  setConfig,
} from 'isomorphic-git';
import { checkPack } from './check-pack.ts';
import { withDeadline } from './deadline.ts';
import {
  type FetchRequest,
  type GitEngine,
  mirrorRef,
  type ObjectReader,
  type PushRequest,
} from './engine.ts';
import type { EngineOptions } from './engine-options.ts';
import {
  branchMissing,
  installGit,
  notTaken,
  tooLarge,
  unreachable,
  unsupported,
} from './faults.ts';
import { createHttp } from './http.ts';
import { isomorphicFault } from './isomorphic-faults.ts';
import { isomorphicObjects } from './isomorphic-objects.ts';
import { mirrorFiles, writeWhole } from './mirror-files.ts';
import { PathSource } from './path-source.ts';
import { type PushVerdict, verdictOf } from './push-verdict.ts';
import { Redactor } from './redactor.ts';
import { MovingUrl } from './redirect.ts';

/**
 * Git without a git command: https and local paths, sha1, packs of a few dozen megabytes (it holds them in memory).
 * @throws GridError unsupported-repository for ssh.
 */
export function createIsomorphicEngine(options: EngineOptions): GitEngine {
  const { location } = options;
  if (location.kind === 'ssh') {
    throw unsupported(location.url, 'without a git command there is no ssh', installGit);
  }
  const isomorphic: Isomorphic = {
    options,
    files: mirrorFiles((pack) => guardPack(options, pack)),
    path: location.kind === 'path' ? new PathSource(location.url) : null,
    url: new MovingUrl(location.url),
    redactor: new Redactor(),
    caches: new Map(),
  };
  return {
    name: 'isomorphic',
    list: (ref, signal) => list(isomorphic, ref, signal),
    create: (directory) => create(isomorphic, directory),
    fetch: (request) => fetchRef(isomorphic, request),
    push: (request) => push(isomorphic, request),
    mergeTrees: () => Promise.resolve(null),
    isWorn,
    openObjects: (directory) => openObjects(isomorphic, directory),
  };
}

interface Isomorphic {
  readonly options: EngineOptions;
  readonly files: ReturnType<typeof mirrorFiles>;
  readonly path: PathSource | null;
  readonly url: MovingUrl;
  readonly redactor: Redactor;
  /** What isomorphic-git remembers of the packs of each mirror: without it, each read reads whole packs again. */
  readonly caches: Map<string, object>;
}

// How much more than the pack itself its objects may be, together. Honest history with large folders reaches 100.
const mostInflated = 200;

async function guardPack({ location, limits }: EngineOptions, pack: Buffer): Promise<void> {
  const objectBytes = limits.packBytes;
  const totalBytes = limits.packBytes * mostInflated;
  const verdict = await checkPack(pack, { objectBytes, totalBytes });
  if (verdict === 'broken')
    throw unreachable(location.url, 'what it sent was cut short or damaged');
  if (verdict === 'too-large')
    throw tooLarge(location.url, 'its objects are out of bounds', installGit);
}

async function list(
  isomorphic: Isomorphic,
  ref: string,
  signal: AbortSignal,
): Promise<string | null> {
  const { location, limits } = isomorphic.options;
  const { path } = isomorphic;
  if (path !== null) return await path.list(ref);
  const milliseconds = limits.listTimeout;
  const late = () => unreachable(location.url, `no answer within ${milliseconds / 1000} s`);
  let body: Buffer = Buffer.alloc(0);
  const received = (last: Buffer) => {
    body = last;
  };
  return await withDeadline({ signal, milliseconds, late }, (inTime) =>
    remote(isomorphic, { signal: inTime, received }, async (http, url) => {
      const refs = await listServerRefs({ http, url, prefix: ref, protocolVersion: 2 });
      const head = refs.find((found) => found.ref === ref)?.oid ?? null;
      if (head !== null) return head;
      const isWhole = body.subarray(-4).toString('latin1') === flush;
      await refuseSha256(location.url, { http, url });
      if (!isWhole) throw unreachable(location.url, 'its answer was cut short');
      return null;
    }),
  );
}

// What every listing ends with.
const flush = '0000';

/** To a client that does not know its object ids, such a server says that it has no refs. */
async function refuseSha256(
  where: string,
  at: { readonly http: HttpClient; readonly url: string },
): Promise<void> {
  const { capabilities } = await getRemoteInfo2({ ...at, protocolVersion: 2 });
  if (capabilities['object-format'] !== 'sha256') return;
  throw unsupported(where, 'its object ids are SHA-256', installGit);
}

async function create(isomorphic: Isomorphic, directory: string): Promise<void> {
  const repository = { fs: isomorphic.files, gitdir: directory };
  await init({ ...repository, bare: true, defaultBranch: 'main' });
  await addRemote({ ...repository, remote: 'origin', url: isomorphic.options.location.url });
  // Else it keeps names of its own beside ours, of which the one can be a folder of the other.
  await setConfig({ ...repository, path: 'remote.origin.fetch', value: 'refs/none:refs/none' });
  await mkdir(join(directory, mirrorRef, '..'), { recursive: true });
}

async function fetchRef(isomorphic: Isomorphic, request: FetchRequest): Promise<void> {
  const { location, limits } = isomorphic.options;
  const milliseconds = limits.fetchTimeout;
  const late = () => unreachable(location.url, `no fetch within ${milliseconds / 1000} s`);
  await withDeadline({ signal: request.signal, milliseconds, late }, async (signal) => {
    const head =
      isomorphic.path === null
        ? await download(isomorphic, { ...request, signal })
        : await copy(isomorphic, isomorphic.path, { ...request, signal });
    await writeWhole(join(request.directory, request.into), `${head}\n`);
  });
}

async function download(isomorphic: Isomorphic, request: FetchRequest): Promise<string> {
  const where = isomorphic.options.location.url;
  const { ref, signal } = request;
  const fetched = await remote(isomorphic, { signal }, (http, url) =>
    downloadPack(isomorphic, request, { http, url }),
  );
  // isomorphic-git takes a tag of the same name where the branch is gone, and a torn listing for a whole one.
  const listed = fetched === request.head ? fetched : await list(isomorphic, ref, signal);
  if (listed === null) throw branchMissing(where, ref);
  if (listed !== fetched) throw unreachable(where, 'the branch moved or hid while it was fetched');
  return listed;
}

/** Null when the branch was not listed. */
async function downloadPack(
  isomorphic: Isomorphic,
  { directory, ref }: FetchRequest,
  at: { readonly http: HttpClient; readonly url: string },
): Promise<string | null> {
  try {
    const { fetchHead } = await fetchPack({
      ...at,
      fs: isomorphic.files,
      gitdir: directory,
      cache: isomorphic.caches.get(directory) ?? {},
      remote: 'origin',
      // What we have, to be named to the server; and what we want.
      ref: mirrorRef,
      remoteRef: ref,
      singleBranch: true,
      tags: false,
    });
    return fetchHead;
  } catch (error) {
    if (error instanceof Errors.NotFoundError && error.data.what === ref) return null;
    throw error;
  }
}

async function push(isomorphic: Isomorphic, request: PushRequest): Promise<boolean> {
  const where = isomorphic.options.location.url;
  const milliseconds = isomorphic.options.limits.fetchTimeout;
  const late = () => unreachable(where, `no push within ${milliseconds / 1000} s`);
  const { directory, ref, commit, expected } = request;
  const none = '0'.repeat(40);
  return await withDeadline({ signal: request.signal, milliseconds, late }, (signal) =>
    remote(isomorphic, { signal }, async (http, url) => {
      try {
        await pushCommit({
          http,
          url,
          fs: isomorphic.files,
          gitdir: directory,
          cache: isomorphic.caches.get(directory) ?? {},
          ref: commit,
          remoteRef: ref,
          onPrePush: ({ remoteRef }) => (remoteRef.oid ?? none) === (expected ?? none),
        });
        return true;
      } catch (error) {
        const verdict = isomorphicVerdict(error, ref);
        if (verdict === null) throw error;
        if (verdict.kind === 'refused') {
          throw notTaken(where, isomorphic.redactor.clean(verdict.why));
        }
        return false;
      }
    }),
  );
}

function isomorphicVerdict(error: unknown, ref: string): PushVerdict | null {
  if (error instanceof Errors.UserCanceledError) return { kind: 'moved' };
  if (error instanceof Errors.PushRejectedError) return { kind: 'moved' };
  if (!(error instanceof Errors.GitPushError)) return null;
  const { result } = error.data as { result: { refs?: Record<string, { error?: string }> } };
  return verdictOf(result.refs?.[ref]?.error ?? error.data.prettyDetails);
}

async function copy(
  isomorphic: Isomorphic,
  path: PathSource,
  request: FetchRequest,
): Promise<string> {
  const { options } = isomorphic;
  const guard = (pack: Buffer) => guardPack(options, pack);
  const maxBytes = options.limits.packBytes;
  try {
    await path.copy({ directory: request.directory, maxBytes, guard, signal: request.signal });
  } catch (error) {
    throw fault(isomorphic, error);
  }
  return request.head;
}

interface RemoteCall {
  readonly received?: (body: Buffer) => void;
  readonly signal: AbortSignal;
}

async function remote<T>(
  isomorphic: Isomorphic,
  call: RemoteCall,
  work: (http: HttpClient, url: string) => Promise<T>,
): Promise<T> {
  const { location, limits } = isomorphic.options;
  const credentials = await isomorphic.options.credentials();
  if (credentials !== null) isomorphic.redactor.learn(credentials);
  const maxBytes = limits.packBytes;
  const tooMuch = () =>
    tooLarge(location.url, `it sends more than ${Math.round(maxBytes / 2 ** 20)} MiB`, installGit);
  const http = createHttp({ ...call, credentials, maxBytes, tooLarge: tooMuch });
  return await isomorphic.url.follow(async (url) => {
    try {
      return await work(http, url);
    } catch (error) {
      throw fault(isomorphic, error);
    }
  });
}

function fault(isomorphic: Isomorphic, error: unknown): Error {
  const { redactor, options } = isomorphic;
  return isomorphicFault(error, { where: options.location.url, redactor });
}

// Nothing ever joins packs here, and every read looks through all of them.
const mostPacks = 50;

async function isWorn(directory: string): Promise<boolean> {
  const names = await readdir(join(directory, 'objects/pack')).catch(() => []);
  return names.filter((name) => name.endsWith('.pack')).length > mostPacks;
}

function openObjects(isomorphic: Isomorphic, directory: string): ObjectReader {
  const cache = {};
  isomorphic.caches.set(directory, cache);
  return isomorphicObjects({ files: isomorphic.files, directory, cache });
}
