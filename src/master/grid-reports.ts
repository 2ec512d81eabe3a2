import type { Step } from '../model/plan.ts';
import type { Log } from '../runtime/log.ts';
import type { Deploy } from '../store/deploys.ts';
import type { Refusal } from './assigner.ts';
import type { DeployLog } from './deploy-log.ts';

export interface GridReportsOptions {
  readonly grid: string;
  readonly deploys: DeployLog;
  readonly log: Log;
  readonly onEvent: (event: {
    readonly severity: 'info' | 'warning' | 'error';
    readonly kind: string;
    readonly path: string;
    readonly message: string;
  }) => void;
}

/** Says what a controller did: in the timeline of its deploy, in the grid's events and in the log. */
export class GridReports {
  readonly #options: GridReportsOptions;

  constructor(options: GridReportsOptions) {
    this.#options = options;
  }

  /** `own`: the present deploy is of what is wanted. */
  async assigned(steps: readonly Step[], own: boolean): Promise<void> {
    const { deploys, onEvent } = this.#options;
    if (own && deploys.active !== null) return await deploys.dispatched(steps);
    for (const step of steps)
      onEvent({
        severity: 'warning',
        kind: 'repair',
        path: step.stack,
        message: `${step.kind}: ${step.reason}`,
      });
  }

  /** Something is done for pull requests. */
  visited(steps: readonly Step[]): void {
    for (const step of steps)
      this.#options.onEvent({
        severity: 'info',
        kind: 'preview',
        path: step.stack,
        message: `${step.kind}: ${step.reason}`,
      });
  }

  async refused({ assignment, reason }: Refusal): Promise<void> {
    const { deploys, onEvent, log, grid } = this.#options;
    log.error({ grid, node: assignment.node, reason }, 'node not assigned');
    onEvent({ severity: 'error', kind: 'node-not-assigned', path: '', message: reason });
    if (deploys.active !== null) await deploys.entry('refused', '', reason);
  }

  async phase(deploy: Deploy): Promise<void> {
    const { deploys, onEvent, grid, log } = this.#options;
    const { phase, sha } = deploy;
    const message = phase === 'running' ? (deploy.summary ?? '') : (deploy.message ?? '');
    log.info({ grid, revision: sha, phase }, `deploy ${phase}: ${message}`);
    await deploys.entry(phase, '', message);
    const text = `${sha.slice(0, 7)}: ${message}`;
    const severity = phase === 'failed' ? 'error' : 'info';
    onEvent({ severity, kind: `deploy-${phase}`, path: '', message: text });
  }

  /** Somebody does not want to wait until the grid may be deployed to. */
  async forced(actor: string, closed: string): Promise<void> {
    const { deploys, onEvent } = this.#options;
    const message = `${actor} deploys it now, although the grid is ${closed}`;
    await deploys.entry('forced', '', message);
    onEvent({ severity: 'warning', kind: 'deploy-forced', path: '', message });
  }
}
