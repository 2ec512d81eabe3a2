import { repositoryOf, userOf } from '../access.ts';
import { listReply } from '../pagination.ts';
import { notFound, Refusal, unprocessable, validationFailed } from '../refusal.ts';
import { isoTime, nodeId, repositoryUrl, type Shape, userShape } from '../shapes.ts';
import type { Call, Deployment, DeploymentStatus, Reply, Repository, Routes } from '../world.ts';

export const deploymentRoutes: Routes = {
  'repos/create-deployment': createDeployment,
  'repos/list-deployments': listDeployments,
  'repos/get-deployment': getDeployment,
  'repos/create-deployment-status': createStatus,
  'repos/list-deployment-statuses': listStatuses,
};

interface NewDeployment {
  readonly ref: string;
  readonly task?: string;
  readonly auto_merge?: boolean;
  readonly required_contexts?: readonly string[];
  readonly payload?: unknown;
  readonly environment?: string;
  readonly description?: string | null;
  readonly transient_environment?: boolean;
  readonly production_environment?: boolean;
}

async function createDeployment(call: Call): Promise<Reply> {
  const { world } = call;
  const repository = repositoryOf(call, { scope: 'deployments', level: 'write' });
  const wanted = call.body as unknown as NewDeployment;
  const sha = await repository.git.resolve(wanted.ref);
  if (sha === null) throw unprocessable(call.operation, `No ref found for: ${wanted.ref}`);
  checkDefaults(call, repository, sha, wanted);
  const environment = wanted.environment ?? 'production';
  const deployment: Deployment = {
    id: world.nextId(),
    sha,
    ref: wanted.ref,
    task: wanted.task ?? 'deploy',
    payload: wanted.payload ?? {},
    environment,
    description: wanted.description ?? null,
    creator: userOf(world, call.actor),
    isTransient: wanted.transient_environment ?? false,
    isProduction: wanted.production_environment ?? environment === 'production',
    createdAt: world.clock.now(),
    statuses: [],
  };
  repository.deployments.push(deployment);
  const body = deploymentShape(call, repository, deployment);
  return { status: 201, body, headers: { location: String(body['url']) } };
}

/** What surprises everybody once: GitHub merges the default branch in, and waits for every status there is. */
function checkDefaults(
  call: Call,
  repository: Repository,
  sha: string,
  { auto_merge: autoMerge = true, required_contexts: contexts, ref }: NewDeployment,
): void {
  if (autoMerge) {
    call.world.violations.push(
      `repos/create-deployment: auto_merge is on: GitHub would merge ${repository.defaultBranch} into ${ref}`,
    );
  }
  const statuses = call.world.statuses.entries.filter(
    (status) => status.repository.id === repository.id && status.sha === sha,
  );
  const latest = new Map(statuses.map((status) => [status.context, status.state]));
  const wanted = contexts ?? [...latest.keys()];
  if (wanted.every((context) => latest.get(context) === 'success')) return;
  throw new Refusal(409, {
    message: `Conflict: Commit status checks failed for ${ref}.`,
    documentation_url: call.operation.documentation,
  });
}

/** Newest first. */
function listDeployments(call: Call): Reply {
  const repository = repositoryOf(call, { scope: 'deployments', level: 'read' });
  const wants = (name: string, value: string): boolean =>
    [null, 'none', value].includes(call.query.get(name));
  const found = repository.deployments.filter(
    ({ sha, ref, task, environment }) =>
      wants('sha', sha) &&
      wants('ref', ref) &&
      wants('task', task) &&
      wants('environment', environment),
  );
  const shapes = found.toReversed().map((each) => deploymentShape(call, repository, each));
  return listReply(call, repository, shapes);
}

function getDeployment(call: Call): Reply {
  const { repository, deployment } = deploymentOf(call, 'read');
  return { status: 200, body: deploymentShape(call, repository, deployment) };
}

interface NewStatus {
  readonly state: DeploymentStatus['state'];
  readonly description?: string;
  readonly log_url?: string;
  readonly environment_url?: string;
  readonly auto_inactive?: boolean;
}

