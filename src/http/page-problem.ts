import { frameLineKind, printPosition } from '../model/problem.ts';
import type { GridStatus } from '../protocol/grid-api.ts';
import type { DeployProblem } from '../protocol/problem-api.ts';
import { codeAddress } from './page-codes.ts';
import { type Html, type HtmlValue, html } from './page-html.ts';
import { ago, badge, cut, section } from './page-layout.ts';

const MOST_PROBLEMS = 50;

/** Problems of the grid repository, each with its place and the lines around it. */
export function problemSection(problems: readonly DeployProblem[]): HtmlValue {
  if (problems.length === 0) return null;
  const items = cut(problems, MOST_PROBLEMS, problemItem);
  return section('Problems', problems.length, html`<ul class="notes">${items}</ul>`);
}

function problemItem({ severity, code, message, ...problem }: DeployProblem): Html {
  const tone = severity === 'error' ? 'bad' : 'wait';
  const stack =
    problem.stack === undefined ? null : html`<span class="muted">stack ${problem.stack}</span>`;
  const hint = problem.hint === undefined ? null : html`<p class="hint">${problem.hint}</p>`;
  return html`<li class="note ${tone}">
<p class="place">${badge(tone, severity)}
<code>${printPosition(problem.position)}</code> ${stack} <a href="${codeAddress(code)}">${code}</a></p>
<p class="message">${message}</p>${frame(problem.frame)}${hint}</li>`;
}

/** The marked line and the caret below it stand out. */
function frame(text: string | undefined): HtmlValue {
  if (text === undefined) return null;
  const lines = text.split('\n').map((line) => html`${setOff(line)}\n`);
  return html`<pre class="frame" tabindex="0" aria-label="The lines around it">${lines}</pre>`;
}

function setOff(line: string): Html {
  const kind = frameLineKind(line);
  if (kind === 'marked') return html`<mark>${line}</mark>`;
  return kind === 'caret' ? html`<b>${line}</b>` : html`${line}`;
}

/** The repository cannot be read; everything else on the page is as of the last time it could. */
export function faultNote(
  fault: GridStatus['fault'],
  now: number,
  name: string | null = null,
): HtmlValue {
  if (fault === null) return null;
  return html`<div class="note bad"><p>${badge('bad', 'repository')} <strong>The repository ${name === null ? '' : `${name} `}cannot be read</strong>
<span class="muted">since ${ago(fault.since, now)}</span></p>
<p>${fault.message}</p>
<p class="hint">${fault.hint ?? ''} What runs goes on running as the last good commit says.</p></div>`;
}
