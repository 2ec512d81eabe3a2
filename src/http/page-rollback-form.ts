import type { RollbackRequest } from '../protocol/rollback-api.ts';
import { type Html, html } from './page-html.ts';

/** What a form or an address says; what is no wish of ours is left out. */
export function readRollback(fields: URLSearchParams): RollbackRequest {
  const [to, head] = [fields.get('to') ?? '', fields.get('head') ?? ''];
  return {
    ...(/^[0-9a-f]{7,64}$/.test(to) ? { to } : {}),
    ...(/^[0-9a-f]{40,64}$/.test(head) ? { head } : {}),
    ...(fields.get('how') === 'request' ? { pullRequest: true } : {}),
    ...(fields.get('shared') === 'yes' ? { shared: true } : {}),
    ...(fields.get('secrets') === 'yes' ? { secrets: true } : {}),
  };
}

export function requestedPage(
  done: { readonly url: string; readonly branch: string; readonly number: number },
  back: string,
): Html {
  // The address is the code host's own word: only one that a browser opens as a page becomes a link.
  const isPage = /^https?:\/\//.test(done.url);
  const name = `Pull request ${done.number}`;
  return html`<h1>Requested</h1>
<p class="lead">${isPage ? html`<a href="${done.url}">${name}</a>` : name} from <code>${done.branch}</code> brings the files back once it is merged.</p>
<p class="lead"><a href="${back}">Back</a></p>`;
}