function createStatus(call: Call): Reply {
  const { repository, deployment } = deploymentOf(call, 'write');
  const { state, auto_inactive: autoInactive = true, ...more } = call.body as unknown as NewStatus;
  checkUrls(call, more);
  const status = addStatus(call, deployment, {
    state,
    description: more.description ?? '',
    logUrl: more.log_url ?? '',
    environmentUrl: more.environment_url ?? '',
  });
  if (state === 'success' && autoInactive) retireOthers(call, repository, deployment);
  const body = statusShape(call, repository, deployment, status);
  return { status: 201, body, headers: { location: String(body['url']) } };
}

function checkUrls(call: Call, { log_url, environment_url }: Omit<NewStatus, 'state'>): void {
  for (const [field, url] of Object.entries({ log_url, environment_url })) {
    if (url === undefined || url === '' || /^https?:\/\//i.test(url)) continue;
    throw validationFailed(call.operation, [
      {
        resource: 'DeploymentStatus',
        code: 'custom',
        field,
        message: `${field} must use http(s) scheme`,
      },
    ]);
  }
}

/** "all prior non-transient, non-production environment deployments … that had a success state". */
function retireOthers(call: Call, repository: Repository, of: Deployment): void {
  for (const other of repository.deployments) {
    const isLive = other.statuses.at(-1)?.state === 'success';
    if (other.id >= of.id || other.environment !== of.environment || !isLive) continue;
    if (other.isTransient || other.isProduction) continue;
    addStatus(call, other, { state: 'inactive', description: '', logUrl: '', environmentUrl: '' });
  }
}

function addStatus(
  { world, actor }: Call,
  deployment: Deployment,
  of: Pick<DeploymentStatus, 'state' | 'description' | 'logUrl' | 'environmentUrl'>,
): DeploymentStatus {
  const creator = userOf(world, actor);
  const status = { ...of, id: world.nextId(), creator, createdAt: world.clock.now() };
  deployment.statuses.push(status);
  return status;
}

/** Newest first. */
function listStatuses(call: Call): Reply {
  const { repository, deployment } = deploymentOf(call, 'read');
  const shapes = deployment.statuses
    .toReversed()
    .map((status) => statusShape(call, repository, deployment, status));
  return listReply(call, repository, shapes);
}

function deploymentOf(
  call: Call,
  level: 'read' | 'write',
): { readonly repository: Repository; readonly deployment: Deployment } {
  const repository = repositoryOf(call, { scope: 'deployments', level });
  const wanted = call.parameters['deployment_id'];
  const deployment = repository.deployments.find(({ id }) => String(id) === wanted);
  if (deployment === undefined) throw notFound(call.operation.documentation);
  return { repository, deployment };
}

function deploymentShape({ world }: Call, repository: Repository, of: Deployment): Shape {
  const url = `${repositoryUrl(world, repository)}/deployments/${of.id}`;
  return {
    url,
    id: of.id,
    node_id: nodeId('Deployment', of.id),
    sha: of.sha,
    ref: of.ref,
    task: of.task,
    payload: of.payload,
    original_environment: of.environment,
    environment: of.environment,
    description: of.description,
    creator: userShape(world, of.creator),
    created_at: isoTime(of.createdAt),
    updated_at: isoTime(of.statuses.at(-1)?.createdAt ?? of.createdAt),
    statuses_url: `${url}/statuses`,
    repository_url: repositoryUrl(world, repository),
    transient_environment: of.isTransient,
    production_environment: of.isProduction,
    performed_via_github_app: null,
  };
}

function statusShape(
  { world }: Call,
  repository: Repository,
  deployment: Deployment,
  status: DeploymentStatus,
): Shape {
  const url = `${repositoryUrl(world, repository)}/deployments/${deployment.id}`;
  return {
    url: `${url}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeId('DeploymentStatus', status.id),
    state: status.state,
    creator: userShape(world, status.creator),
    description: status.description,
    environment: deployment.environment,
    target_url: status.logUrl,
    created_at: isoTime(status.createdAt),
    updated_at: isoTime(status.createdAt),
    deployment_url: url,
    repository_url: repositoryUrl(world, repository),
    environment_url: status.environmentUrl,
    log_url: status.logUrl,
    performed_via_github_app: null,
  };
}
