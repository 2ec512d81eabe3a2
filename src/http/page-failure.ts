import type { InstanceStatus } from '../protocol/instance-api.ts';
import { type Html, html } from './page-html.ts';

type Failure = NonNullable<NonNullable<InstanceStatus['attempt']>['failure']>;

/** How an attempt failed, with the container's last words. */
export function logTail(failure: Failure): Html {
  const exit = failure.exitCode === null ? null : `exit code ${failure.exitCode}`;
  const often = failure.count > 1 ? `${failure.count} times in a row` : null;
  const aside = [exit, often].filter((part) => part !== null).join(', ');
  const log =
    failure.log.length === 0
      ? html`<p class="hint">The container wrote nothing before.</p>`
      : html`<pre tabindex="0" aria-label="Last lines of the container">${failure.log.join('\n')}</pre>`;
  return html`<p>${failure.message}${aside === '' ? null : html` <span class="muted">(${aside})</span>`}</p>${log}`;
}
