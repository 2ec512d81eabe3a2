import { skewText } from '../model/clock-skew.ts';
import { diskText, isLow } from '../model/engine-condition.ts';
import type { NodeStatus } from '../protocol/node-api.ts';
import { type Html, type HtmlValue, html } from './page-html.ts';
import { ago, badge } from './page-layout.ts';

/** In a word, whether a node is there and can do its work. */
export function nodeBadge({ status, engine }: NodeStatus): Html {
  if (status === 'offline') return badge('bad', 'offline');
  if (status === 'unobserved') return badge('wait', 'unobserved');
  return engine?.state === 'silent' ? badge('bad', 'engine silent') : badge('good', 'online');
}

/** What people have to know of a node's engine, if anything. */
export function engineNote(engine: NonNullable<NodeStatus['engine']>, now: number): HtmlValue {
  const { state, since, reason, disk } = engine;
  if (state === 'silent')
    return html`<span>its Docker engine last answered ${ago(since, now)}: ${reason ?? 'no answer'}</span>`;
  if (disk === null || !isLow(disk)) return null;
  return html`<span>disk almost full: ${diskText(disk)}</span>`;
}

/** What people have to know of a node's clock and agent, if anything. */
export function agentNotes({ skewSeconds, outdated }: NodeStatus): HtmlValue {
  const skew = skewText(skewSeconds);
  return [
    skew === null ? null : html`<span>clock ${skew}</span>`,
    outdated === true ? html`<span>agent older than the master</span>` : null,
  ];
}
