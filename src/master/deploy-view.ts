import type { Plan } from '../model/plan.ts';
import { type Problem, printProblem } from '../model/problem.ts';
import { shownProblem } from '../model/problem-code.ts';
import type { Deploy as DeployReply, DeploySummary } from '../protocol/deploy-api.ts';
import type { DeployEntry } from '../store/deploy-entries.ts';
import type { Deploy, DeployOutline } from '../store/deploys.ts';

/** Pure: stored deploys as the API shows them. */
export function deploySummary(deploy: DeployOutline): DeploySummary {
  return {
    id: deploy.id,
    grid: deploy.grid,
    sha: deploy.sha,
    phase: deploy.phase,
    trigger: deploy.trigger,
    actor: deploy.actor,
    message: deployMessage(deploy),
    progress: { updated: deploy.done, wanted: deploy.total },
    problemCount: deploy.problems.length,
    createdAt: deploy.createdAt,
    finishedAt: deploy.finishedAt,
    supersededBy: deploy.supersededBy,
  };
}

export function deployReply(of: {
  readonly deploy: Deploy;
  readonly entries: readonly DeployEntry[];
  readonly remaining: Plan | null;
  readonly closed: Pick<DeployReply, 'closed'>;
  readonly frame: (problem: Problem) => string | null;
}): DeployReply {
  const { deploy } = of;
  return {
    ...deploySummary(deploy),
    ...of.closed,
    plan: deploy.planJson === null ? null : (JSON.parse(deploy.planJson) as Plan),
    planText: deploy.planText,
    remaining: of.remaining,
    problems: deploy.problems.map((problem) => shownProblem(problem, of.frame(problem))),
    timeline: of.entries.map((entry) => ({ ...entry, severity: severityOf(entry.kind) })),
  };
}

function deployMessage(deploy: DeployOutline): string {
  const problem = deploy.problems.find((found) => found.severity === 'error');
  if (deploy.phase === 'failed' && problem !== undefined) return printProblem(problem);
  if (deploy.message !== null && deploy.message !== '') return deploy.message;
  return deploy.summary ?? '';
}

function severityOf(kind: string): 'info' | 'warning' | 'error' {
  if (kind === 'failed') return 'error';
  return kind === 'held' || kind === 'superseded' || kind === 'rolled-back' ? 'warning' : 'info';
}
