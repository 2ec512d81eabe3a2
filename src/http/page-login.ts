import { type Html, html } from './page-html.ts';

/** `next` is a path on this server, checked by `safePath`. */
export function loginPage(next: string, fault: string | null): Html {
  return html`<div class="login"><h1>Sign in</h1>
${fault === null ? null : html`<p class="note bad" role="alert">${fault}</p>`}
<form method="post" action="/login">
<input type="hidden" name="next" value="${next}">
<input name="username" value="gridops" autocomplete="username" hidden>
<label for="token">API token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus spellcheck="false">
<button>Sign in</button>
</form>
<p class="hint">The master keeps the token in the file <code>api-token</code> of its data directory, unless it was started with <code>GRIDOPS_API_TOKEN</code>.</p></div>`;
}

export const missingPage = html`<h1>Not here</h1>
<p>There is nothing at this address, or it is gone. <a href="/">All grids</a></p>`;

export const brokenPage = html`<h1>That did not work</h1>
<p>The master failed at this request; its log says why. <a href="/">All grids</a></p>`;

/**
 * A browser that follows a link from another site (a commit's status) does not send a `SameSite=Strict` cookie. A page of
 * our own that asks for the same address again does, so people who are signed in are not asked to sign in once more.
 */
export const openingPage = html`<p class="muted">Opening …</p>`;

/** Where to go after signing in: a path of ours or `/`, never another site. */
export function safePath(next: unknown): string {
  if (typeof next !== 'string' || next.length > 500 || !/^\/(?![/\\])[\w\-./~%]*$/.test(next))
    return '/';
  return next;
}
