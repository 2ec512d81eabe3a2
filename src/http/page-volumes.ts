import { instancePath, servicePath } from '../model/identity.ts';
import { sizeText } from '../model/size-text.ts';
import type { VolumeList } from '../protocol/volume-api.ts';
import { gridPath } from './page-actions.ts';
import { type Html, type HtmlValue, html } from './page-html.ts';
import { ago, badge, cut, section } from './page-layout.ts';

const MOST_ROWS = 200;

type Volume = VolumeList['volumes'][number];

/** Nodes are asked, which takes its time: a page of its own. */
export function volumesLink(grid: string): Html {
  return html`<p class="action"><a href="${volumesPath(grid)}">Volumes…</a></p>`;
}

function volumesPath(grid: string): string {
  return `${gridPath(grid)}/volumes`;
}

/** Whose the volumes of a grid are, and which of them nobody has: these first, for nothing but a person removes them. */
export function volumesPage(grid: string, { volumes, silent }: VolumeList, now: number): Html {
  const left = volumes.filter(({ usedBy }) => usedBy.length === 0);
  const used = volumes.filter(({ usedBy }) => usedBy.length > 0);
  return html`<h1>Volumes of ${grid}</h1>
${silent.map(({ node, reason }) => html`<div class="note wait"><p>${badge('wait', 'not known')} What ${node} has is not here: ${reason}</p></div>`)}
${section('That no container has', left.length, list(left, now))}
${left.length === 0 ? null : html`<p class="hint">They are kept until a person removes one by its name: <code>gridops volume rm ${grid} &lt;node&gt; &lt;volume&gt;</code></p>`}
${section('In use', used.length, list(used, now))}`;
}

function list(volumes: readonly Volume[], now: number): HtmlValue {
  if (volumes.length === 0) return html`<p class="muted">None.</p>`;
  return html`<ul class="rows">${cut(volumes, MOST_ROWS, (volume) => volumeRow(volume, now))}</ul>`;
}

function volumeRow(volume: Volume, now: number): Html {
  const { name, node, size, usedBy, unusedSince } = volume;
  return html`<li class="row">
<p class="head"><span class="name">${name}</span></p>
<p class="facts"><span>${node}</span> <span>of ${owner(volume)}</span>
${size === null ? null : html`<span>${sizeText(size)}</span>`}
${usedBy.length > 0 ? html`<span>used by ${usedBy.join(', ')}</span>` : null}
${unusedSince === null ? null : html`<span>unused since ${ago(unusedSince, now)}</span>`}</p></li>`;
}

function owner({ stack, service, number }: Volume): string {
  if (stack === null) return 'a stack that nobody knows';
  if (service === null) return stack;
  return number === null
    ? servicePath({ stack, service })
    : instancePath({ stack, service, number });
}
