import { losesData } from '../model/preview.ts';
import type { Preview, PreviewSummary } from '../protocol/preview-api.ts';
import { type Html, type HtmlValue, html } from './page-html.ts';
import { ago, badge, section, shortSha, type Tone, utc } from './page-layout.ts';
import { problemSection } from './page-problem.ts';

type Outcome = Preview['outcome'];
type Grid = Extract<Outcome, { kind: 'planned' }>['grids'][number];
type Plan = NonNullable<Grid['plan']>;
type Step = Plan['steps'][number];
type Change = Grid['changes'][number];

const tones: Readonly<Record<Preview['verdict']['tone'], readonly [Tone, string]>> = {
  bad: ['bad', 'fails'],
  care: ['wait', 'read with care'],
  good: ['good', 'planned'],
  calm: ['calm', 'nothing planned'],
};

/** What a pull request would do, as it was planned then: what is destroyed comes first and is never folded away. */
export function previewPage(preview: Preview, now: number): Html {
  const { request, verdict } = preview;
  return html`<h1>${request.title === '' ? 'Pull request' : request.title} <span class="to">#${request.number}</span> ${verdictBadge(preview)}</h1>
<p class="lead">${sentence(verdict.text)}</p>
${facts(preview, now)}
${standing(preview)}
${request.isDraft ? html`<p class="hint">A draft; it is planned like any other.</p>` : null}
${outcome(preview)}`;
}

function standing({ newer, outdated, request }: Preview): HtmlValue {
  if (newer !== null)
    return html`<div class="note wait"><p><strong>There is <a href="/previews/${newer}">a newer plan</a> of #${request.number}.</strong></p></div>`;
  if (outdated === null) return null;
  return html`<div class="note wait"><p><strong>Out of date: ${outdated}.</strong></p><p>It is being planned again.</p></div>`;
}

/** Nothing in a grid that no open request is about. */
export function previewSection(previews: readonly PreviewSummary[], now: number): Html | null {
  if (previews.length === 0) return null;
  const rows = previews.map((preview) => previewRow(preview, now));
  return section('Pull requests', previews.length, html`<ul class="rows">${rows}</ul>`);
}

function previewRow(preview: PreviewSummary, now: number): Html {
  const { request, verdict } = preview;
  const title = request.title === '' ? 'Pull request' : request.title;
  return html`<li class="row">
<p class="head"><a class="name" href="/previews/${preview.id}">${title}</a> <span class="muted">#${request.number}</span> ${verdictBadge(preview)}</p>
<p class="what">${sentence(verdict.text)}</p>
<p class="facts"><span>${preview.repository}</span> <span>by ${request.author}</span> <span>planned ${ago(preview.at, now)}</span></p>
</li>`;
}

