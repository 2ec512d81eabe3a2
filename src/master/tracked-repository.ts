import { join } from 'node:path';
import { createBitbucket } from '../forge/bitbucket.ts';
import type { Forge } from '../forge/forge.ts';
import { createGitea } from '../forge/gitea.ts';
import { createGithub } from '../forge/github.ts';
import { createGitlab } from '../forge/gitlab.ts';
import { codeFrame } from '../manifest/code-frame.ts';
import { resolveGrid } from '../manifest/compile.ts';
import { type ExplainedStack, explainVariables } from '../manifest/explain-variables.ts';
import { shownText } from '../manifest/shown-text.ts';
import { errorMessage } from '../model/error.ts';
import type { Problem } from '../model/problem.ts';
import { type SourceTree, sourceFile } from '../model/source.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { openRepository, type Repository } from '../sync/repository.ts';
import { watchRepository } from '../sync/watch.ts';
import type { TrackedOptions } from './options.ts';

/** The forge that hosts the repository; `null` for a repository without one. */
export function createForge({ forge }: Pick<TrackedOptions, 'forge'>): Forge | null {
  const userAgent = 'gridops';
  switch (forge.kind) {
    case 'none':
      return null;
    case 'github':
      return createGithub({ baseUrl: forge.baseUrl, auth: githubAuth(forge.auth), userAgent });
    case 'gitlab':
      return createGitlab({ ...forge, userAgent });
    case 'gitea':
      return createGitea({ ...forge, userAgent });
    case 'bitbucket':
      return createBitbucket({ ...forge, userAgent });
  }
}

/** With credentials of its own where it has them, else with the forge's. */
export async function openTracked(
  { data, repository }: Pick<TrackedOptions, 'repository'> & { readonly data: string },
  forge: Forge | null,
): Promise<Repository> {
  const { url, branch, engine, username, token, knownHosts, sshKeyFile } = repository;
  const own =
    token === undefined ? null : { username: username ?? 'x-access-token', password: token };
  const ask = forge === null ? null : async () => await forge.gitCredentials();
  return await openRepository({
    url,
    branch,
    engine,
    directory: join(data, 'mirrors'),
    credentials: own === null ? ask : async () => await Promise.resolve(own),
    limits: {},
    ...(knownHosts === undefined ? {} : { knownHosts }),
    ...(sshKeyFile === undefined ? {} : { sshKeyFile }),
  });
}

/** Only a repository on this machine can be watched; `null` for any other. */
export async function watchTracked(
  { repository }: Pick<TrackedOptions, 'repository'>,
  of: { readonly clock: Clock; readonly log: Log; readonly onChange: () => void },
): Promise<{ close(): Promise<void> } | null> {
  const { url: path, branch } = repository;
  if (!path.startsWith('/')) return null;
  return await watchRepository({
    path,
    branch,
    clock: of.clock,
    onChange: of.onChange,
    onError: (error) =>
      of.log.warn({ error: errorMessage(error) }, 'cannot watch the repository; polling goes on'),
  });
}

/** Whether something is about the repository that is followed and, where it is about a branch, that branch. */
export function isTracked(
  { forge, repository }: Pick<TrackedOptions, 'forge' | 'repository'>,
  of: { readonly fullName: string; readonly ref: string | null },
): boolean {
  if (of.ref !== null && of.ref !== `refs/heads/${repository.branch}`) return false;
  return isOf({ forge, repository }, of.fullName);
}

/** Whether a name at the forge is this repository's. */
export function isOf(
  { forge, repository }: Pick<TrackedOptions, 'forge' | 'repository'>,
  fullName: string,
): boolean {
  const tracked = forgeName({ forge }) || pathOf(repository.url);
  return tracked !== '' && fullName.toLowerCase() === tracked.toLowerCase();
}

/** `owner/name` at the forge; empty for a repository without one. */
export function forgeName({ forge }: Pick<TrackedOptions, 'forge'>): string {
  return forge.kind === 'none' ? '' : `${forge.owner}/${forge.name}`;
}

/** `owner/name` in an https, ssh or scp-like address. */
function pathOf(url: string): string {
  const path =
    /^[\w.-]+@[\w.-]+:(?!\/)(.+)$/.exec(url)?.[1] ??
    (URL.canParse(url) ? new URL(url).pathname : '');
  return path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
}

/** False only where the commit can be read and has no such grid. */
export async function mayHaveGrid(
  repository: Repository,
  sha: string,
  grid: string,
): Promise<boolean> {
  try {
    return (await repository.inputs(sha, grid)) !== null;
  } catch {
    return true;
  }
}

/** Problems that are shown with their lines; a commit with more is read in an editor. */
const FRAMES = 20;

/** The lines around problems, of those where they can still be read. */
export async function framesOf(
  read: () => Promise<SourceTree>,
  problems: readonly Problem[],
): Promise<ReadonlyMap<Problem, string>> {
  const frames = new Map<Problem, string>();
  if (problems.length === 0) return frames;
  const source = await read().catch(() => null);
  for (const problem of problems.slice(0, FRAMES)) {
    const file = source === null ? undefined : sourceFile(source, problem.position.file);
    const text = file?.kind === 'text' ? shownText(file) : null;
    if (text !== null) frames.set(problem, codeFrame(text, problem));
  }
  return frames;
}

/** What the variables of the grid's stacks stand for. Values of chance are not shown, so no seed is needed. */
export function variablesOf(source: SourceTree, grid: string): readonly ExplainedStack[] {
  return explainVariables(resolveGrid(source, grid).stacks);
}

function githubAuth(auth: Extract<TrackedOptions['forge'], { kind: 'github' }>['auth']) {
  if (auth.kind === 'token') return auth;
  const { appId, privateKey, installationId } = auth;
  return {
    kind: 'app' as const,
    appId,
    privateKey,
    ...(installationId === null ? {} : { installationId }),
  };
}
