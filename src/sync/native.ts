import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BatchReader } from './batch-reader.ts';
import { withDeadline } from './deadline.ts';
import type { FetchRequest, GitEngine, PushRequest } from './engine.ts';
import type { EngineOptions } from './engine-options.ts';
import { notTaken, unreachable } from './faults.ts';
import { type GitResult, runGit } from './git-command.ts';
import { speaksGit } from './http.ts';
import { credentialArgs, fixedArgs, nativeEnvironment } from './native-environment.ts';
import { mirrorTooLarge, nativeFault } from './native-faults.ts';
import { mergesTrees, nativeMerge } from './native-merge.ts';
import { pushVerdict } from './push-verdict.ts';
import { Redactor } from './redactor.ts';
import { MovingUrl } from './redirect.ts';
import { packBytes, withinSize } from './size-guard.ts';

/** The machine's own git: https, ssh and local paths, sha1 and sha256. */
export async function createNativeEngine(
  options: EngineOptions,
  version: string,
): Promise<GitEngine> {
  const home = join(options.directory, 'home');
  await mkdir(home, { recursive: true, mode: 0o700 });
  const native: Native = {
    options,
    home,
    config: options.location.kind === 'path' ? await trustPath(options.directory) : '/dev/null',
    url: new MovingUrl(options.location.url),
    redactor: new Redactor(),
  };
  return {
    name: 'native',
    list: (ref, signal) => list(native, ref, signal),
    create: (directory, like) => create(native, directory, like),
    fetch: (request) => fetchRef(native, request),
    push: (request) => push(native, request),
    mergeTrees: async (request) =>
      mergesTrees(version) ? await nativeMerge({ ...native, credentials: null }, request) : null,
    // git packs and cleans up by itself.
    isWorn: () => Promise.resolve(false),
    openObjects: (directory) =>
      new BatchReader({
        program: options.program,
        args: [...fixedArgs, `--git-dir=${directory}`, 'cat-file', '--batch'],
        env: nativeEnvironment({ ...native, credentials: null }),
      }),
  };
}

interface Native {
  readonly options: EngineOptions;
  readonly home: string;
  readonly config: string;
  readonly url: MovingUrl;
  readonly redactor: Redactor;
}

/**
 * git refuses a local repository of another user, such as one that is pushed to as `git`. Whoever configured the path
 * means it; only `upload-pack`, which is made for serving repositories that are not trusted, ever runs in it.
 */
async function trustPath(directory: string): Promise<string> {
  const file = join(directory, 'path.gitconfig');
  await writeFile(file, '[safe]\n\tdirectory = *\n');
  return file;
}

async function list(native: Native, ref: string, signal: AbortSignal): Promise<string | null> {
  const { location, limits } = native.options;
  const milliseconds = limits.listTimeout;
  const late = () => unreachable(location.url, `no answer within ${milliseconds / 1000} s`);
  return await withDeadline({ signal, milliseconds, late }, async (inTime) => {
    const call = { ref, signal: inTime };
    const head = headIn(await remote(native, call, (url) => listArgs(url, ref)), ref);
    // git takes any web page for a repository without branches.
    const isGit = head !== null || location.kind !== 'http' || (await probe(native, call));
    if (!isGit) throw unreachable(location.url, 'what answers there does not speak Git');
    return head;
  });
}

function listArgs(url: string, ref: string): readonly string[] {
  return ['ls-remote', '--quiet', '--end-of-options', url, ref];
}

/** `<oid>\t<ref>` lines; the pattern that was asked for also matches refs that only end like it. */
function headIn(stdout: string, ref: string): string | null {
  for (const line of stdout.split('\n')) {
    const [oid = '', name] = line.split('\t');
    if (name === ref && /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(oid)) return oid;
  }
  return null;
}

async function create(native: Native, directory: string, like: string): Promise<void> {
  const format = like.length === 64 ? 'sha256' : 'sha1';
  const init = ['init', '--quiet', '--bare', '--template=', `--object-format=${format}`];
  const result = await runGit({
    program: native.options.program,
    args: [...fixedArgs, ...init, '--end-of-options', directory],
    env: nativeEnvironment({ ...native, credentials: null }),
    signal: AbortSignal.timeout(native.options.limits.listTimeout),
  });
  if (result.code !== 0) throw fault(native, result, '');
}

