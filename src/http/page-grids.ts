import type { GridStatus } from '../protocol/api.ts';
import { type Html, html } from './page-html.ts';
import { ago, badge, phaseBadge, shortSha } from './page-layout.ts';
import { faultNote } from './page-problem.ts';

/** The first page: every grid on one line. */
export function gridsPage(grids: readonly GridStatus[], now: number): Html {
  if (grids.length === 0) return empty;
  const fault = grids.find((grid) => grid.fault !== null)?.fault ?? null;
  return html`<h1>Grids</h1>
${faultNote(fault, now)}
<ul class="rows">${grids.map((grid) => gridRow(grid, now))}</ul>`;
}

function gridRow(grid: GridStatus, now: number): Html {
  const { counts, deploy } = grid;
  return html`<li class="row">
<p class="head"><a class="name" href="/grids/${grid.name}">${grid.name}</a> ${gridBadge(grid)}</p>
<p class="what">${deploy === null ? 'Nothing deployed yet.' : html`${shortSha(deploy.sha)} ${deploy.message}`}</p>
<p class="facts"><span>${counts.ready}/${counts.wanted} instances</span> <span>${counts.nodesOnline}/${counts.nodes} nodes</span>
${deploy === null ? null : html`<span>${ago(deploy.finishedAt ?? deploy.createdAt, now)}</span>`}</p>
</li>`;
}

/** One word for a grid: the newest deploy's phase, unless something since then is worse. */
export function gridBadge(grid: GridStatus): Html {
  if (grid.problems.some((problem) => problem.severity === 'error'))
    return badge('bad', 'problems');
  const phase = grid.deploy?.phase;
  if (phase === undefined) return badge('calm', 'empty');
  if (phase !== 'succeeded') return phaseBadge(phase);
  if (grid.counts.failing + grid.counts.blocked > 0) return badge('bad', 'failing');
  return grid.converged ? badge('good', 'converged') : badge('busy', 'converging');
}

const empty = html`<h1>Grids</h1>
<div class="note calm"><p><strong>No grid yet.</strong></p>
<p>Push a file <code>grids/&lt;name&gt;/grid.yml</code> to the grid repository; the grid appears here within seconds.</p>
<p class="hint">Check it before with <code>gridops validate</code>.</p></div>`;
