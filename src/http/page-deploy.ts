import { isFinal } from '../model/deploy.ts';
import { instancePath, servicePath } from '../model/identity.ts';
import { explainMode } from '../model/plan.ts';
import type { Deploy } from '../protocol/deploy-api.ts';
import { actionForm, deployPath, type FormKey, gridPath } from './page-actions.ts';
import { logTail } from './page-failure.ts';
import { type Html, type HtmlValue, html } from './page-html.ts';
import {
  ago,
  badge,
  clockTime,
  cut,
  distance,
  phaseBadge,
  section,
  shortSha,
  type Tone,
  utc,
} from './page-layout.ts';
import { problemSection } from './page-problem.ts';
import { type ShownStep, type StepState, shownWaves, stepCounts } from './page-progress.ts';
import { backHere } from './page-rollback.ts';

const MOST_STEPS = 200;

type Planned = NonNullable<Deploy['plan']>;

/**
 * One deploy, the page that commit statuses point at: how far, what is wrong, what is done and why. `key`: for what can be
 * done about the grid's newest one.
 */
export function deployPage(deploy: Deploy, now: number, key: FormKey | null): Html {
  const newest = deploy.remaining ?? deploy.plan;
  return html`<h1>Deploy ${shortSha(deploy.sha)} <span class="to">to</span> <a href="/grids/${deploy.grid}">${deploy.grid}</a> ${phaseBadge(deploy.phase)}</h1>
<p class="lead" data-announce>${deploy.message}</p>
${progress(deploy)}
${facts(deploy, now)}
${held(deploy, newest, key)}
${again(deploy, key)}
${key === null ? backHere(deploy) : null}
${problemSection(deploy.problems)}
${newest === null || deploy.phase === 'succeeded' ? null : [rolledBack(newest), halted(deploy, newest), blocked(newest), waiting(newest)]}
${plan(deploy)}
${timeline(deploy, now)}`;
}

function progress(deploy: Deploy): HtmlValue {
  const { updated, wanted } = deploy.progress;
  if (wanted === 0) return null;
  return html`<div class="progress ${progressTone(deploy)}">
<progress id="progress" max="${wanted}" value="${Math.min(updated, wanted)}" aria-label="Instances updated"></progress>
<span>${updated} of ${wanted} instances updated</span></div>`;
}

function progressTone(deploy: Deploy): Tone {
  if (deploy.phase === 'succeeded') return 'good';
  if (deploy.phase === 'failed') return 'bad';
  if (deploy.phase === 'held') return 'wait';
  return deploy.phase === 'superseded' ? 'calm' : 'busy';
}

function facts(deploy: Deploy, now: number): Html {
  const end = deploy.finishedAt ?? now;
  const took = isFinal(deploy.phase) ? 'Took' : 'Running for';
  return html`<dl class="facts-list">
<div><dt>Commit</dt><dd><code>${deploy.sha}</code></dd></div>
<div><dt>Started by</dt><dd>${deploy.trigger}${deploy.actor === null ? null : ` (${deploy.actor})`}, ${ago(deploy.createdAt, now)}</dd></div>
<div><dt>${took}</dt><dd title="${utc(deploy.createdAt)}">${distance(end - deploy.createdAt)}</dd></div>
<div><dt>Deploy</dt><dd><code>${deploy.id}</code></dd></div>
${deploy.supersededBy === null ? null : html`<div><dt>Superseded by</dt><dd><a href="/deploys/${deploy.supersededBy}"><code>${deploy.supersededBy}</code></a></dd></div>`}
</dl>`;
}

function held(deploy: Deploy, newest: Planned | null, key: FormKey | null): HtmlValue {
  if (deploy.phase !== 'held') return null;
  const confirmation = newest?.confirmation ?? null;
  const removes =
    confirmation === null
      ? null
      : html`<p>${confirmation.reason}</p><ul class="inner">${cut(confirmation.removes, 50, (path) => html`<li><code>${path}</code></li>`)}</ul>`;
  const { what, hint, label } = deploy.closed === undefined ? unconfirmed : early;
  return html`<div class="note wait"><p>${badge('wait', 'held')} <strong>${what}</strong></p>
${removes}
<p class="hint">${hint}</p>
${newest === null || key === null ? null : actionForm({ id: 'approve', action: `${deployPath(deploy.id)}/approve`, label, key, plan: newest.hash })}
<p class="hint">The same: <code>gridops approve ${deploy.id}</code></p></div>`;
}

