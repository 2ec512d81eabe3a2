import { instancePath, servicePath } from '../model/identity.ts';
import type { DeploySummary } from '../protocol/deploy-api.ts';
import type { GridEvent } from '../protocol/event-api.ts';
import type { GridStatus } from '../protocol/grid-api.ts';
import type { InstanceStatus } from '../protocol/instance-api.ts';
import type { JobStatus } from '../protocol/job-api.ts';
import type { NodeStatus } from '../protocol/node-api.ts';
import type { PreviewSummary } from '../protocol/preview-api.ts';
import type { ServiceStatus } from '../protocol/service-api.ts';
import { actionForm, deployPath, type FormKey, gridPath } from './page-actions.ts';
import { driftNote } from './page-drift.ts';
import { logTail } from './page-failure.ts';
import { gridBadge } from './page-grids.ts';
import { type Html, type HtmlValue, html } from './page-html.ts';
import { jobSection } from './page-jobs.ts';
import {
  ago,
  badge,
  clockTime,
  cut,
  phaseBadge,
  section,
  shortSha,
  type Tone,
} from './page-layout.ts';
import { agentNotes, engineNote, nodeBadge } from './page-node.ts';
import { previewSection } from './page-preview.ts';
import { faultNote, problemSection } from './page-problem.ts';
import { rollbackLink } from './page-rollback.ts';
import { volumesLink } from './page-volumes.ts';

const MOST_ROWS = 200;

export interface GridPage {
  readonly grid: GridStatus;
  readonly services: readonly ServiceStatus[];
  readonly instances: readonly InstanceStatus[];
  readonly nodes: readonly NodeStatus[];
  readonly deploys: readonly DeploySummary[];
  readonly jobs: readonly JobStatus[];
  readonly previews: readonly PreviewSummary[];
  readonly events: readonly GridEvent[];
}

/** One grid: what runs, where, what was deployed and what happened. */
export function gridPage(page: GridPage, now: number, key: FormKey): Html {
  const { grid } = page;
  const own = page.services.filter(({ preview }) => preview === undefined);
  return html`<h1>${grid.name} ${gridBadge(grid)}</h1>
${lead(grid, now)}
${closed(grid, now, key)}
${stopped(grid, key)}
${rollbackLink(grid)}
${faultNote(grid.fault, now, grid.repository ?? null)}
${problemSection(grid.problems)}
${previewSection(page.previews, now)}
${section(
  'Services',
  own.length,
  rows(own, (service) => serviceRow(service, page.instances, now)),
)}
${forRequests(page, now)}
${jobSection(page.jobs, now, key)}
${section(
  'Nodes',
  page.nodes.length,
  rows(page.nodes, (node) => nodeRow(node, now)),
)}
${volumesLink(grid.name)}
${section(
  'Deploys',
  null,
  rows(page.deploys, (deploy) => deployRow(deploy, now)),
)}
${section('Events', 'UTC', events(page.events, now))}`;
}

function lead(grid: GridStatus, now: number): Html {
  const { counts, deploy } = grid;
  return html`${
    deploy === null
      ? null
      : html`<p class="lead" data-announce><a href="/deploys/${deploy.id}">${shortSha(deploy.sha)}</a> ${deploy.message}
<span class="muted">${ago(deploy.finishedAt ?? deploy.createdAt, now)}</span></p>`
  }
<dl class="tiles">
<div><dt>Instances ready</dt><dd>${counts.ready}<span class="of">/${counts.wanted}</span></dd></div>
<div><dt>Nodes online</dt><dd>${counts.nodesOnline}<span class="of">/${counts.nodes}</span></dd></div>
<div><dt>Branch at</dt><dd>${grid.head === null ? '–' : shortSha(grid.head)}</dd></div>
${grid.repository === undefined ? null : html`<div><dt>Repository</dt><dd>${grid.repository}</dd></div>`}
<div><dt>Converged at</dt><dd>${grid.deployed === null ? '–' : shortSha(grid.deployed)}</dd></div>
</dl>${(grid.foreign ?? []).map(
    ({ stack, repository, sha }) =>
      html`<p class="muted">Stack ${stack} from ${repository} at ${shortSha(sha)}</p>`,
  )}`;
}

