import {
  type GridPreview,
  losesData,
  type PreviewedBlock,
  type PreviewedStep,
  type SecretChange,
  type ServiceChange,
  type ValueChange,
} from '../model/preview.ts';
import { counted } from '../model/preview-verdict.ts';
import { printProblem } from '../model/problem.ts';
import { codeSpan, fence, htmlCode } from './markdown.ts';

/** How much of everything is written down. */
export interface Detail {
  readonly dangers: number;
  readonly problems: number;
  readonly grids: number;
  /** `values`: what changes in services; `services`: which; `stacks`: how many in each; `none`. */
  readonly changes: 'values' | 'services' | 'stacks' | 'none';
  /** Of each block. */
  readonly lines: number;
}

/** What is lost, of all grids. Never folded away; `null`: nothing is. */
export function dangers(grids: readonly GridPreview[], detail: Detail): string | null {
  const all = grids.flatMap((grid) =>
    (grid.plan?.steps ?? [])
      .filter(({ danger }) => danger !== null)
      .map((step) => ({ grid, step })),
  );
  const total = sum(grids, ({ counts }) => counts.destructive);
  if (total === 0) return null;
  const data = all.filter(({ step }) => losesData(step));
  const removals = all.filter(({ step }) => !losesData(step));
  const lines = [...data, ...removals]
    .slice(0, detail.dangers)
    .map(({ grid, step }) => dangerLine(grid.grid, step));
  return block(`**Destructive: ${counted(total, 'step')}**`, lines, total, 'diff');
}

function dangerLine(grid: string, { path, node, danger, wave }: PreviewedStep): string {
  const where = node === null ? '' : ` on ${node}`;
  const when = wave === null ? ' (waits for confirmation)' : '';
  return `- ${grid} ${path}${where}: ${danger ?? ''}${when}`;
}

export function problemBlock(grids: readonly GridPreview[], detail: Detail): readonly string[] {
  const all = grids.flatMap(({ problems }) => problems);
  const total = sum(grids, ({ counts }) => counts.errors + counts.warnings);
  const sorted = [...all.filter(isError), ...all.filter((problem) => !isError(problem))];
  const lines = sorted
    .slice(0, detail.problems)
    .map((problem) => `${problem.severity}: ${printProblem(problem)}`);
  return total === 0 ? [] : [block(`**Problems: ${total}**`, lines, total)];
}

function isError({ severity }: { readonly severity: string }): boolean {
  return severity === 'error';
}

/** Why what is merged would not be, or not at once, what runs. */
export function obstacles(grids: readonly GridPreview[], detail: Detail): readonly string[] {
  const closed = grids.flatMap(({ grid, closed: why }) =>
    why === null ? [] : [`${grid}: ${why}`],
  );
  const asked = grids.flatMap(({ grid, plan }) =>
    plan === null || plan.confirmation === null ? [] : [`${grid}: ${plan.confirmation}`],
  );
  const blocked = grids.flatMap(({ grid, plan }) =>
    (plan?.blocked ?? []).flatMap((one) => blockedLines(grid, one)),
  );
  const total = sum(grids, ({ counts }) => counts.blocked + counts.blockedAnyway);
  return [
    ...some('**Not deployed at once**', closed, detail),
    ...some('**Removals have to be confirmed**', asked, detail),
    ...some(`**Fits on no node: ${counted(total, 'instance')}**`, blocked, detail),
  ];
}

function blockedLines(grid: string, one: PreviewedBlock): readonly string[] {
  const anyway = one.isDueAnyway ? ' (whether this is merged or not)' : '';
  return [
    `${grid} ${names(one.paths, one.instances)}: ${one.reason}${anyway}`,
    ...one.excluded.map(
      ({ filter, reason, nodes, count }) => `    ${filter}: ${reason} (${names(nodes, count)})`,
    ),
  ];
}

/** What is merged is signed by whoever merges it, so this is to be known, and fails nothing. */
export function signatures(grids: readonly GridPreview[], detail: Detail): readonly string[] {
  const of = (isGood: boolean) => grids.filter(({ signature }) => signature?.isGood === isGood);
  const bad = of(false).map(({ grid, signature }) => `${grid}: ${signature?.text ?? ''}`);
  const good = of(true).map(({ grid }) => codeSpan(grid));
  return [
    ...some('**Not signed** as the master wants it', bad, detail),
    ...(good.length === 0
      ? []
      : [`Signed as the master wants it: ${names(good.slice(0, detail.grids), good.length)}.`]),
  ];
}

export function downtimes(grids: readonly GridPreview[], detail: Detail): readonly string[] {
  const total = sum(grids, ({ counts }) => counts.downtime);
  const lines = grids.flatMap(({ grid, plan }) =>
    (plan?.steps ?? []).flatMap(({ path, node, downtime }) =>
      downtime === null ? [] : [`${grid} ${path} on ${node ?? ''}: ${downtime}`],
    ),
  );
  return total === 0
    ? []
    : [
        block(
          `**Down for a moment: ${counted(total, 'instance')}**`,
          lines.slice(0, detail.lines),
          total,
        ),
      ];
}

