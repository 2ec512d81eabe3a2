import { printPosition } from '../model/problem.ts';
import type { DeployProblem, GridStatus } from '../protocol/api.ts';
import { type Html, type HtmlValue, html } from './page-html.ts';
import { ago, badge, cut, section } from './page-layout.ts';

const MOST_PROBLEMS = 50;

/** Problems of the grid repository, each with its place and the lines around it. */
export function problemSection(problems: readonly DeployProblem[]): HtmlValue {
  if (problems.length === 0) return null;
  const items = cut(problems, MOST_PROBLEMS, problemItem);
  return section('Problems', problems.length, html`<ul class="notes">${items}</ul>`);
}

function problemItem(problem: DeployProblem): Html {
  const frame = problem.frame === undefined ? null : html`<pre tabindex="0">${problem.frame}</pre>`;
  const hint = problem.hint === undefined ? null : html`<p class="hint">${problem.hint}</p>`;
  return html`<li class="note ${problem.severity === 'error' ? 'bad' : 'wait'}">
<p class="place">${badge(problem.severity === 'error' ? 'bad' : 'wait', problem.severity)}
<code>${printPosition(problem.position)}</code> <span class="muted">${problem.code}</span></p>
<p>${problem.message}</p>${frame}${hint}</li>`;
}

/** The repository cannot be read; everything else on the page is as of the last time it could. */
export function faultNote(fault: GridStatus['fault'], now: number): HtmlValue {
  if (fault === null) return null;
  return html`<div class="note bad"><p>${badge('bad', 'repository')} <strong>The repository cannot be read</strong>
<span class="muted">since ${ago(fault.since, now)}</span></p>
<p>${fault.message}</p>
<p class="hint">${fault.hint ?? ''} What runs goes on running as the last good commit says.</p></div>`;
}
