import type { Forge, RepositoryName } from '../forge/forge.ts';
import { digest } from '../model/digest.ts';
import { GridError } from '../model/error.ts';
import type { Rollback, RollbackRequest } from '../protocol/rollback-api.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Deploys } from '../store/deploys.ts';
import type { Repository } from '../sync/repository.ts';
import type { RecordEvent } from './event-log.ts';
import type { CompiledGrid } from './prepare.ts';
import { filesToRestore } from './rollback-files.ts';
import { rollbackMessage, rollbackTitle } from './rollback-message.ts';
import { isAsked, mustBeSigned, noForge, nothingToDo } from './rollback-refusals.ts';
import { lastGoodCommit, namedCommit, type TargetQuestion } from './rollback-target.ts';

export interface RollbackOptions {
  readonly repository: Repository;
  readonly branch: string;
  /** Where pull requests are opened; null: nowhere. */
  readonly forge: { readonly port: Forge; readonly name: RepositoryName } | null;
  readonly deploys: Pick<Deploys, 'list'>;
  /** Whether a commit of ours, which nobody has signed, would be refused for a grid. */
  readonly wantsSignature: (grid: string) => boolean;
  readonly compile: (sha: string, grid: string) => Promise<CompiledGrid>;
  /** What would be done for a commit, as text; null: nothing can be planned. */
  readonly plan: (grid: string, sha: string) => Promise<string | null>;
  readonly clock: Clock;
  readonly onEvent: RecordEvent;
  /** The branch has moved. */
  readonly onPushed: () => void;
}

export interface Rollbacks {
  /** Says what going back would do, and does it unless it is a dry run. `actor`: who asks, where the request does not say. */
  rollBack(grid: string, wish: RollbackRequest, actor: string): Promise<Rollback>;
}

// Somebody else pushes between our look and our push: looked at anew, this often.
const mostAttempts = 5;
const patience = 60_000;

/**
 * Going back is a commit: files are brought back to what they were, on top of the branch, by whoever may push to it. It
 * is deployed as every other commit is, and undone as every other commit is.
 */
export function createRollbacks(options: RollbackOptions): Rollbacks {
  return {
    rollBack: async (grid, wish, actor) => {
      const signal = AbortSignal.timeout(patience);
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        const { head } = await options.repository.sync(signal);
        const look = await lookAt(options, { grid, wish, actor, head });
        if (wish.dryRun === true) return look.shown;
        const done = await carryOut(options, { grid, wish, actor, head }, look, signal);
        if (done !== null) return { ...look.shown, done };
      }
      throw new GridError({
        code: 'repository-unreachable',
        message: `branch ${options.branch} moved each time before the commit could be pushed`,
        retry: 'later',
        hint: 'Nothing was changed. Try again, or open a pull request: --pr.',
      });
    },
  };
}

interface Asked {
  readonly grid: string;
  readonly wish: RollbackRequest;
  readonly actor: string;
  readonly head: string;
}

interface Look {
  readonly shown: Rollback;
  readonly commit: string;
  readonly message: string;
}

async function lookAt(options: RollbackOptions, asked: Asked): Promise<Look> {
  const { repository, branch, clock } = options;
  const { grid, wish, head } = asked;
  // Before anything of a commit is read that may be anybody's.
  if (options.wantsSignature(grid)) throw mustBeSigned(grid, wish.to ?? 'REV');
  const meaning = meaningOf(options);
  const to = await targetOf(options, asked, meaning);
  const { shared = false, secrets = false, reason = '' } = wish;
  const isGuarded = options.wantsSignature;
  const question = { repository, grid, head, to, shared, secrets, meaning, isGuarded };
  const { files, kept, others } = await filesToRestore(question);
  if (files.length === 0) throw nothingToDo(grid, to, kept);
  const refusing = others.find((name) => options.wantsSignature(name));
  if (refusing !== undefined) throw mustBeSigned(refusing, to);
  const paths = files.map(({ path }) => path);
  await refuseNewer(options, asked, paths);
  const undoes = await repository.commitsTouching({ newer: head, older: to }, few(paths, grid));
  const message = rollbackMessage({ grid, to, by: asker(asked), reason, undoes });
  const author = `${asker(asked)} via gridops`;
  const made = { onto: head, from: to, files: paths, author, message, at: clock.now() };
  const commit = await repository.restore(made);
  await refuseProblems(options, grid, { commit, kept });
  const target = await repository.commit(to);
  return {
    commit,
    message,
    shown: {
      grid,
      branch,
      head,
      to,
      message: firstLine(target.message),
      files,
      kept,
      undoes: undoes.map((one) => ({ ...one, message: firstLine(one.message) })),
      others,
      plan: await options.plan(grid, commit),
      done: null,
    },
  };
}

async function targetOf(
  { repository, deploys }: RollbackOptions,
  { grid, wish, head }: Asked,
  meaning: (sha: string, grid: string) => Promise<string>,
): Promise<string> {
  const question: TargetQuestion = {
    repository,
    grid,
    head,
    deploys: await deploys.list(grid, { limit: 500 }),
    meaning: async (sha) => await meaning(sha, grid),
  };
  return wish.to === undefined
    ? await lastGoodCommit(question)
    : await namedCommit(question, wish.to);
}

