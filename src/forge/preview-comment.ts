import type { GridPreview, Preview } from '../model/preview.ts';
import {
  counted,
  gridVerdict,
  type PreviewVerdict,
  previewVerdict,
  sumOf,
} from '../model/preview-verdict.ts';
import type { ForgeLimits, RepositoryName } from './forge.ts';
import { codeSpan, fence, hidden, link } from './markdown.ts';
import {
  type Detail,
  dangers,
  downtimes,
  gridDetails,
  obstacles,
  problemBlock,
  signatures,
} from './preview-sections.ts';

export interface PreviewCommentInput {
  readonly preview: Preview;
  /** The one before; `null`: this is the first. */
  readonly previous: Preview | null;
  /** Of the page that has all of it; `null`: nobody can reach it from where the forge is read. */
  readonly pageUrl: string | null;
  /** Why it does not hold any more, and is being planned anew: "the base moved"; `null`: it holds. */
  readonly stale: string | null;
  readonly limits: Pick<ForgeLimits, 'comment'>;
  /** `false`: the forge shows HTML as text. */
  readonly html: boolean;
}

/** Each is tried when the one before is too long. */
const details: readonly Detail[] = [
  { dangers: 2_000, problems: 100, grids: 200, changes: 'values', lines: 2_000 },
  { dangers: 2_000, problems: 50, grids: 200, changes: 'values', lines: 150 },
  { dangers: 2_000, problems: 20, grids: 200, changes: 'services', lines: 200 },
  { dangers: 2_000, problems: 20, grids: 200, changes: 'services', lines: 40 },
  { dangers: 500, problems: 10, grids: 200, changes: 'stacks', lines: 20 },
  { dangers: 100, problems: 5, grids: 100, changes: 'none', lines: 5 },
  { dangers: 20, problems: 2, grids: 20, changes: 'none', lines: 1 },
  { dangers: 3, problems: 1, grids: 3, changes: 'none', lines: 0 },
];

/** Longer ones are not read, whatever a forge takes. */
const LONGEST = 60_000;

/**
 * The one comment that a pull request has. Pure. It is shorter than the forge takes: of a long one details are left out, never
 * cut, and what is destroyed is the last to go and is counted then. Nothing that others wrote is outside of code.
 */
export function previewComment(input: PreviewCommentInput): string {
  const budget = Math.min(LONGEST, Math.floor(input.limits.comment * 0.9));
  for (const detail of details) {
    const text = compose(input, body(input, detail));
    if (text.length <= budget) return text;
  }
  return compose(input, [summary(input)]);
}

/** What the comment begins with, to be found by. */
export function previewMarker(repository: RepositoryName, number: number, html: boolean): string {
  return hiddenLine(
    `gridops:preview v1 repo=${repository.owner}/${repository.name} pr=${number}`,
    html,
  );
}

function compose(input: PreviewCommentInput, parts: readonly (string | null)[]): string {
  const { preview, html, stale } = input;
  const head = [markerOf(input), heading(preview)].join('\n');
  const news = stale === null ? null : `**Out of date: ${codeSpan(stale)}. Planning again.**`;
  const state = JSON.stringify({ id: preview.id, head: preview.head, base: preview.base });
  const tail = hiddenLine(`gridops:state ${state}`, html);
  const written = [head, news, ...parts, tail].filter((part) => part !== null && part !== '');
  return `${written.join('\n\n')}\n`;
}

function markerOf({ preview, html }: PreviewCommentInput): string {
  const at = preview.repository.lastIndexOf('/');
  const [owner, name] = [preview.repository.slice(0, at), preview.repository.slice(at + 1)];
  return previewMarker({ owner, name }, preview.request.number, html);
}

/** Where HTML is no markup, a definition that nothing refers to is what is not shown. */
/** A line that readers do not see. */
export function hiddenLine(text: string, html: boolean): string {
  const comment = hidden(text);
  if (html) return comment;
  return `[//]: # "${comment.slice(5, -4).replaceAll('"', "'")}"`;
}

function heading({ head, base, branch, at }: Preview): string {
  const time = `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return `Plan for ${short(head)} onto ${codeSpan(branch)} ${short(base)} · ${time}`;
}

function short(sha: string): string {
  return codeSpan(sha.slice(0, 7));
}

const signs: Readonly<Record<PreviewVerdict['tone'], string>> = {
  bad: '❌',
  care: '⚠️',
  good: '✅',
  calm: '✅',
};

function verdictLine(verdict: PreviewVerdict): string {
  return `### ${signs[verdict.tone]} ${verdict.text.slice(0, 1).toUpperCase()}${verdict.text.slice(1)}`;
}

function body(input: PreviewCommentInput, detail: Detail): readonly (string | null)[] {
  const { preview } = input;
  const { outcome } = preview;
  const verdict = verdictLine(previewVerdict(preview));
  switch (outcome.kind) {
    case 'planned':
      return outcome.grids.length === 0
        ? ['No changes to deploy.', draftNote(preview)]
        : [verdict, ...planned(input, outcome.grids, detail)];
    case 'conflict':
      return [verdict, ...conflict(preview, outcome.files)];
    case 'fork':
      return [verdict, ...fork(preview)];
    case 'failed':
      return [verdict, ...failed(outcome)];
  }
}