/** One grid, folded away where that can be. */
export function gridDetails(
  grid: GridPreview,
  { detail, html }: { readonly detail: Detail; readonly html: boolean },
): string | null {
  const parts = [
    part('Settings of the grid', valueLines(grid.settings), detail, 'diff'),
    part('Services', changeLines(grid, detail), detail, 'diff'),
    part('Secrets', grid.secrets.map(secretLine), detail, 'diff'),
    part('Images to pull', grid.pulls.map(pullLine), detail),
    part('Steps', stepLines(grid), detail, 'diff'),
    part('Waiting', waitLines(grid), detail),
    part('Warnings', grid.plan?.warnings ?? [], detail),
  ].filter((one) => one !== null);
  if (parts.length === 0) return null;
  const { changes, create, replace, remove } = grid.counts;
  const title = `${counted(changes, 'service')} changed, ${counted(create + replace + remove, 'step')}`;
  const inside = parts.join('\n\n');
  if (!html) return `#### ${codeSpan(grid.grid)}: ${title}\n\n${inside}`;
  const head = `<details>\n<summary>${htmlCode(grid.grid)}: ${title}</summary>`;
  return `${head}\n\n${inside}\n\n</details>`;
}

function changeLines({ changes }: GridPreview, detail: Detail): readonly string[] {
  if (detail.changes === 'stacks') return stackLines(changes);
  return changes.flatMap((change) =>
    detail.changes === 'values'
      ? [
          `# ${change.path}: ${changeWords[change.kind]}`,
          ...valueLines(change.values),
          ...leftValues(change),
        ]
      : [serviceLine(change)],
  );
}

const changeWords = { added: 'new', changed: 'changed', removed: 'removed' } as const;
const changeSigns = { added: '+', changed: '!', removed: '-' } as const;

function leftValues({ values, count }: ServiceChange): readonly string[] {
  return count > values.length ? [`# … and ${count - values.length} more`] : [];
}

function serviceLine({ path, kind, values, count }: ServiceChange): string {
  const keys =
    kind === 'changed'
      ? `: ${names(
          values.slice(0, 5).map(({ key }) => key),
          count,
        )}`
      : '';
  return `${changeSigns[kind]} ${path}${keys}`;
}

function stackLines(changes: readonly ServiceChange[]): readonly string[] {
  const stacks = new Map<string, { added: number; changed: number; removed: number }>();
  for (const { path, kind } of changes) {
    const stack = path.slice(0, path.indexOf('/'));
    const counts = stacks.get(stack) ?? { added: 0, changed: 0, removed: 0 };
    counts[kind] += 1;
    stacks.set(stack, counts);
  }
  return [...stacks].map(
    ([stack, { added, changed, removed }]) =>
      `  ${stack}: ${added} new, ${changed} changed, ${removed} removed`,
  );
}

function valueLines(values: readonly ValueChange[]): readonly string[] {
  return values.flatMap(({ key, before, after }) => {
    if (before !== null && before === after) return [`! ${key}: ${after}, changed`];
    return [
      ...(before === null ? [] : [`- ${key}: ${before}`]),
      ...(after === null ? [] : [`+ ${key}: ${after}`]),
    ];
  });
}

function secretLine({ name, kind, change }: SecretChange): string {
  return `${changeSigns[change]} ${kind} ${name}: ${changeWords[change]}`;
}

function pullLine(pull: GridPreview['pulls'][number]): string {
  const size = pull.bytes === null ? 'size not known' : bytesText(pull.bytes);
  return `${pull.image}: ${size}, on ${names(pull.nodes.slice(0, 5), pull.nodes.length)}`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1_000)} kB`;
  return bytes < 1_000_000_000
    ? `${Math.round(bytes / 1_000_000)} MB`
    : `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}

const stepSigns = { create: '+', replace: '!', remove: '-' } as const;

function stepLines({ plan }: GridPreview): readonly string[] {
  const others = (plan?.steps ?? []).filter(({ danger }) => danger === null);
  return others.map(({ kind, path, node, wave, isDueAnyway }) => {
    const when = wave === null ? 'after confirmation' : `wave ${wave}`;
    const anyway = isDueAnyway ? ', whether this is merged or not' : '';
    return `${stepSigns[kind]} ${kind} ${path}${node === null ? '' : ` on ${node}`}, ${when}${anyway}`;
  });
}

function waitLines({ plan }: GridPreview): readonly string[] {
  if (plan === null) return [];
  return [
    ...plan.halted.map(({ path, node, why }) => `${path} on ${node} failed before: ${why}`),
    ...plan.waiting.map(({ path, why }) => `${path}: ${why}`),
  ];
}

function part(
  title: string,
  lines: readonly string[],
  detail: Detail,
  language?: string,
): string | null {
  if (lines.length === 0) return null;
  return block(title, lines.slice(0, detail.lines), lines.length, language);
}

function some(title: string, lines: readonly string[], detail: Detail): readonly string[] {
  return lines.length === 0 ? [] : [block(title, lines.slice(0, detail.lines), lines.length)];
}

/** A title, and code below it. What is left out is counted. */
function block(title: string, lines: readonly string[], total: number, language?: string): string {
  const left = total - lines.length;
  const more = left > 0 ? [`… and ${left} more, see the page of this plan`] : [];
  const shown = [...lines, ...more];
  return shown.length === 0 ? title : `${title}\n\n${fence(shown, language)}`;
}

/** "a, b and 3 more" */
function names(shown: readonly string[], total: number): string {
  const left = total - shown.length;
  return left > 0 ? `${shown.join(', ')} and ${left} more` : shown.join(', ');
}

function sum(grids: readonly GridPreview[], count: (grid: GridPreview) => number): number {
  let total = 0;
  for (const grid of grids) total += count(grid);
  return total;
}
