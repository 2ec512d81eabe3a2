import { GridError } from '../model/error.ts';
import type { Deploy } from '../protocol/deploy-api.ts';
import type { GridStatus } from '../protocol/grid-api.ts';
import type { Rollback, RollbackRequest } from '../protocol/rollback-api.ts';
import type { Operations } from './operations.ts';
import { actionForm, type FormKey, gridPath } from './page-actions.ts';
import { type Html, type HtmlValue, html } from './page-html.ts';
import { cut, section, shortSha } from './page-layout.ts';

const MOST_ROWS = 200;

/** To where it is said what going back would do; nothing is done by it. */
export function rollbackLink({ name, deploy }: GridStatus): HtmlValue {
  if (deploy === null) return null;
  return html`<p class="action"><a class="button" href="${rollbackPath(name)}">Roll back…</a></p>`;
}

export function backHere({ grid, sha, phase }: Deploy): HtmlValue {
  if (phase !== 'succeeded') return null;
  return html`<p class="action"><a class="button" href="${`${rollbackPath(grid)}?to=${sha}`}">Roll back to this commit…</a></p>`;
}

function rollbackPath(grid: string): string {
  return `${gridPath(grid)}/rollback`;
}

/** What going back would do, with the buttons that do it; or why it cannot be. */
export async function lookBack(
  operations: Operations,
  of: { readonly grid: string; readonly wish: RollbackRequest; readonly key: FormKey },
): Promise<Html> {
  const { grid, wish, key } = of;
  try {
    return lookPage(await operations.rollback(grid, { ...wish, dryRun: true }, 'page'), wish, key);
  } catch (error) {
    if (!(error instanceof GridError) || ['internal', 'not-found'].includes(error.code))
      throw error;
    return html`<h1>Roll back <a href="${gridPath(grid)}">${grid}</a></h1>
<div class="note wait"><p>${error.message}</p>${error.hint === undefined ? null : html`<p class="hint">${error.hint}</p>`}</div>`;
  }
}

function lookPage(shown: Rollback, wish: RollbackRequest, key: FormKey): Html {
  const { grid, head, to, others, kept } = shown;
  const fields = {
    to,
    head,
    ...(wish.shared === true ? { shared: 'yes' } : {}),
    ...(wish.secrets === true ? { secrets: 'yes' } : {}),
  };
  const action = rollbackPath(grid);
  return html`<h1>Roll back <a href="${gridPath(grid)}">${grid}</a> <span class="to">to</span> ${shortSha(to)}</h1>
<p class="lead">${shown.message}</p>
<p class="hint">A new commit on <code>${shown.branch}</code>, now at ${shortSha(head)}, brings back the files below. Nothing is taken out of the history.</p>
${others.length === 0 ? null : html`<div class="note wait"><p>Other grids change, too: ${others.join(', ')}.</p></div>`}
${kept.length === 0 ? null : html`<p class="hint">Stays as it is now: ${kept.join(', ')}.</p>`}
${actionForm({ id: 'push', action, label: `Push to ${shown.branch}`, key, fields })}
${actionForm({ id: 'request', action, label: 'Open a pull request', key, fields: { ...fields, how: 'request' } })}
${section(
  'Files',
  shown.files.length,
  html`<ul class="rows">${cut(shown.files, MOST_ROWS, ({ path, kind }) => html`<li class="row"><p class="head"><code>${path}</code> ${kind}</p></li>`)}</ul>`,
)}
${section(
  'Undoes',
  shown.undoes.length,
  html`<ul class="rows">${cut(shown.undoes, MOST_ROWS, (one) => html`<li class="row"><p class="head">${shortSha(one.sha)} ${one.message}</p><p class="facts"><span>${one.author}</span></p></li>`)}</ul>`,
)}
${shown.plan === null ? null : section('Plan', null, html`<pre>${shown.plan}</pre>`)}`;
}