/** Compiled once for each content. */
function meaningOf({ repository, compile }: RollbackOptions) {
  const known = new Map<string, string>();
  return async (sha: string, grid: string): Promise<string> => {
    const key = `${grid}/${await repository.inputs(sha, grid)}`;
    const said = known.get(key);
    if (said !== undefined) return said;
    const { grid: definition, stacks, failed } = await compile(sha, grid);
    const found = digest([definition, stacks, failed]);
    known.set(key, found);
    return found;
  };
}

/** Commits that nobody has seen in what was shown are not undone by the way. */
async function refuseNewer(
  { repository }: RollbackOptions,
  { wish, head }: Asked,
  paths: readonly string[],
): Promise<void> {
  if (wish.head === undefined || wish.head === head) return;
  const folders = ['grids', 'stacks'];
  const changed = await repository.differences(wish.head, head, folders);
  const touched = changed.find(({ path }) => paths.includes(path));
  if (touched === undefined) return;
  throw new GridError({
    code: 'invalid-request',
    message: `${touched.path} has changed on the branch since this was looked at`,
    hint: 'Nothing was changed. Look again at what going back would do.',
  });
}

async function refuseProblems(
  { compile }: RollbackOptions,
  grid: string,
  { commit, kept }: { readonly commit: string; readonly kept: readonly string[] },
): Promise<void> {
  const { problems } = await compile(commit, grid);
  const problem = problems.find(({ severity }) => severity === 'error');
  if (problem === undefined) return;
  const { file, line } = problem.position;
  throw new GridError({
    code: 'invalid-request',
    message: `the files as they were cannot be deployed: ${file}:${line}: ${problem.message}`,
    hint:
      kept.length === 0
        ? 'Go back to another commit: --to REV.'
        : `${kept.join(', ')} stays as it is now; --secrets brings it back, too.`,
  });
}

async function carryOut(
  options: RollbackOptions,
  asked: Asked,
  { shown, commit, message }: Look,
  signal: AbortSignal,
): Promise<Rollback['done']> {
  const { repository, branch } = options;
  if (asked.wish.pullRequest === true) {
    return await request(options, asked, { commit, message, to: shown.to, signal });
  }
  if (!(await repository.push({ branch, commit, expected: asked.head }, signal))) return null;
  tell(options, asked, `rolled back to ${shown.to.slice(0, 7)}`);
  options.onPushed();
  return { kind: 'pushed', commit };
}

interface Requested {
  readonly commit: string;
  readonly message: string;
  readonly to: string;
  readonly signal: AbortSignal;
}

async function request(
  options: RollbackOptions,
  asked: Asked,
  { commit, message, to, signal }: Requested,
): Promise<Rollback['done']> {
  const { forge, repository } = options;
  if (forge === null) throw noForge();
  const branch = requestBranch(asked.grid, asked.wish.head ?? asked.head);
  if (!(await repository.push({ branch, commit, expected: null }, signal))) throw isAsked(branch);
  const [title = '', ...rest] = message.split('\n\n');
  const opened = await openRequest(forge, {
    title,
    body: rest.join('\n\n'),
    head: branch,
    base: options.branch,
  });
  tell(options, asked, `${rollbackTitle({ grid: asked.grid, to })} requested: ${opened.url}`);
  return { kind: 'requested', commit, branch, ...opened };
}

/** One for each commit that is gone back from. */
function requestBranch(grid: string, head: string): string {
  return `gridops/rollback-${grid}-${head.slice(0, 7)}`;
}

async function openRequest(
  { port, name }: NonNullable<RollbackOptions['forge']>,
  of: Parameters<Forge['openPullRequest']>[1],
): Promise<{ readonly number: number; readonly url: string }> {
  try {
    return await port.openPullRequest(name, of);
  } catch (error) {
    if (!(error instanceof GridError)) throw error;
    throw new GridError({
      code: error.code,
      message: `branch ${of.head} is pushed, but no pull request could be opened: ${error.message}`,
      retry: error.retry,
      hint: 'Open one from it by hand, or delete the branch and try again.',
      cause: error,
    });
  }
}

function tell({ onEvent, clock }: RollbackOptions, asked: Asked, message: string): void {
  const said = `${message} by ${asker(asked)}`;
  const at = clock.now();
  onEvent({
    grid: asked.grid,
    node: null,
    severity: 'info',
    kind: 'rollback',
    path: '',
    message: said,
    at,
  });
}

function asker({ wish, actor }: Asked): string {
  const by = (wish.by ?? '').replaceAll(/[\p{Cc}\p{Cf}<>]/gu, ' ').trim();
  return by === '' ? actor : by;
}

// Each is looked up in each commit.
const mostPaths = 50;

function few(paths: readonly string[], grid: string): readonly string[] {
  return paths.length > mostPaths ? [`grids/${grid}`, 'stacks'] : paths;
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.slice(0, 200) ?? '';
}
