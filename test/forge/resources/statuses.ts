import { repositoryOf, userOf } from '../access.ts';
import { MAX_STATUSES_PER_CONTEXT, TOO_MANY_STATUSES } from '../limits.ts';
import { listReply, pageOf } from '../pagination.ts';
import { unprocessable, validationFailed } from '../refusal.ts';
import {
  isoTime,
  minimalRepository,
  nodeId,
  repositoryUrl,
  type Shape,
  userShape,
} from '../shapes.ts';
import type { Call, CommitStatus, Reply, Repository, Routes, World } from '../world.ts';

export const statusRoutes: Routes = {
  'repos/create-commit-status': createStatus,
  'repos/list-commit-statuses-for-ref': listStatuses,
  'repos/get-combined-status-for-ref': combinedStatus,
};

interface NewStatus {
  readonly state: CommitStatus['state'];
  readonly context?: string;
  readonly description?: string | null;
  readonly target_url?: string | null;
}

async function createStatus(call: Call): Promise<Reply> {
  const { world, body } = call;
  const repository = repositoryOf(call, { scope: 'statuses', level: 'write' });
  const { sha = '' } = call.parameters;
  if ((await repository.git.objectType(sha)) !== 'commit') {
    throw unprocessable(call.operation, `No commit found for SHA: ${sha}`);
  }
  const { context = 'default', state, description, target_url } = body as unknown as NewStatus;
  if (countOf(world, repository, sha, context) >= MAX_STATUSES_PER_CONTEXT) {
    throw validationFailed(call.operation, [TOO_MANY_STATUSES]);
  }
  const status: CommitStatus = {
    id: world.nextId(),
    repository,
    sha,
    context,
    state,
    description: textOf(description),
    targetUrl: textOf(target_url),
    creator: userOf(world, call.actor),
    createdAt: world.clock.now(),
  };
  world.statuses.add(status);
  const url = `${repositoryUrl(world, repository)}/statuses/${sha}`;
  return { status: 201, body: statusShape(world, status), headers: { location: url } };
}

/** Newest first. */
async function listStatuses(call: Call): Promise<Reply> {
  const repository = repositoryOf(call, { scope: 'statuses', level: 'read' });
  const sha = await resolve(call, repository);
  const statuses = statusesOf(call.world, repository, sha).toReversed();
  return listReply(
    call,
    repository,
    statuses.map((status) => statusShape(call.world, status)),
  );
}

async function combinedStatus(call: Call): Promise<Reply> {
  const { world } = call;
  const repository = repositoryOf(call, { scope: 'statuses', level: 'read' });
  const sha = await resolve(call, repository);
  const latest = latestByContext(statusesOf(world, repository, sha));
  const { items, headers } = pageOf(
    call,
    repository,
    latest.map((status) => simpleShape(world, status)),
  );
  const url = repositoryUrl(world, repository);
  const body = {
    state: combine(latest),
    statuses: items,
    sha,
    total_count: latest.length,
    repository: minimalRepository(world, repository),
    commit_url: `${url}/commits/${sha}`,
    url: `${url}/commits/${sha}/status`,
  };
  return { status: 200, body, headers };
}

async function resolve(call: Call, repository: Repository): Promise<string> {
  const { ref = '' } = call.parameters;
  const sha = await repository.git.resolve(ref);
  if (sha === null) throw unprocessable(call.operation, `No commit found for SHA: ${ref}`);
  return sha;
}

/** Any error or failure: failure. None at all, or any pending: pending. */
function combine(latest: readonly CommitStatus[]): 'failure' | 'pending' | 'success' {
  const states = new Set(latest.map((status) => status.state));
  if (states.has('error') || states.has('failure')) return 'failure';
  return states.has('pending') || latest.length === 0 ? 'pending' : 'success';
}

function latestByContext(statuses: readonly CommitStatus[]): readonly CommitStatus[] {
  const latest = new Map(statuses.map((status) => [status.context.toLowerCase(), status]));
  return [...latest.values()].toSorted((a, b) => a.id - b.id);
}

function statusesOf(world: World, repository: Repository, sha: string): readonly CommitStatus[] {
  return world.statuses.entries.filter(
    (status) => status.repository.id === repository.id && status.sha === sha,
  );
}

function countOf(world: World, repository: Repository, sha: string, context: string): number {
  const name = context.toLowerCase();
  return statusesOf(world, repository, sha).filter(
    (status) => status.context.toLowerCase() === name,
  ).length;
}

function statusShape(world: World, status: CommitStatus): Shape {
  return { ...simpleShape(world, status), creator: userShape(world, status.creator) };
}

function simpleShape(world: World, status: CommitStatus): Shape {
  return {
    url: `${repositoryUrl(world, status.repository)}/statuses/${status.sha}`,
    avatar_url: `${world.origin}/avatars/u/${status.creator.id}?v=4`,
    id: status.id,
    node_id: nodeId('StatusContext', status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: isoTime(status.createdAt),
    updated_at: isoTime(status.createdAt),
  };
}

function textOf(value: string | null | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}
