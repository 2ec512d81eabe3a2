import { findRepository, repositoryOf, userOf } from '../access.ts';
import { mergeCommit } from '../merging.ts';
import { listReply } from '../pagination.ts';
import { pullShape } from '../pull-shapes.ts';
import {
  closePull,
  markMerged,
  openPull,
  personOf,
  reopenPull,
  retarget,
  retitle,
} from '../pulls.ts';
import { announcePush } from '../push-event.ts';
import { notFound, Refusal, type ValidationError, validationFailed } from '../refusal.ts';
import type { Call, PullRequest, Reply, Repository, Routes } from '../world.ts';

export const pullRoutes: Routes = {
  'pulls/list': listPulls,
  'pulls/get': getPull,
  'pulls/create': createPull,
  'pulls/update': updatePull,
  'pulls/merge': mergePull,
  'pulls/check-if-merged': checkMerged,
};

/** Newest first, unless told otherwise; `head` is `owner:branch`. */
async function listPulls(call: Call): Promise<Reply> {
  const { world, query } = call;
  const repository = repositoryOf(call, { scope: 'pull_requests', level: 'read' });
  const state = query.get('state') ?? 'open';
  const [base, head] = [query.get('base'), query.get('head')];
  const found = repository.pulls.filter(
    (pull) =>
      (state === 'all' || (pull.closedAt === null ? 'open' : 'closed') === state) &&
      (base === null || pull.base === base) &&
      (head === null || labelOf(pull) === head.toLowerCase()),
  );
  const direction = query.get('direction') ?? (query.has('sort') ? 'asc' : 'desc');
  const byTime =
    query.get('sort') === 'updated' ? found.toSorted((a, b) => a.updatedAt - b.updatedAt) : found;
  const ordered = direction === 'asc' ? byTime : byTime.toReversed();
  const shapes = ordered.map(async (pull) => await pullShape(world, repository, pull, 'listed'));
  return listReply(call, repository, await Promise.all(shapes));
}

/** Asking for it is what makes GitHub work out whether it can be merged. */
async function getPull(call: Call): Promise<Reply> {
  const { repository, pull } = pullOf(call, 'read');
  const body = await pullShape(call.world, repository, pull, 'full');
  pull.isMergeabilityKnown = true;
  return { status: 200, body };
}

interface NewPull {
  readonly title?: string;
  readonly body?: string;
  readonly head: string;
  readonly base: string;
  readonly draft?: boolean;
}

async function createPull(call: Call): Promise<Reply> {
  const { world } = call;
  const repository = repositoryOf(call, { scope: 'pull_requests', level: 'write' });
  const wanted = call.body as unknown as NewPull;
  const head = await checkedHead(call, repository, wanted);
  const pull = await openPull(world, repository, {
    head,
    base: wanted.base,
    title: wanted.title ?? '',
    body: wanted.body ?? null,
    isDraft: wanted.draft ?? false,
    author: userOf(world, call.actor),
  });
  const body = await pullShape(world, repository, pull, 'full');
  return { status: 201, body, headers: { location: String(body['url']) } };
}

/** The sentences are GitHub's. */
async function checkedHead(
  call: Call,
  repository: Repository,
  wanted: NewPull,
): Promise<PullRequest['head']> {
  const head = headOf(call, repository, wanted.head);
  const refuse = (error: Omit<ValidationError, 'resource'>): Error =>
    validationFailed(call.operation, [{ resource: 'PullRequest', ...error }]);
  const base = await repository.git.resolve(`refs/heads/${wanted.base}`);
  if (base === null) throw refuse({ code: 'invalid', field: 'base' });
  const sha = head === null ? null : await head.repository.git.resolve(`refs/heads/${head.branch}`);
  if (head === null || sha === null) throw refuse({ code: 'invalid', field: 'head' });
  const label = `${head.repository.owner.login}:${head.branch}`;
  const known = repository.pulls.some(
    (pull) =>
      pull.closedAt === null && pull.base === wanted.base && labelOf(pull) === label.toLowerCase(),
  );
  if (known) {
    throw refuse({ code: 'custom', message: `A pull request already exists for ${label}.` });
  }
  if (head.repository === repository && (await repository.git.isAncestor(sha, base))) {
    throw refuse({
      code: 'custom',
      message: `No commits between ${wanted.base} and ${wanted.head}`,
    });
  }
  return head;
}

