/** The pages' one style sheet. Every colour pair of text and ground has a contrast of at least 4.5; a test computes them. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #fafaf8; --panel: #ffffff; --line: #e2e2dd; --text: #1b1d20; --muted: #595e65; --link: #0a559f;
  --good: #12653a; --good-ground: #e3f3e9; --bad: #a81d17; --bad-ground: #fcebe9; --wait: #744900; --wait-ground: #fbf0d6;
  --busy: #0a559f; --busy-ground: #e4effa; --calm: #4d5259; --calm-ground: #eeeeea; --code-ground: #f3f3f0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #121316; --panel: #191b1f; --line: #2c2f35; --text: #e6e7ea; --muted: #a0a6ae; --link: #82bbf8;
    --good: #72d69a; --good-ground: #14301f; --bad: #ff9d96; --bad-ground: #391a1a; --wait: #efc36f; --wait-ground: #32270f;
    --busy: #8fc3ff; --busy-ground: #14293f; --calm: #b1b6be; --calm-ground: #26292e; --code-ground: #22252a;
  }
}
* { box-sizing: border-box; }
html { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; background: var(--ground); color: var(--text); -webkit-text-size-adjust: 100%; }
body { margin: 0; }
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; outline: none; }
a { color: var(--link); text-underline-offset: 0.15em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
h1, h2, h3, p, ul, ol, dl, dd, pre { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font-size: 1.5rem; line-height: 1.3; font-weight: 650; display: flex; flex-wrap: wrap; gap: 0.3rem 0.55rem; align-items: center; overflow-wrap: anywhere; }
h1 .to { color: var(--muted); font-weight: 400; }
h1 a { color: inherit; }
h2 { font-size: 1rem; font-weight: 650; margin: 2rem 0 0.6rem; }
h3 { font-size: 0.9375rem; font-weight: 650; margin: 1.3rem 0 0.5rem; }
.count { color: var(--muted); font-weight: 400; margin-left: 0.25rem; }
code, pre { font-family: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.875em; }
code { overflow-wrap: anywhere; }
pre { background: var(--code-ground); color: var(--text); border-radius: 6px; padding: 0.65rem 0.8rem; margin-top: 0.5rem; overflow-x: auto; line-height: 1.45; max-height: 22rem; font-size: 0.8125rem; }
.muted, .facts, .hint { color: var(--muted); }
.hint { font-size: 0.875rem; margin-top: 0.4rem; }
.hint code, .note > p:not(.place) > code { background: var(--code-ground); color: var(--text); border-radius: 4px; padding: 0.1em 0.35em; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 0.5rem; background: var(--panel); padding: 0.3rem 0.6rem; z-index: 1; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.top { display: flex; justify-content: space-between; align-items: center; gap: 1rem; max-width: 60rem; margin: 0 auto; padding: 0.7rem 1rem; min-height: 3.4rem; border-bottom: 1px solid var(--line); }
.top nav { display: flex; gap: 0.5rem; min-width: 0; align-items: baseline; flex-wrap: wrap; }
.top nav a { color: var(--text); text-decoration: none; overflow-wrap: anywhere; }
.top nav a:hover { text-decoration: underline; }
.brand { font-weight: 700; letter-spacing: -0.01em; }
.slash { color: var(--muted); }
.tools { display: flex; align-items: center; gap: 0.9rem; white-space: nowrap; }
.live { font-size: 0.8125rem; color: var(--muted); display: inline-flex; align-items: center; gap: 0.4rem; }
.live::before { content: ""; width: 0.5rem; height: 0.5rem; border-radius: 50%; background: var(--muted); }
.live[data-connection="open"]::before { background: var(--good); }
.live[data-connection="lost"]::before { background: var(--bad); }
button { font: inherit; font-weight: 600; color: var(--panel); background: var(--link); border: 0; border-radius: 6px; padding: 0.5rem 1rem; cursor: pointer; min-height: 2.5rem; }
button.quiet { background: none; color: var(--muted); font-weight: 400; font-size: 0.8125rem; padding: 0.3rem 0; min-height: 1.5rem; }
button.quiet:hover { color: var(--text); text-decoration: underline; }

.badge { display: inline-flex; align-items: center; gap: 0.35em; font: 600 0.75rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; padding: 0.08rem 0.5rem; border-radius: 99px; white-space: nowrap; }
.badge .mark { font-size: 0.6875rem; line-height: 1; }
.badge.good { color: var(--good); background: var(--good-ground); }
.badge.bad { color: var(--bad); background: var(--bad-ground); }
.badge.wait { color: var(--wait); background: var(--wait-ground); }
.badge.busy { color: var(--busy); background: var(--busy-ground); }
.badge.calm { color: var(--calm); background: var(--calm-ground); }

.lead { margin-top: 0.5rem; font-size: 1.0625rem; overflow-wrap: anywhere; }
.progress { margin-top: 1rem; }
.progress span { font-size: 0.875rem; color: var(--muted); }
progress { appearance: none; display: block; width: 100%; height: 0.5rem; border: 0; border-radius: 99px; overflow: hidden; background: var(--line); margin-bottom: 0.35rem; }
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: var(--busy); border-radius: 99px; transition: width 0.3s; }
progress::-moz-progress-bar { background: var(--busy); }
.progress.good ::-webkit-progress-value { background: var(--good); }
.progress.good ::-moz-progress-bar { background: var(--good); }
.progress.bad ::-webkit-progress-value { background: var(--bad); }
.progress.bad ::-moz-progress-bar { background: var(--bad); }
.progress.wait ::-webkit-progress-value { background: var(--wait); }
.progress.wait ::-moz-progress-bar { background: var(--wait); }
.progress.calm ::-webkit-progress-value { background: var(--calm); }
.progress.calm ::-moz-progress-bar { background: var(--calm); }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0.6rem; margin-top: 1.1rem; }
.tiles div { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: 0.6rem 0.8rem; }
.tiles dt, .facts-list dt { color: var(--muted); font-size: 0.8125rem; }
.tiles dd { font-size: 1.25rem; font-weight: 600; line-height: 1.4; }
.tiles .of { color: var(--muted); font-weight: 400; }
.facts-list { display: flex; flex-wrap: wrap; gap: 0.45rem 2rem; margin-top: 1rem; font-size: 0.9375rem; }
.facts-list dd { overflow-wrap: anywhere; }

.rows, .login form { margin-top: 0.9rem; }
h2 + .rows { margin-top: 0; }
.rows { border: 1px solid var(--line); border-radius: 8px; background: var(--panel); overflow: hidden; }
.rows > li { padding: 0.65rem 0.9rem; }
.rows > li + li { border-top: 1px solid var(--line); }
.head { display: flex; flex-wrap: wrap; gap: 0.3rem 0.6rem; align-items: center; }
.name { font-weight: 600; overflow-wrap: anywhere; }
.what { overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: 0 1rem; font-size: 0.875rem; }
details { margin-top: 0.2rem; }
summary { cursor: pointer; color: var(--muted); font-size: 0.875rem; width: fit-content; padding: 0.15rem 0; }
summary:hover { color: var(--text); }
.inner { margin: 0.4rem 0 0.2rem; border-left: 2px solid var(--line); padding-left: 0.8rem; display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.5rem; font-size: 0.9375rem; }
.more { color: var(--muted); font-size: 0.875rem; }

.notes { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.7rem; }
.note { border: 1px solid var(--line); border-left: 3px solid var(--calm); border-radius: 6px; background: var(--panel); padding: 0.7rem 0.9rem; overflow-wrap: anywhere; }
h1 + .note, .lead ~ .note, .tiles + .note, .facts-list + .note { margin-top: 1.2rem; }
.what + .note, section > .note + .note { margin-top: 0.7rem; }
.note.bad { border-left-color: var(--bad); }
.note.wait { border-left-color: var(--wait); }
.place { display: flex; flex-wrap: wrap; gap: 0.3rem 0.6rem; align-items: center; margin-bottom: 0.25rem; }
.place code { font-weight: 600; }
.place > a, .place > .muted { font-size: 0.875rem; }
.message { font-weight: 600; }
.frame { color: var(--muted); tab-size: 2; }
.frame mark { color: var(--text); background: none; font-weight: 600; }
.frame b { color: var(--bad); }
.wait .frame b { color: var(--wait); }
.codes { margin-top: 1.2rem; }
.codes div { padding: 0.5rem 0.7rem; border-radius: 6px; scroll-margin-top: 1rem; }
.codes div:target { background: var(--wait-ground); }
.codes dt { font-weight: 600; }

.waves { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0.7rem; margin-top: 0.6rem; }
.waves > li { border: 1px solid var(--line); border-radius: 8px; background: var(--panel); }
.waves details { margin: 0; }
.waves summary { width: auto; padding: 0.4rem 0.9rem; font-size: 0.8125rem; border-radius: 8px; }
.waves details[open] summary { border-bottom: 1px solid var(--line); border-radius: 8px 8px 0 0; }
.tally { margin-left: 0.8rem; }
.tally::before { content: "· "; margin-left: -0.4rem; }
.steps > li { padding: 0.5rem 0.9rem; }
.steps > li + li { border-top: 1px solid var(--line); }
.step { display: grid; grid-template-columns: 1rem minmax(0, 1fr) auto; gap: 0.6rem; align-items: start; }
.step p { font-size: 0.9375rem; overflow-wrap: anywhere; }
.kind { font-weight: 600; }
.sign { font: 700 1rem/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; text-align: center; }
.sign.create { color: var(--good); }
.sign.replace { color: var(--busy); }
.sign.remove { color: var(--bad); }

.diff { white-space: pre-wrap; overflow-wrap: anywhere; }
.diff .minus { color: var(--bad); }
.diff .plus { color: var(--good); }
.diff .other { color: var(--wait); }
.losses { border-left: 0; padding-left: 0; margin: 0; }

.timeline { border-left: 2px solid var(--line); margin-left: 0.3rem; }
.timeline > li { position: relative; padding: 0 0 0.55rem 1.1rem; display: grid; grid-template-columns: 4.6rem minmax(0, 1fr); gap: 0.6rem; font-size: 0.9375rem; }
.timeline > li::before { content: ""; position: absolute; left: -0.35rem; top: 0.5em; width: 0.55rem; height: 0.55rem; border-radius: 50%; background: var(--calm); box-shadow: 0 0 0 3px var(--ground); }
.timeline > li.bad::before { background: var(--bad); }
.timeline > li.wait::before { background: var(--wait); }
.timeline time { color: var(--muted); font: 0.8125rem/1.75 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.timeline p { overflow-wrap: anywhere; }
.timeline .bad p { color: var(--bad); }

.action { margin-top: 0.8rem; }
.button { display: inline-block; font-weight: 600; color: var(--panel); background: var(--link); border-radius: 6px; padding: 0.5rem 1rem; text-decoration: none; }
.button:hover, .action button:hover { text-decoration: underline; }

.login { max-width: 24rem; margin: 8vh auto 0; }
.login form { display: grid; gap: 0.5rem; margin: 1.2rem 0 1rem; }
.login label { font-weight: 600; font-size: 0.9375rem; }
.login input { font: inherit; color: var(--text); background: var(--panel); border: 1px solid var(--muted); border-radius: 6px; padding: 0.5rem 0.7rem; min-height: 2.5rem; width: 100%; }
.login button { margin-top: 0.4rem; }

@media (max-width: 30rem) {
  .step { grid-template-columns: 1rem minmax(0, 1fr); }
  .step .badge, .step .aside { grid-column: 2; justify-self: start; }
  .timeline > li { grid-template-columns: minmax(0, 1fr); gap: 0; }
}
@media (prefers-reduced-motion: reduce) { progress::-webkit-progress-value { transition: none; } }
`;

export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="#2f7fd0"><rect x="3" y="3" width="11" height="11" rx="2"/><rect x="18" y="3" width="11" height="11" rx="2" opacity=".55"/><rect x="3" y="18" width="11" height="11" rx="2" opacity=".55"/><rect x="18" y="18" width="11" height="11" rx="2"/></g></svg>`;
