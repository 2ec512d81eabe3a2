import type { DeployPhase } from '../model/deploy.ts';
import { type Html, type HtmlValue, html } from './page-html.ts';

export interface Crumb {
  readonly text: string;
  readonly href: string;
}

export interface Layout {
  readonly title: string;
  readonly crumbs: readonly Crumb[];
  readonly main: Html;
  /** Which grid's changes refresh the page (`all`: every grid's); `null` for a page that stays as it is. */
  readonly live: { readonly grid: string } | null;
  readonly signedIn: boolean;
  /** Seconds until the browser asks for the same address again. */
  readonly refresh?: number;
}

/** A whole page. Nothing inline: scripts and styles come from `/assets` only, as the content security policy demands. */
export function layout(page: Layout): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${page.refresh === undefined ? null : html`<meta http-equiv="refresh" content="${page.refresh}">`}
<title>${page.title} · gridops</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/style.css">
${page.live === null ? null : html`<script src="/assets/live.js" defer></script>`}
</head>
<body${page.live === null ? null : html` data-live="${page.live.grid}"`}>
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<nav aria-label="Where you are">
<a class="brand" href="/">gridops</a>
${page.crumbs.map((crumb) => html`<span class="slash" aria-hidden="true">/</span><a href="${crumb.href}">${crumb.text}</a>`)}
</nav>
<div class="tools">
${page.live === null ? null : html`<span class="live" data-connection="waiting">connecting</span>`}
${page.signedIn ? html`<form method="post" action="/logout"><button class="quiet">Sign out</button></form>` : null}
</div>
</header>
<main id="main" tabindex="-1">
${page.main}
</main>
<p class="unseen" role="status" id="announcement"></p>
</body>
</html>
`.toString();
}

/** The colour a state is shown in; the word is always beside it. */
export type Tone = 'good' | 'bad' | 'wait' | 'busy' | 'calm';

const marks: Readonly<Record<Tone, string>> = {
  good: '✓',
  bad: '✕',
  wait: '!',
  busy: '●',
  calm: '○',
};

export function badge(tone: Tone, word: string): Html {
  return html`<span class="badge ${tone}"><span class="mark" aria-hidden="true">${marks[tone]}</span>${word}</span>`;
}

const phases: Readonly<Record<DeployPhase, readonly [Tone, string]>> = {
  queued: ['calm', 'queued'],
  planning: ['busy', 'planning'],
  running: ['busy', 'running'],
  held: ['wait', 'held'],
  succeeded: ['good', 'succeeded'],
  failed: ['bad', 'failed'],
  superseded: ['calm', 'superseded'],
};

export function phaseBadge(phase: DeployPhase): Html {
  const [tone, word] = phases[phase];
  return badge(tone, word);
}

/** A titled part of a page; `null` when there is nothing in it. */
export function section(title: string, aside: number | 'UTC' | null, content: HtmlValue): Html {
  const id = title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const counter = aside === null ? null : html` <span class="count">${aside}</span>`;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}${counter}</h2>${content}</section>`;
}

/** Long lists are cut, and say so: a page stays a page. */
export function cut<T>(items: readonly T[], most: number, show: (item: T) => Html): HtmlValue {
  const rest = items.length - most;
  const more =
    rest > 0 ? html`<li class="more">and ${rest} more; the command line shows all</li>` : null;
  return [...items.slice(0, most).map(show), more];
}

export function shortSha(sha: string): Html {
  return html`<code title="${sha}">${sha.slice(0, 7)}</code>`;
}

/** "3 min ago"; the script keeps it true while the page is open. */
export function ago(at: number, now: number): Html {
  return html`<time datetime="${iso(at)}" title="${utc(at)}" data-ago="${at}">${distance(now - at)} ago</time>`;
}

/** UTC: the time of day, or the day when it was another one. */
export function clockTime(at: number, now: number): Html {
  const sameDay = iso(at).slice(0, 10) === iso(now).slice(0, 10);
  const shown = sameDay ? iso(at).slice(11, 19) : iso(at).slice(5, 16).replace('T', ' ');
  return html`<time datetime="${iso(at)}" title="${utc(at)}">${shown}</time>`;
}

export function utc(at: number): string {
  return `${iso(at).slice(0, 19).replace('T', ' ')} UTC`;
}

/** "45 s", "3 min", "2 h", "5 d": the same rounding as in the script. */
export function distance(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Times of agents may be anything; dates end where ISO years do. */
function iso(at: number): string {
  const safe = Number.isFinite(at) ? Math.min(Math.max(at, 0), 253_402_300_799_000) : 0;
  return new Date(safe).toISOString();
}
