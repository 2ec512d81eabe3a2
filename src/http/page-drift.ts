import { driftText } from '../model/drift.ts';
import type { InstanceStatus } from '../protocol/instance-api.ts';
import { type Html, html } from './page-html.ts';
import { ago, badge } from './page-layout.ts';

/** What somebody else has made of an instance, and since when. */
export function driftNote(drift: NonNullable<InstanceStatus['drift']>, now: number): Html {
  const word = drift.state === 'stalled' ? badge('bad', 'stalled') : badge('wait', 'drift');
  return html`<p>${word} ${driftText(drift)} <span class="muted">(first seen ${ago(drift.since, now)})</span></p>`;
}