const unconfirmed = {
  what: 'Waits for a person’s confirmation.',
  hint: 'Nothing is removed until someone approves it. A new commit that removes less goes ahead by itself.',
  label: 'Approve this plan',
};
const early = {
  what: 'Waits until the grid may be deployed to.',
  hint: 'It is deployed by itself then. What runs is repaired meanwhile. Approving the plan below deploys it now.',
  label: 'Deploy this plan now',
};

function again(deploy: Deploy, key: FormKey | null): HtmlValue {
  if (deploy.phase !== 'failed' || key === null) return null;
  return html`<div class="note"><p class="hint">Once what was in the way is gone, the same commit can be deployed again. What failed is tried at once.</p>
${actionForm({ id: 'again', action: `${gridPath(deploy.grid)}/deploy-again`, label: 'Deploy again', key })}</div>`;
}

function rolledBack({ rolledBack: all = [] }: Planned): HtmlValue {
  if (all.length === 0) return null;
  const items = cut(
    all,
    50,
    (
      one,
    ) => html`<li class="note bad"><p class="place">${badge('bad', one.failure.code)} <code>${instancePath(one)}</code> on <code>${one.node}</code></p>
${logTail(one.failure)}
<p class="hint"><code>${servicePath(one)}</code> runs the spec of ${shortSha(one.revision)} again, and diverges from git until a commit changes it.</p></li>`,
  );
  return section('Rolled back', all.length, html`<ul class="notes">${items}</ul>`);
}

function halted(deploy: Deploy, newest: Planned): HtmlValue {
  if (newest.halted.length === 0) return null;
  const items = cut(
    newest.halted,
    50,
    (
      one,
    ) => html`<li class="note bad"><p class="place">${badge('bad', one.failure.code)} <code>${instancePath(one)}</code> on <code>${one.node}</code></p>
${logTail(one.failure)}
<p class="hint">${keepsServing(deploy, one) ? 'The old container keeps serving. ' : ''}${one.remaining === 0 ? '' : `${one.remaining} more ${one.remaining === 1 ? 'step' : 'steps'} of ${servicePath(one)} not taken.`}${one.notRolledBack === undefined ? '' : ` Not rolled back: ${one.notRolledBack}.`}</p></li>`,
  );
  return section('Failed', newest.halted.length, html`<ul class="notes">${items}</ul>`);
}

/** Only where the new container had to be ready before the old one was to stop. */
function keepsServing(deploy: Deploy, one: Planned['halted'][number]): boolean {
  const path = instancePath(one);
  const steps = deploy.plan?.waves.flatMap((each) => each.steps) ?? [];
  return steps.some(
    (step) => step.kind === 'replace' && step.mode === 'start-first' && instancePath(step) === path,
  );
}

function blocked(newest: Planned): HtmlValue {
  if (newest.blocked.length === 0) return null;
  const items = cut(
    newest.blocked,
    50,
    (
      one,
    ) => html`<li class="note bad"><p class="place">${badge('bad', 'blocked')} <code>${instancePath(one)}</code></p><p>${one.reason}</p>
<ul class="inner">${one.excluded.map((by) => html`<li><code>${by.nodes.slice(0, 10).join(', ')}</code>${by.nodes.length > 10 ? ` and ${by.nodes.length - 10} more` : ''}: ${by.reason} <span class="muted">(${by.filter})</span></li>`)}</ul></li>`,
  );
  return section('Blocked', newest.blocked.length, html`<ul class="notes">${items}</ul>`);
}

