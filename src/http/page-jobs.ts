import { dueTimeOf } from '../model/job.ts';
import type { JobStatus } from '../protocol/job-api.ts';
import { actionForm, type FormKey, gridPath } from './page-actions.ts';
import { type Html, html } from './page-html.ts';
import { ago, badge, section, type Tone } from './page-layout.ts';

type Run = JobStatus['runs'][number];

const tones: Readonly<Record<Run['outcome'], Tone>> = {
  succeeded: 'good',
  failed: 'bad',
  lost: 'bad',
  stopped: 'wait',
  missed: 'wait',
};

/** Nothing in a grid without jobs. */
export function jobSection(jobs: readonly JobStatus[], now: number, key: FormKey): Html | null {
  if (jobs.length === 0) return null;
  return section(
    'Jobs',
    jobs.length,
    html`<ul class="rows">${jobs.map((job) => jobRow(job, now, key))}</ul>`,
  );
}

function jobRow(job: JobStatus, now: number, key: FormKey): Html {
  const path = `${job.stack}/${job.service}`;
  const [last] = job.runs;
  const word =
    job.running !== null
      ? badge('busy', 'running')
      : last === undefined
        ? badge('calm', 'not run yet')
        : badge(tones[last.outcome], last.outcome);
  return html`<li class="row">
<p class="head"><span class="name">${path}</span> ${word}</p>
<p class="what">${job.schedule === null ? 'With deploys.' : html`<code>${job.schedule}</code> ${job.timeZone ?? ''}`}</p>
<p class="facts"><span>${job.node ?? 'no node'}</span>${job.nextAt === null ? null : html` <span>next at ${utc(job.nextAt)}</span>`}</p>
<details id="runs-${path}"${last !== undefined && tones[last.outcome] === 'bad' ? html` open` : null}><summary>${job.runs.length} ${job.runs.length === 1 ? 'run' : 'runs'}</summary>
<ul class="inner">${job.runs.map((run) => runItem(run, now))}</ul></details>
${job.node === null ? null : runButton(job, key)}</li>`;
}

function runButton({ grid, stack, service }: JobStatus, key: FormKey): Html {
  const parts = [stack, service].map(encodeURIComponent).join('/');
  const action = `${gridPath(grid)}/jobs/${parts}/run`;
  return actionForm({ id: `run-${stack}/${service}`, action, label: 'Run now', key });
}

function runItem(run: Run, now: number): Html {
  const { outcome, exitCode, startedAt, finishedAt, message, log } = run;
  return html`<li>
<p class="head"><span>${nameOf(run.id)}</span> ${badge(tones[outcome], outcome)}</p>
<p class="facts"><span>${ago(finishedAt, now)}</span> <span>${run.node}</span>
${run.attempt === 1 ? null : html`<span>attempt ${run.attempt}</span>`}
${startedAt === null ? null : html`<span>took ${seconds(finishedAt - startedAt)}</span>`}
${exitCode === null ? null : html`<span>exit code ${exitCode}</span>`}</p>
${message === '' ? null : html`<p>${message}</p>`}
${log.length === 0 ? null : html`<pre tabindex="0" aria-label="Last lines of the run">${log.join('\n')}</pre>`}
</li>`;
}

/** What the run was for. */
function nameOf(id: string): string {
  const due = dueTimeOf(id);
  if (due !== null) return `of ${utc(due)}`;
  return id.startsWith('request/') ? 'asked for' : 'with a deploy';
}

function seconds(milliseconds: number): string {
  return `${(Math.max(0, milliseconds) / 1_000).toFixed(1)} s`;
}

function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
