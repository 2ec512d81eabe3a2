import type { Problem } from '../model/problem.ts';
import type { TextFile } from '../model/source.ts';
import { type Dialect, dialectOf } from './dialect.ts';
import { findLiquid, type LiquidValues, type PlacedFault, renderLiquid } from './liquid.ts';
import { type Outline, readOutline } from './outline.ts';
import { renderPercent } from './percent.ts';
import { positionAt, type Tree, withoutMark } from './read.ts';
import { addProblems, type Report } from './report.ts';
import type { Sources } from './sources.ts';
import type { Scope } from './template.ts';
import { isNull, type MapNode, mapNode } from './tree.ts';

/** A stack file on its way from text to tree: what is in it before its templates are rendered, and after. */
export interface StackText {
  readonly dialect: Dialect;
  /** Whether what is in it depends on the values that it is rendered with. */
  readonly isTemplate: boolean;
  /** What no template touches: `stack`, `version`, `variables`, `depends` and `meta`. */
  readonly head: MapNode;
  /** All of the file; `null` after the problems that keep it from being read were reported. */
  render(values: LiquidValues): MapNode | null;
}

export interface StackTextContext {
  readonly grid: string;
  readonly stack: string;
  readonly sources: Sources;
  readonly report: Report;
}

/** Kontena reads these from the text as it is written (kontena.md 1.2, step 2 to 4). */
const headKeys = ['stack', 'version', 'variables', 'depends', 'meta'];

/**
 * A stack or Compose file, recognised and made ready; `null` after the problems were reported. Of a stack file with Liquid
 * only its head is parsed before its variables are known: the rest need not be YAML until then.
 */
export function openStackText(file: TextFile, context: StackTextContext): StackText | null {
  const text = withoutMark(file.text);
  const outline = readOutline(text);
  const dialect = dialectOf(file.path, outline);
  if (dialect === 'stack' && findLiquid(text) !== -1) return liquidText(file, outline, context);
  const root = dialect === 'app' ? readApp(file, context) : read(file, null, context);
  return root === null ? null : { dialect, isTemplate: false, head: root, render: () => root };
}

/** What Liquid makes of a variable with a problem is nonsense, and so would be what is found wrong in it: it is not rendered. */
export function renderKnown(text: StackText, { scope, values }: KnownValues): MapNode | null {
  const isNonsense = text.isTemplate && (scope.broken?.size ?? 0) > 0;
  return isNonsense ? null : text.render(values);
}

interface KnownValues {
  readonly scope: Pick<Scope, 'broken'>;
  readonly values: LiquidValues;
}

function liquidText(file: TextFile, outline: Outline, context: StackTextContext): StackText | null {
  const head = toMap(readHead(file, outline, context.sources), context.report);
  const render = (values: LiquidValues) => {
    const outcome = renderLiquid(withoutMark(file.text), values);
    if ('rendered' in outcome) return read(file, outcome.rendered, context);
    reportAll(file, outcome.faults, context.report);
    return null;
  };
  return head === null ? null : { dialect: 'stack', isTemplate: true, head, render };
}

/**
 * By itself, or, where it has aliases of what stands elsewhere, with everything that no template touches: as it is written
 * is how it stays.
 */
function readHead(file: TextFile, outline: Outline, sources: Sources): Tree {
  const alone = sources.part(file, outline.only(headKeys));
  if (!alone.problems.some(isUnknownAlias)) return alone;
  const templates = outline.having(/\{[{%]/);
  const untouched = [...outline.keys.keys()].filter((key) => !templates.has(key));
  const { root, problems } = sources.part(file, outline.only([...headKeys, ...untouched]));
  return { root, problems: problems.map((one) => (isUnknownAlias(one) ? inHead(one) : one)) };
}

function isUnknownAlias({ code }: Problem): boolean {
  return code === 'unknown-alias';
}

function inHead(problem: Problem): Problem {
  const hint =
    'In a file with Liquid "variables" and "depends" are read before it is rendered: put the anchor into one of them, or below a key of its own without Liquid.';
  return { ...problem, hint };
}

function readApp(file: TextFile, context: StackTextContext): MapNode | null {
  const text = withoutMark(file.text);
  if (!text.includes('%')) return read(file, null, context);
  const { rendered, faults } = renderPercent(text, { project: context.stack, grid: context.grid });
  reportAll(file, faults, context.report);
  return read(file, rendered, context);
}

function reportAll(file: TextFile, faults: readonly PlacedFault[], report: Report): void {
  for (const { offset, fault } of faults) report.error(positionAt(file, offset), fault);
}

function read(
  file: TextFile,
  rendered: Parameters<Sources['tree']>[1],
  { sources, report }: StackTextContext,
): MapNode | null {
  return toMap(sources.tree(file, rendered), report);
}

function toMap({ root, problems }: Tree, report: Report): MapNode | null {
  addProblems(report, problems);
  if (root === null) return null;
  if (isNull(root)) return mapNode(root, new Map());
  if (root.kind === 'map') return root;
  report.error(root, { code: 'wrong-type', message: `the file must be a map, not a ${root.kind}` });
  return null;
}