function waiting(newest: Planned): HtmlValue {
  if (newest.waiting.length === 0) return null;
  const items = cut(
    newest.waiting,
    50,
    (one) => html`<li><code>${instancePath(one)}</code> ${one.reason}</li>`,
  );
  return section('Waiting', newest.waiting.length, html`<ul class="inner">${items}</ul>`);
}

function whyNoStep({ problems }: Deploy, planned: Planned): string {
  if (isStuck(planned)) return 'No step could be taken when it was made.';
  return problems.some((problem) => problem.severity === 'error')
    ? 'Nothing was changed: what has a problem stays as it was.'
    : 'Nothing had to change.';
}

function plan(deploy: Deploy): HtmlValue {
  if (deploy.plan === null) return null;
  const waves = shownWaves(deploy);
  const warnings = deploy.plan.warnings.map(
    (text) => html`<li>${badge('wait', 'warning')} ${text}</li>`,
  );
  if (waves.length === 0)
    return section(
      'Plan',
      null,
      html`<p class="muted">${whyNoStep(deploy, deploy.plan)}</p>
${warnings.length === 0 ? null : html`<ul class="inner">${warnings}</ul>`}`,
    );
  const { create, replace, remove } = stepCounts(waves);
  return section(
    'Plan',
    null,
    html`<p class="muted">${create} to create, ${replace} to replace, ${remove} to remove, in ${waves.length} ${waves.length === 1 ? 'wave' : 'waves'}. Each wave waits for the one before it.</p>
${warnings.length === 0 ? null : html`<ul class="inner">${warnings}</ul>`}
<ol class="waves">${cut([...waves.entries()], MOST_STEPS, ([index, steps]) => wave(index, steps, waves.length))}</ol>`,
  );
}

function isStuck(of: Planned): boolean {
  return of.blocked.length + of.halted.length + of.waiting.length > 0;
}

/** Of many waves only those are open that something goes on in, or went wrong. */
function wave(index: number, steps: readonly ShownStep[], waves: number): Html {
  const open = waves <= 4 || steps.some(({ state }) => state === 'running' || state === 'failed');
  return html`<li><details id="wave-${index + 1}"${open ? html` open` : null}><summary>Wave ${index + 1}<span class="tally">${tally(steps)}</span></summary>
<ul class="steps">${cut(steps, MOST_STEPS, stepItem)}</ul></details></li>`;
}

/** "2 done, 1 running". */
function tally(steps: readonly ShownStep[]): string {
  const counts = new Map<StepState, number>();
  for (const { state } of steps) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => `${count} ${states[state][1]}`).join(', ');
}

const signs = { create: '+', replace: '~', remove: '−' } as const;
const states: Readonly<Record<StepState, readonly [Tone, string]>> = {
  done: ['good', 'done'],
  running: ['busy', 'running'],
  waiting: ['calm', 'waiting'],
  failed: ['bad', 'failed'],
  skipped: ['calm', 'not taken'],
  undone: ['calm', 'rolled back'],
  open: ['calm', 'not finished'],
};

function stepItem({ step, state }: ShownStep): Html {
  const [tone, word] = states[state];
  return html`<li class="step"><span class="sign ${step.kind}" aria-hidden="true">${signs[step.kind]}</span>
<p><span class="kind">${step.kind}</span> <code>${instancePath(step)}</code> <span class="muted">on</span> <code>${step.node}</code><br><span class="muted">${step.reason}${step.kind === 'replace' ? ` (${explainMode(step)})` : ''}</span></p>
${badge(tone, word)}</li>`;
}

const tones = { info: 'calm', warning: 'wait', error: 'bad' } as const;

function timeline(deploy: Deploy, now: number): HtmlValue {
  if (deploy.timeline.length === 0) return null;
  const items = cut(
    deploy.timeline,
    MOST_STEPS,
    (entry) => html`<li class="${tones[entry.severity]}">${clockTime(entry.at, now)}
<p>${entry.path === '' ? null : html`<code>${entry.path}</code> `}${entry.message === '' ? entry.kind : entry.message}</p></li>`,
  );
  return section('Timeline', 'UTC', html`<ol class="timeline">${items}</ol>`);
}