function planned(
  input: PreviewCommentInput,
  grids: readonly GridPreview[],
  detail: Detail,
): readonly (string | null)[] {
  const shown = grids.slice(0, detail.grids);
  return [
    table(grids, detail),
    sinceThen(input, grids),
    dangers(grids, detail),
    ...problemBlock(grids, detail),
    ...obstacles(grids, detail),
    ...downtimes(grids, detail),
    ...signatures(grids, detail),
    ...(detail.changes === 'none'
      ? []
      : shown.map((grid) => gridDetails(grid, { detail, html: input.html }))),
    detail === details[0] ? null : leftOut(input),
    proceed(input.preview, grids),
    draftNote(input.preview),
    page(input),
  ];
}

function table(grids: readonly GridPreview[], detail: Detail): string {
  const rows = grids.slice(0, detail.grids).map((grid) => {
    const { create, replace, remove, destructive } = grid.counts;
    const { tone, text } = gridVerdict(grid);
    return `| ${codeSpan(grid.grid)} | ${create} | ${replace} | ${remove} | ${destructive} | ${signs[tone]} ${text} |`;
  });
  const left = grids.length - rows.length;
  const head = '| Grid | + | ~ | − | ! | Verdict |\n|---|--:|--:|--:|--:|---|';
  const more = left > 0 ? [`\nand ${counted(left, 'more grid')}.`] : [];
  return [head, ...rows, ...more].join('\n');
}

/** An edited comment tells nobody: what has changed is said. */
function sinceThen(
  { previous }: PreviewCommentInput,
  grids: readonly GridPreview[],
): string | null {
  if (previous?.outcome.kind !== 'planned') return null;
  const before = new Map(previous.outcome.grids.map((grid) => [grid.grid, hashOf(grid)]));
  const others = grids.filter((grid) => before.get(grid.grid) !== hashOf(grid));
  const since = `the plan for ${short(previous.head)} onto ${short(previous.base)}`;
  if (others.length === 0 && before.size === grids.length) return `The same as ${since}.`;
  return `Other than ${since} in ${counted(Math.max(1, others.length), 'grid')}.`;
}

function hashOf({ plan }: GridPreview): string {
  return plan?.hash ?? '';
}

function leftOut(input: PreviewCommentInput): string {
  return input.pageUrl === null
    ? 'Too much for one comment: some of it is left out. `gridops` shows all of it.'
    : `Too much for one comment: some of it is left out. ${link('All of it', input.pageUrl)}`;
}

function proceed({ branch }: Preview, grids: readonly GridPreview[]): string {
  const held = grids.filter(({ plan }) => plan !== null && plan.confirmation !== null);
  const [first] = held;
  const isBad = grids.some((grid) => gridVerdict(grid).tone === 'bad');
  const isUnsigned = grids.some(({ signature }) => signature?.isGood === false);
  const lines = [
    isBad
      ? '- What cannot be deployed stays as it runs now; the rest is deployed by merging.'
      : `- Merging into ${codeSpan(branch)} deploys exactly this${isUnsigned ? '' : '; nothing else has to be done'}.`,
    isUnsigned
      ? '- After the merge its commit must be signed by somebody whose key the master trusts; until then nothing of it is deployed.'
      : null,
    grids.some(({ closed }) => closed !== null)
      ? '- Where a grid is closed, it is deployed by itself when that is over.'
      : null,
    first === undefined
      ? null
      : `- Removals wait until somebody confirms them after the merge: ${codeSpan(`gridops approve ${first.grid}`)}.`,
    '- To take it back later, revert the merge commit.',
    '- `/gridops plan` plans it again, `/gridops help` says what else there is.',
  ];
  return lines.filter((line) => line !== null).join('\n');
}

function draftNote({ request }: Preview): string | null {
  return request.isDraft ? 'This is a draft; it is planned like any other.' : null;
}

function page({ pageUrl }: PreviewCommentInput): string | null {
  return pageUrl === null ? null : link('This plan, as it stays', pageUrl);
}

function conflict({ branch }: Preview, files: readonly string[]): readonly string[] {
  const advice = `Merge or rebase onto ${codeSpan(branch)}, resolve what conflicts, and push. It is planned again then.`;
  return files.length === 0
    ? [advice]
    : ['These files conflict:', fence(files.slice(0, 100)), advice];
}

function fork({ head }: Preview): readonly string[] {
  return [
    'This comes from a fork, and nothing of it was looked at.',
    `Whoever may write to this repository can have it planned by a comment: \`/gridops plan\`. That is good for ${short(head)} only.`,
  ];
}

function failed(outcome: {
  readonly message: string;
  readonly hint: string | null;
}): readonly string[] {
  const lines = outcome.hint === null ? [outcome.message] : [outcome.message, outcome.hint];
  return [fence(lines), 'That is no fault of this request. `/gridops plan` tries it again.'];
}

/** What is left when there is room for nothing else. */
function summary(input: PreviewCommentInput): string {
  const { outcome } = input.preview;
  const { text } = previewVerdict(input.preview);
  const { destructive } = sumOf(outcome.kind === 'planned' ? outcome.grids : []);
  const lost = destructive === 0 ? '' : ` (destructive: ${counted(destructive, 'step')})`;
  return [`**${text}${lost}**`, page(input)].filter((part) => part !== null).join('\n\n');
}
