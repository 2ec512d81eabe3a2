import { repositoryOf } from '../access.ts';
import { type App, atLeast, type User } from '../accounts.ts';
import { appShape } from '../app-shape.ts';
import { announce, eventTail } from '../events.ts';
import { pageOf } from '../pagination.ts';
import { forbidden, notFound, unprocessable } from '../refusal.ts';
import { isoTime, nodeId, repositoryPage, repositoryUrl, type Shape } from '../shapes.ts';
import type { Call, CheckRun, PullRequest, Reply, Repository, Routes, World } from '../world.ts';

export const checkRunRoutes: Routes = {
  'checks/create': createRun,
  'checks/update': updateRun,
  'checks/get': getRun,
  'checks/list-for-ref': listRuns,
};

interface RunBody {
  readonly name?: string;
  readonly head_sha?: string;
  readonly details_url?: string;
  readonly external_id?: string;
  readonly status?: CheckRun['status'];
  readonly conclusion?: string;
  readonly output?: {
    readonly title: string;
    readonly summary: string;
    readonly text?: string;
    readonly annotations?: Readonly<Record<string, unknown>>[];
  };
}

async function createRun(call: Call): Promise<Reply> {
  const { world } = call;
  const app = appOf(call);
  const repository = repositoryOf(call, { scope: 'checks', level: 'write' });
  const wanted = call.body as RunBody;
  const sha = wanted.head_sha ?? '';
  if ((await repository.git.objectType(sha)) !== 'commit') {
    throw unprocessable(call.operation, `No commit found for SHA: ${sha}`);
  }
  const now = world.clock.now();
  const suite = repository.checkRuns.find((run) => run.sha === sha && run.app === app);
  const run: CheckRun = {
    id: world.nextId(),
    app,
    suiteId: suite?.suiteId ?? world.nextId(),
    sha,
    name: wanted.name ?? '',
    externalId: '',
    status: 'queued',
    conclusion: null,
    detailsUrl: null,
    output: null,
    annotations: [],
    startedAt: now,
    completedAt: null,
  };
  repository.checkRuns.push(run);
  change(world, run, wanted);
  tell(world, { repository, run, by: app.bot }, 'created');
  const body = runShape(world, repository, run);
  return { status: 201, body, headers: { location: String(body['url']) } };
}

function updateRun(call: Call): Reply {
  const app = appOf(call);
  const { repository, run } = runOf(call, 'write');
  if (run.app !== app)
    throw forbidden(
      call.operation,
      `Invalid app_id \`${app.id}\` - check run can only be modified by the GitHub App that created it.`,
    );
  const wasComplete = run.status === 'completed';
  change(call.world, run, call.body);
  if (!wasComplete && run.status === 'completed')
    tell(call.world, { repository, run, by: app.bot }, 'completed');
  return { status: 200, body: runShape(call.world, repository, run) };
}

/** A conclusion completes it; annotations of several requests are added up. */
function change(world: World, run: CheckRun, body: RunBody): void {
  const { output, conclusion, status, details_url: detailsUrl, external_id: externalId } = body;
  if (externalId !== undefined) run.externalId = externalId;
  if (detailsUrl !== undefined) run.detailsUrl = detailsUrl;
  if (status !== undefined) run.status = status;
  if (conclusion !== undefined) Object.assign(run, { conclusion, status: 'completed' });
  if (run.status === 'completed') run.completedAt ??= world.clock.now();
  if (output === undefined) return;
  run.output = { title: output.title, summary: output.summary, text: output.text ?? null };
  run.annotations.push(...(output.annotations ?? []));
}

function getRun(call: Call): Reply {
  const { repository, run } = runOf(call, 'read');
  return { status: 200, body: runShape(call.world, repository, run) };
}