async function updatePull(call: Call): Promise<Reply> {
  const { world } = call;
  const { repository, pull } = pullOf(call, 'write');
  const change = { world, repository, pull, by: userOf(world, call.actor) };
  const { title, body, state, base } = call.body as Partial<Record<string, string>>;
  if (body !== undefined) pull.issue.body = body;
  if (title !== undefined && title !== pull.issue.title) await retitle(change, title);
  if (base !== undefined && base !== pull.base) await retarget(change, base);
  if (state === 'closed' && pull.closedAt === null) await closePull(change);
  if (state === 'open' && pull.closedAt !== null && pull.merge === null) await reopenPull(change);
  return { status: 200, body: await pullShape(world, repository, pull, 'full') };
}

/** GitHub's three words for how; the third is switched off here, as repositories can have it. */
async function mergePull(call: Call): Promise<Reply> {
  const { repository, pull } = pullOf(call, 'write');
  const { merge_method: method = 'merge', sha } = call.body as {
    readonly merge_method?: 'merge' | 'squash' | 'rebase';
    readonly sha?: string;
  };
  if (method === 'rebase')
    throw refusal(call, 405, 'Rebase merges are not allowed on this repository.');
  if (sha !== undefined && sha !== pull.headSha) {
    throw refusal(call, 409, 'Head branch was modified. Review and try the merge again.');
  }
  const merged = await merge(call, repository, pull, method);
  if (merged === null) throw refusal(call, 405, 'Pull Request is not mergeable');
  const body = { sha: merged, merged: true, message: 'Pull Request successfully merged' };
  return { status: 200, body };
}

async function merge(
  call: Call,
  repository: Repository,
  pull: PullRequest,
  method: 'merge' | 'squash',
): Promise<string | null> {
  const by = userOf(call.world, call.actor);
  return await carryOutMerge({ world: call.world, repository, pull, by }, method);
}

/** Moves the base branch and tells of both, the push and the end of the pull request; null: it cannot be merged. */
export async function carryOutMerge(
  change: Parameters<typeof markMerged>[0],
  method: 'merge' | 'squash' = 'merge',
): Promise<string | null> {
  const { world, repository, pull, by } = change;
  if (pull.closedAt !== null || pull.isDraft) return null;
  const ref = `refs/heads/${pull.base}`;
  const before = await repository.git.resolve(ref);
  const from = `${pull.head.repository.owner.login}/${pull.head.branch}`;
  const title = pull.issue.title;
  const sha = await mergeCommit(repository, {
    base: before ?? '',
    head: pull.headSha,
    message:
      method === 'merge'
        ? `Merge pull request #${pull.number} from ${from}\n\n${title}`
        : `${title} (#${pull.number})`,
    person: personOf(world, by),
    method,
  });
  if (sha === null) return null;
  await repository.git.setRef(ref, sha);
  await markMerged(change, sha);
  await announcePush(world, repository, [{ ref, before, after: sha }], by);
  return sha;
}

function checkMerged(call: Call): Reply {
  const { pull } = pullOf(call, 'read');
  if (pull.merge === null) throw notFound(call.operation.documentation);
  return { status: 204 };
}

function pullOf(
  call: Call,
  level: 'read' | 'write',
): { readonly repository: Repository; readonly pull: PullRequest } {
  const repository = repositoryOf(call, { scope: 'pull_requests', level });
  const wanted = call.parameters['pull_number'];
  const pull = repository.pulls.find(({ number }) => String(number) === wanted);
  if (pull === undefined) throw notFound(call.operation.documentation);
  return { repository, pull };
}

function headOf(call: Call, repository: Repository, head: string): PullRequest['head'] | null {
  const [owner, branch] = head.includes(':') ? head.split(':') : [undefined, head];
  if (owner === undefined) return { repository, branch: branch ?? '' };
  const found = findRepository(call.world, owner, repository.name);
  return found === null ? null : { repository: found, branch: branch ?? '' };
}

function labelOf({ head }: PullRequest): string {
  return `${head.repository.owner.login}:${head.branch}`.toLowerCase();
}

function refusal(call: Call, status: 405 | 409, message: string): Refusal {
  return new Refusal(status, { message, documentation_url: call.operation.documentation });
}
