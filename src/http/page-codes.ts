import { type ProblemCode, problemCodes } from '../model/problem-code.ts';
import { type Html, html } from './page-html.ts';

/** Where the pages explain a problem's code: what is served explains the version that is running. */
export function codeAddress(code: string): string {
  return `/problems#${encodeURIComponent(code)}`;
}

/** Every code that a problem can have. */
export const codesPage: Html = html`<h1>Problems</h1>
<p class="lead">What the codes of problems mean. A problem itself says where it is and what to write instead.</p>
<dl class="codes">${problemCodes.map(entry)}</dl>`;

function entry({ code, severity, meaning }: ProblemCode): Html {
  const kind = severity === 'warning' ? html` <span class="muted">warning</span>` : null;
  return html`<div id="${code}"><dt><code>${code}</code>${kind}</dt><dd>${withCode(meaning)}</dd></div>`;
}

/** What stands between backticks is code. */
function withCode(markdown: string): readonly Html[] {
  const parts = markdown.split('`');
  return parts.map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));
}