function closed({ name, closed: gate, freeze }: GridStatus, now: number, key: FormKey): HtmlValue {
  if (gate === undefined) return null;
  return html`<div class="note wait"><p>${badge('wait', freeze === undefined ? 'closed' : 'frozen')} <strong>Commits wait; what runs is repaired.</strong></p>
<p>${gate.message}</p>
${freeze === undefined ? null : html`<p class="hint">Frozen by ${freeze.actor} ${ago(freeze.at, now)}.</p>${actionForm({ id: 'unfreeze', action: `${gridPath(name)}/unfreeze`, label: 'Unfreeze', key })}`}</div>`;
}

/** What a click can get going again. */
function stopped({ name, deploy }: GridStatus, key: FormKey): HtmlValue {
  if (deploy?.phase === 'held')
    return html`<p class="action"><a class="button" href="${deployPath(deploy.id)}">Read the plan and approve it</a></p>`;
  if (deploy?.phase !== 'failed') return null;
  return actionForm({
    id: 'again',
    action: `${gridPath(name)}/deploy-again`,
    label: 'Deploy again',
    key,
  });
}

function rows<T>(items: readonly T[], show: (item: T) => Html): Html {
  if (items.length === 0) return html`<p class="muted">None.</p>`;
  return html`<ul class="rows">${cut(items, MOST_ROWS, show)}</ul>`;
}

/** What runs until a pull request is closed. */
function forRequests({ services, instances }: GridPage, now: number): HtmlValue {
  const found = services.filter(({ preview }) => preview !== undefined);
  if (found.length === 0) return null;
  const show = (service: ServiceStatus) => serviceRow(service, instances, now);
  return section('Running for pull requests', found.length, rows(found, show));
}

function previewLine({ preview }: ServiceStatus): HtmlValue {
  if (preview === undefined) return null;
  const { request, head, url } = preview;
  const link = url === undefined ? null : html`, <a href="${url}" rel="noreferrer">${url}</a>`;
  return html`<p class="muted">#${request} at ${shortSha(head)}${link}</p>`;
}

function serviceRow(
  service: ServiceStatus,
  instances: readonly InstanceStatus[],
  now: number,
): Html {
  const path = servicePath({ stack: service.stack, service: service.name });
  const own = instances.filter((instance) => servicePath(instance) === path);
  const word = service.held
    ? badge('wait', 'held back')
    : service.divergence === undefined
      ? readiness(service)
      : badge('bad', 'rolled back');
  return html`<li class="row">
<p class="head"><span class="name">${path}</span> ${word}</p>
<p class="what"><code>${service.image}</code></p>
${previewLine(service)}
<p class="facts"><span>${service.ready}/${service.wanted} ready</span>${service.stateful ? html` <span>stateful</span>` : null} <span>${service.strategy}</span></p>
${divergence(service)}
<details id="instances-${path}"${own.some(needsEyes) ? html` open` : null}><summary>${own.length} ${own.length === 1 ? 'instance' : 'instances'}</summary>
<ul class="inner">${cut(own, MOST_ROWS, (one) => instanceItem(one, now))}</ul></details>
</li>`;
}

function divergence({ divergence: one }: ServiceStatus): HtmlValue {
  if (one === undefined) return null;
  return html`<p>Diverges from git: runs the spec of ${shortSha(one.revision)} again until a commit changes it. <code>${instancePath(one)}</code> failed on <code>${one.node}</code>:</p>
${logTail(one.failure)}`;
}

function needsEyes(instance: InstanceStatus): boolean {
  return tones[instance.state] === 'bad' || instance.drift !== undefined;
}