/** The newest of each name, newest first, unless all are asked for. */
async function listRuns(call: Call): Promise<Reply> {
  const { world, query } = call;
  const repository = repositoryOf(call, { scope: 'checks', level: 'read' });
  const { ref = '' } = call.parameters;
  const sha = await repository.git.resolve(ref);
  if (sha === null) throw unprocessable(call.operation, `No commit found for SHA: ${ref}`);
  const all = repository.checkRuns.filter((run) => run.sha === sha);
  const latest = [...new Map(all.map((run) => [`${run.app.id} ${run.name}`, run])).values()];
  const wanted = (query.get('filter') === 'all' ? all : latest).filter(
    ({ name, app }) =>
      (query.get('check_name') ?? name) === name &&
      (query.get('app_id') ?? String(app.id)) === String(app.id),
  );
  const shapes = wanted.toReversed().map((run) => runShape(world, repository, run));
  const { items, headers } = pageOf(call, repository, shapes);
  return { status: 200, body: { total_count: wanted.length, check_runs: items }, headers };
}

/** The Re-run button. */
export function rerequest(world: World, repository: Repository, run: CheckRun, by: User): void {
  Object.assign(run, { status: 'queued', conclusion: null, completedAt: null });
  tell(world, { repository, run, by }, 'rerequested');
}

/** Check runs are the one thing that no person's token may write. */
function appOf(call: Call): App {
  const { actor } = call;
  if (actor.kind !== 'installation') {
    throw forbidden(call.operation, 'You must authenticate via a GitHub App.');
  }
  const { app } = actor.installation;
  if (atLeast(app.permissions.checks ?? 'none', 'write')) return app;
  throw forbidden(call.operation, 'Resource not accessible by integration');
}

function runOf(
  call: Call,
  level: 'read' | 'write',
): { readonly repository: Repository; readonly run: CheckRun } {
  const repository = repositoryOf(call, { scope: 'checks', level });
  const wanted = call.parameters['check_run_id'];
  const run = repository.checkRuns.find(({ id }) => String(id) === wanted);
  if (run === undefined) throw notFound(call.operation.documentation);
  return { repository, run };
}

function tell(
  world: World,
  of: { readonly repository: Repository; readonly run: CheckRun; readonly by: User },
  action: 'created' | 'completed' | 'rerequested',
): void {
  announce(world, of.repository, 'check_run', {
    action,
    check_run: {
      ...runShape(world, of.repository, of.run),
      external_id: of.run.externalId,
      check_suite: { id: of.run.suiteId, head_sha: of.run.sha },
      details_url: of.run.detailsUrl ?? repositoryPage(world, of.repository),
    },
    ...eventTail(world, of.repository, of.by),
  });
}

function runShape(world: World, repository: Repository, run: CheckRun): Shape {
  const url = `${repositoryUrl(world, repository)}/check-runs/${run.id}`;
  return {
    id: run.id,
    node_id: nodeId('CheckRun', run.id),
    head_sha: run.sha,
    external_id: run.externalId,
    url,
    html_url: `${repositoryPage(world, repository)}/runs/${run.id}`,
    details_url: run.detailsUrl,
    status: run.status,
    conclusion: run.conclusion,
    started_at: isoTime(run.startedAt),
    completed_at: run.completedAt === null ? null : isoTime(run.completedAt),
    output: {
      title: run.output?.title ?? null,
      summary: run.output?.summary ?? null,
      text: run.output?.text ?? null,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    name: run.name,
    check_suite: { id: run.suiteId },
    app: appShape(world, run.app),
    pull_requests: pullsOf(repository, run).map((pull) => minimalPull(world, repository, pull)),
  };
}

/** "Pushes to a branch in a forked repository are not detected": theirs are missing. */
function pullsOf(repository: Repository, run: CheckRun): readonly PullRequest[] {
  return repository.pulls.filter(
    ({ head, headSha, closedAt }) =>
      closedAt === null && headSha === run.sha && head.repository === repository,
  );
}

function minimalPull(world: World, repository: Repository, pull: PullRequest): Shape {
  const repo = { id: repository.id, url: repositoryUrl(world, repository), name: repository.name };
  return {
    id: pull.id,
    number: pull.number,
    url: `${repositoryUrl(world, repository)}/pulls/${pull.number}`,
    head: { ref: pull.head.branch, sha: pull.headSha, repo },
    base: { ref: pull.base, sha: pull.baseSha, repo },
  };
}