async function fetchRef(native: Native, request: FetchRequest): Promise<void> {
  const { location, limits } = native.options;
  const { directory, ref, growth, signal } = request;
  const milliseconds = limits.fetchTimeout;
  const room = growth === null ? Infinity : (await packBytes(directory)) + growth;
  const maxBytes = Math.min(limits.mirrorBytes, room);
  const late = () => unreachable(location.url, `no fetch within ${milliseconds / 1000} s`);
  const exceeded = () => mirrorTooLarge(location.url, maxBytes);
  await withDeadline({ signal, milliseconds, late }, (inTime) =>
    withinSize({ directory, maxBytes, signal: inTime, exceeded }, (inBounds) =>
      remote(native, { ref, signal: inBounds }, (url) => fetchArgs(url, request)),
    ),
  );
}

function fetchArgs(url: string, { directory, ref, into }: FetchRequest): readonly string[] {
  const options = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules'];
  const what = ['--update-shallow', '--end-of-options', url, `+${ref}:${into}`];
  return [`--git-dir=${directory}`, 'fetch', ...options, ...what];
}

/** Compared and changed by the remote repository: what was listed and what is there must be the same (`lease`). */
async function push(native: Native, request: PushRequest): Promise<boolean> {
  const { location, limits } = native.options;
  const { ref, signal } = request;
  const milliseconds = limits.fetchTimeout;
  const late = () => unreachable(location.url, `no push within ${milliseconds / 1000} s`);
  const judge = (result: GitResult) => {
    const verdict = pushVerdict(result.stdout);
    if (verdict?.kind === 'refused') {
      throw notTaken(location.url, native.redactor.clean(verdict.why));
    }
    return verdict?.kind ?? null;
  };
  const said = await withDeadline({ signal, milliseconds, late }, (inTime) =>
    remote(native, { ref, signal: inTime, judge }, (url) => pushArgs(url, request)),
  );
  // It may be there already, by somebody who had the same wish.
  return said !== 'moved' && !/^=\t/m.test(said);
}

function pushArgs(
  url: string,
  { directory, ref, commit, expected }: PushRequest,
): readonly string[] {
  const options = ['--porcelain', '--no-verify', '--no-follow-tags', '--recurse-submodules=no'];
  const lease = `--force-with-lease=${ref}:${expected ?? ''}`;
  const what = [lease, '--end-of-options', url, `${commit}:${ref}`];
  return [`--git-dir=${directory}`, 'push', ...options, ...what];
}

interface RemoteCall {
  /** Says what a command that failed has done after all; null: it has just failed. */
  readonly judge?: (result: GitResult) => string | null;
  readonly ref: string;
  readonly signal: AbortSignal;
}

/** Runs a command that talks to the remote repository, with fresh credentials, and returns what it printed. */
async function remote(
  native: Native,
  call: RemoteCall,
  args: (url: string) => readonly string[],
): Promise<string> {
  const { location, program } = native.options;
  const credentials = await native.options.credentials();
  if (credentials !== null) native.redactor.learn(credentials);
  return await native.url.follow(async (url) => {
    const result = await runGit({
      program,
      args: [...fixedArgs, ...credentialArgs(location.kind, url), ...args(url)],
      env: nativeEnvironment({ ...native, credentials }),
      signal: call.signal,
    });
    if (result.code === 0) return result.stdout;
    const judged = call.judge?.(result) ?? null;
    if (judged !== null) return judged;
    // git, told not to follow redirects, does not say where they lead: asking by ourselves throws it.
    if (/returned error: 30\d/.test(result.stderr)) await probe(native, call, url);
    throw fault(native, result, call.ref);
  });
}

async function probe(native: Native, call: RemoteCall, url?: string): Promise<boolean> {
  const { location, limits } = native.options;
  const credentials = await native.options.credentials();
  const maxBytes = limits.packBytes;
  const tooLarge = () => mirrorTooLarge(location.url, maxBytes);
  const options = { credentials, maxBytes, tooLarge, signal: call.signal };
  if (url !== undefined) return await speaksGit(url, options);
  return await native.url.follow((current) => speaksGit(current, options));
}

function fault(native: Native, result: GitResult, ref: string): Error {
  const said = result.stderr
    .split('\n')
    .map((line) => line.replace(/^((fatal|error|remote|ERROR): ?)+/, '').replace(accessing, ''))
    .filter((line) => line !== '' && !advice.test(line));
  return nativeFault(native.options.location.url, native.redactor.clean(said.join('; ')), ref);
}

// The URL is said already.
const accessing = /^unable to access '[^']*': /;

// What git tells people at a terminal.
const advice = /^(hint:|Please make sure|and the repository exists|warning:|To add an exception)/;