function readiness(service: ServiceStatus): Html {
  if (service.health === 'unhealthy') return badge('bad', 'unhealthy');
  if (service.ready >= service.wanted && service.updated >= service.wanted)
    return badge('good', 'running');
  return service.updated < service.wanted ? badge('busy', 'updating') : badge('busy', 'starting');
}

const tones: Readonly<Record<InstanceStatus['state'], Tone>> = {
  running: 'good',
  updating: 'busy',
  failing: 'bad',
  stopped: 'bad',
  paused: 'bad',
  missing: 'wait',
  blocked: 'bad',
  unwanted: 'calm',
  unknown: 'wait',
  idle: 'calm',
};

function instanceItem(instance: InstanceStatus, now: number): Html {
  const { attempt, containerId, revision, drift } = instance;
  return html`<li>
<p class="head"><code>${instancePath(instance)}</code> ${badge(tones[instance.state], instance.state)}</p>
<p class="facts"><span>${instance.node ?? 'no node'}</span>
${containerId === null ? null : html`<span>container <code title="${containerId}">${containerId.slice(0, 12)}</code></span>`}
${revision === null ? null : html`<span>from ${shortSha(revision)}</span>`} <span>health: ${instance.health}</span></p>
${drift === undefined ? null : driftNote(drift, now)}
${attempt === null ? null : html`<p>${attempt.message}</p>`}
${attempt?.failure === null || attempt === null ? null : logTail(attempt.failure)}
</li>`;
}

function nodeRow(node: NodeStatus, now: number): Html {
  const { facts } = node;
  return html`<li class="row">
<p class="head"><span class="name">${node.name}</span> ${nodeBadge(node)}${node.availability === 'drain' ? badge('wait', 'drain') : null}</p>
${node.drained === undefined ? null : html`<p class="facts">Drained by ${node.drained.by} ${ago(node.drained.at, now)}</p>`}
${staysNote(node)}
<p class="what">${facts === null ? 'Has not reported yet.' : html`${facts.operatingSystem}, Docker ${facts.engineVersion}, agent ${facts.agentVersion}`}</p>
<p class="facts"><span>${node.instances} ${node.instances === 1 ? 'instance' : 'instances'}</span>
${facts === null ? null : html`<span>${facts.cpus} CPUs, ${gibibytes(facts.memory)} GiB</span>`}
${node.status === 'online' ? null : html`<span>seen ${ago(node.lastSeenAt, now)}</span>`}
${node.engine === undefined ? null : engineNote(node.engine, now)}${agentNotes(node)}
${facts?.labels.map((label) => html` <code>${label}</code>`) ?? null}</p>
</li>`;
}

function staysNote({ stays }: NodeStatus): HtmlValue {
  if (stays === undefined) return null;
  const paths = cut(stays, 10, (path) => html`<li><code>${path}</code></li>`);
  return html`<p class="what">Not empty before a person moves or removes what has its data here:</p>
<ul class="inner">${paths}</ul>`;
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}

function deployRow(deploy: DeploySummary, now: number): Html {
  return html`<li class="row">
<p class="head"><a class="name" href="/deploys/${deploy.id}">${shortSha(deploy.sha)}</a> ${phaseBadge(deploy.phase)}</p>
<p class="what">${deploy.message}</p>
<p class="facts"><span>${deploy.trigger}</span> <span>${ago(deploy.createdAt, now)}</span></p>
</li>`;
}

const eventTones = { info: 'calm', warning: 'wait', error: 'bad' } as const;

function events(list: readonly GridEvent[], now: number): HtmlValue {
  if (list.length === 0) return html`<p class="muted">None.</p>`;
  return html`<ol class="timeline">${list.map(
    (event) => html`<li class="${eventTones[event.severity]}">${clockTime(event.at, now)}
<p>${event.path === '' ? null : html`<code>${event.path}</code> `}${event.message === '' ? event.kind : event.message}</p></li>`,
  )}</ol>`;
}
