import type { GridStatus } from '../protocol/grid-api.ts';
import type { RepositoryStatus } from '../protocol/repository-api.ts';
import { type Html, type HtmlValue, html } from './page-html.ts';
import { ago, badge, phaseBadge, shortSha } from './page-layout.ts';
import { faultNote } from './page-problem.ts';

/** The first page: every grid on one line. */
export function gridsPage(
  grids: readonly GridStatus[],
  now: number,
  repositories: readonly RepositoryStatus[] = [],
): Html {
  const notes = repositoryNotes(repositories, now);
  if (grids.length === 0) return html`${notes}${empty}`;
  const isOne = repositories.filter(({ holds }) => holds !== 'stacks').length < 2;
  return html`<h1>Grids</h1>
${notes}
<ul class="rows">${grids.map((grid) => gridRow(grid, now, isOne))}</ul>`;
}

/** What is wrong with repositories. */
function repositoryNotes(
  repositories: readonly RepositoryStatus[],
  now: number,
): readonly HtmlValue[] {
  const isOne = repositories.length < 2;
  return repositories.flatMap(({ name, fault, refused }) => [
    faultNote(fault, now, isOne ? null : name),
    ...refused.map(
      ({
        grid,
        owner,
      }) => html`<div class="note bad"><p>${badge('bad', 'repository')} <strong>The grid ${grid} is in two repositories</strong></p>
<p>It is ${owner}'s, which had it first; what ${name} says of it is not deployed.</p>
<p class="hint">Remove its folder in one of the two. Removed in ${owner}, it goes over to ${name} with all that runs.</p></div>`,
    ),
  ]);
}

function gridRow(grid: GridStatus, now: number, isOne: boolean): Html {
  const { counts, deploy } = grid;
  return html`<li class="row">
<p class="head"><a class="name" href="/grids/${grid.name}">${grid.name}</a> ${gridBadge(grid)}</p>
<p class="what">${deploy === null ? 'Nothing deployed yet.' : html`${shortSha(deploy.sha)} ${deploy.message}`}</p>
<p class="facts"><span>${counts.ready}/${counts.wanted} instances</span> <span>${counts.nodesOnline}/${counts.nodes} nodes</span>
${isOne || grid.repository === undefined ? null : html`<span>in ${grid.repository}</span>`}
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