function verdictBadge({ verdict }: PreviewSummary): Html {
  const [tone, word] = tones[verdict.tone];
  return badge(tone, word);
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

function facts(preview: Preview, now: number): Html {
  const { request, repository, branch } = preview;
  return html`<dl class="facts-list">
<div><dt>Pull request</dt><dd>${requestLink(request.url, `${repository}#${request.number}`)}</dd></div>
<div><dt>Author</dt><dd>${request.author}</dd></div>
<div><dt>Commits</dt><dd>${shortSha(preview.head)} onto <code>${branch}</code> ${shortSha(preview.base)}</dd></div>
<div><dt>Planned</dt><dd title="${utc(preview.at)}">${ago(preview.at, now)}</dd></div>
</dl>`;
}

/** The forge said the address: only one of the web, and where we came from is not told. */
function requestLink(url: string, text: string): Html {
  return /^https?:\/\//.test(url)
    ? html`<a href="${url}" rel="noreferrer noopener">${text}</a>`
    : html`${text}`;
}

function outcome({ outcome: found, branch, head }: Preview): HtmlValue {
  switch (found.kind) {
    case 'planned':
      return found.grids.length === 0
        ? html`<div class="note calm"><p><strong>No changes to deploy.</strong></p><p>Merging it changes nothing of any grid.</p></div>`
        : [destructive(found.grids), problems(found.grids), found.grids.map(gridSection)];
    case 'conflict':
      return html`<div class="note bad"><p><strong>It cannot be merged.</strong></p>
<ul class="inner">${found.files.map((file) => html`<li><code>${file}</code></li>`)}</ul>
<p class="hint">Merge or rebase onto <code>${branch}</code>, resolve what conflicts, and push. It is planned again then.</p></div>`;
    case 'fork':
      return html`<div class="note calm"><p><strong>It comes from a fork, and nothing of it was looked at.</strong></p>
<p class="hint">Whoever may write to the repository can have ${shortSha(head)} planned by a comment: <code>/gridops plan</code>.</p></div>`;
    case 'failed':
      return html`<div class="note bad"><p><strong>gridops could not plan it.</strong></p><p>${found.message}</p>
<p class="hint">${found.hint ?? ''} The comment <code>/gridops plan</code> tries it again.</p></div>`;
  }
}

function destructive(grids: readonly Grid[]): HtmlValue {
  const total = sum(grids, (grid) => grid.counts.destructive);
  if (total === 0) return null;
  const all = grids.flatMap(({ grid, plan }) =>
    (plan?.steps ?? []).filter(({ danger }) => danger !== null).map((step) => ({ grid, step })),
  );
  const data = all.filter(({ step }) => losesData(step));
  const removals = all.filter(({ step }) => !losesData(step));
  const items = [...data, ...removals].map(({ grid, step }) =>
    lossItem(grids.length > 1 ? grid : null, step),
  );
  const list = html`<ul class="inner losses">${items}${more(total - items.length)}</ul>`;
  return section('Destructive', total, html`<div class="note bad">${list}</div>`);
}

/** `grid`: where there are several. */
function lossItem(grid: string | null, step: Step): Html {
  const held =
    step.wave === null ? html` <span class="muted">(waits for confirmation)</span>` : null;
  const name = grid === null ? null : html`<span class="muted">${grid}</span> `;
  return html`<li>${name}<span class="kind">${step.path}</span>${where(step)} ${sentence(step.danger ?? '')}${held}</li>`;
}

function where({ node }: Step): HtmlValue {
  return node === null ? '.' : html` on <code>${node}</code>.`;
}

function problems(grids: readonly Grid[]): HtmlValue {
  const total = sum(grids, (grid) => grid.counts.errors + grid.counts.warnings);
  const all = grids.flatMap((grid) => grid.problems);
  const left = total - all.length;
  return [
    problemSection(all),
    left > 0 ? html`<p class="more">and ${left} more problems</p>` : null,
  ];
}

function gridSection(grid: Grid): Html {
  const { counts, plan, verdict } = grid;
  const id = `grid-${grid.grid}`;
  return html`<section aria-labelledby="${id}"><h2 id="${id}" class="head"><a href="/grids/${grid.grid}">${grid.grid}</a> ${badge(...tones[verdict.tone])}</h2>
<p class="what">${sentence(verdict.text)}${plan === null ? null : html` <span class="muted">plan <code title="${plan.hash}">${plan.hash.slice(0, 12)}</code></span>`}</p>
${closedNote(grid)}
${confirmNote(grid)}
${blockedNote(grid)}
${downtimeNote(grid)}
${signatureNote(grid)}
${part('Settings', grid.settings.length, grid.settings.length === 0 ? null : diff(grid.settings))}
${part('Services', counts.changes, changeRows(grid))}
${part('Secrets', grid.secrets.length, secretRows(grid))}
${part('Images to pull', counts.pulls, pullRows(grid))}
${plan === null ? null : [stepsPart(grid, plan), waitPart(grid, plan)]}</section>`;
}

function closedNote({ closed }: Grid): HtmlValue {
  if (closed === null) return null;
  return html`<div class="note wait"><p>${badge('wait', 'closed')} <strong>Not deployed at once</strong></p><p>${closed}</p></div>`;
}

function confirmNote({ plan, grid }: Grid): HtmlValue {
  if (plan === null || plan.confirmation === null) return null;
  return html`<div class="note wait"><p>${badge('wait', 'held')} <strong>Removals wait until somebody confirms them after the merge</strong></p>
<p>${plan.confirmation}</p><p class="hint">Confirm on the page of the deploy, or with <code>gridops approve ${grid}</code>.</p></div>`;
}

function blockedNote({ plan, counts }: Grid): HtmlValue {
  const total = counts.blocked + counts.blockedAnyway;
  if (plan === null || total === 0) return null;
  const items = plan.blocked.map(
    (
      block,
    ) => html`<li><span class="kind">${names(block.paths, block.instances)}</span>: ${block.reason}${block.isDueAnyway ? html` <span class="muted">(whether this is merged or not)</span>` : null}
<ul class="inner">${block.excluded.map((one) => html`<li><span class="muted">${one.filter}</span> ${one.reason} <span class="muted">(${names(one.nodes, one.count)})</span></li>`)}</ul></li>`,
  );
  const tone = counts.blocked > 0 ? 'bad' : 'wait';
  return html`<div class="note ${tone}"><p>${badge(tone, 'blocked')} <strong>${total === 1 ? 'One instance fits' : `${total} instances fit`} on no node</strong></p><ul class="inner">${items}</ul></div>`;
}

function downtimeNote({ plan, counts }: Grid): HtmlValue {
  if (plan === null || counts.downtime === 0) return null;
  const items = plan.steps
    .filter((step) => step.downtime !== null)
    .map(
      (step) =>
        html`<li><span class="kind">${step.path}</span>${where(step)} ${sentence(step.downtime ?? '')}</li>`,
    );
  return html`<div class="note wait"><p>${badge('wait', 'downtime')} <strong>${counts.downtime === 1 ? 'One instance is' : `${counts.downtime} instances are`} down for a moment</strong></p>
<ul class="inner">${items}${more(counts.downtime - items.length)}</ul></div>`;
}

function signatureNote({ signature }: Grid): HtmlValue {
  if (signature === undefined) return null;
  if (signature.isGood) return html`<p class="hint">Its commit is ${signature.text}.</p>`;
  return html`<div class="note wait"><p>${badge('wait', 'not signed')} <strong>After the merge its commit must be signed by somebody whose key the master trusts</strong></p>
<p>${sentence(signature.text)}.</p></div>`;
}

function part(title: string, count: number, content: HtmlValue): HtmlValue {
  if (count === 0 || content === null) return null;
  return html`<h3>${title} <span class="count">${count}</span></h3>${content}`;
}

function changeRows({ changes, counts }: Grid): HtmlValue {
  const rows = changes.map(
    (change) =>
      html`<li><p class="step">${sign(change.kind)}<span class="kind">${change.path}</span><span class="muted aside">${changeWords[change.kind]}</span></p>${changeDiff(change)}</li>`,
  );
  return html`<ul class="rows">${rows}${more(counts.changes - changes.length)}</ul>`;
}

const changeWords = { added: 'new', changed: 'changed', removed: 'removed' } as const;
const kindSigns = {
  added: ['create', '+'],
  create: ['create', '+'],
  changed: ['replace', '~'],
  replace: ['replace', '~'],
  removed: ['remove', '−'],
  remove: ['remove', '−'],
} as const;

function sign(kind: keyof typeof kindSigns): Html {
  const [name, text] = kindSigns[kind];
  return html`<span class="sign ${name}" aria-hidden="true">${text}</span>`;
}

/** Of a new service all is new: that is folded away. */
function changeDiff({ kind, path, values, count }: Change): HtmlValue {
  if (values.length === 0) return count === 0 ? null : html`<p class="hint">${count} values</p>`;
  const lines = html`${diff(values)}${count > values.length ? html`<p class="more">and ${count - values.length} more</p>` : null}`;
  if (kind !== 'added') return lines;
  return html`<details id="values-${path}"><summary>${count} ${count === 1 ? 'value' : 'values'}</summary>${lines}</details>`;
}

function diff(values: readonly Grid['settings'][number][]): Html {
  const lines = values.map(({ key, before, after }) => {
    if (before !== null && before === after)
      return html`<span class="other">! ${key}: ${after}, changed</span>\n`;
    return html`${before === null ? null : html`<span class="minus">- ${key}: ${before}</span>\n`}${after === null ? null : html`<span class="plus">+ ${key}: ${after}</span>\n`}`;
  });
  return html`<pre class="diff" tabindex="0" aria-label="What differs">${lines}</pre>`;
}

function secretRows({ secrets }: Grid): Html {
  const rows = secrets.map(
    ({ name, kind, change }) =>
      html`<li><p class="step">${sign(change)}<span class="kind">${name}</span><span class="muted aside">${kind}, ${changeWords[change]}</span></p></li>`,
  );
  return html`<ul class="rows">${rows}</ul>`;
}

function pullRows({ pulls, counts }: Grid): Html {
  const rows = pulls.map(
    ({ image, nodes, bytes }) =>
      html`<li><p><code>${image}</code> <span class="muted">${bytes === null ? 'size not known' : bytesText(bytes)}, on ${names(nodes.slice(0, 5), nodes.length)}</span></p></li>`,
  );
  return html`<ul class="rows">${rows}${more(counts.pulls - pulls.length)}</ul>`;
}

function bytesText(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1_000)} kB`;
  if (bytes < 1_000_000_000) return `${Math.round(bytes / 1_000_000)} MB`;
  return `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}

/** What is destroyed is told above. */
function stepsPart({ grid, counts }: Grid, { steps }: Plan): HtmlValue {
  const total = counts.create + counts.replace + counts.remove - counts.destructive;
  if (total === 0) return null;
  const items = steps
    .filter((step) => step.danger === null)
    .map(
      (step) =>
        html`<li><p class="step">${sign(step.kind)}<span><span class="kind">${step.path}</span>${step.node === null ? null : html` on <code>${step.node}</code>`} <span class="muted">${step.reason}${step.isDueAnyway ? ', whether this is merged or not' : null}</span></span>${step.wave === null ? null : html`<span class="muted aside">wave ${step.wave}</span>`}</p></li>`,
    );
  const list = html`<ul class="inner">${items}${more(total - items.length)}</ul>`;
  return html`<h3>Other steps <span class="count">${total}</span></h3><details id="steps-${grid}"${total <= 10 ? html` open` : null}><summary>${total === 1 ? 'one step' : `all ${total}`}</summary>${list}</details>`;
}

function waitPart({ counts }: Grid, { halted, waiting, warnings }: Plan): HtmlValue {
  const lines = [
    ...halted.map(
      ({ path, node, why }) =>
        html`<li><span class="kind">${path}</span> on <code>${node}</code> failed before: ${why}</li>`,
    ),
    ...waiting.map(({ path, why }) => html`<li><span class="kind">${path}</span>: ${why}</li>`),
    ...warnings.map((text) => html`<li>${text}</li>`),
  ];
  const left = counts.halted + counts.waiting - halted.length - waiting.length;
  return part('To know', lines.length, html`<ul class="inner">${lines}${more(left)}</ul>`);
}

function more(left: number): HtmlValue {
  return left > 0 ? html`<li class="more">and ${left} more</li>` : null;
}

function names(shown: readonly string[], total: number): string {
  const left = total - shown.length;
  return left > 0 ? `${shown.join(', ')} and ${left} more` : shown.join(', ');
}

function sum(grids: readonly Grid[], count: (grid: Grid) => number): number {
  let total = 0;
  for (const grid of grids) total += count(grid);
  return total;
}
