import type { PreviewPolicy, Stack } from '../model/grid.ts';
import type { Position, Problem } from '../model/problem.ts';
import type { Seed } from '../model/seed.ts';
import type { SourceFile, SourceTree } from '../model/source.ts';
import type { GridCache } from './cache.ts';
import { compileGrid } from './compile.ts';
import { stackFileNames } from './dialect.ts';
import type { GridDraft, StackMention } from './grid.ts';
import { createInterpolation } from './interpolate.ts';
import { nameFault } from './names.ts';
import { previewService } from './preview-service.ts';
import { quote } from './quote.ts';
import { compareProblems, createReport, type Fault, type Report } from './report.ts';
import { resolvePath } from './source-path.ts';
import { expand, type Scope } from './template.ts';
import { mapNode, type ScalarNode, scalarNode, valueAt } from './tree.ts';

export interface PreviewStacksInput {
  readonly grid: string;
  /** What the branch has. Its grid.yml and its secrets count, whatever the request says. */
  readonly base: SourceTree;
  /** What merging the request would make. */
  readonly merged: SourceTree;
  readonly request: { readonly number: number; readonly head: string };
  /** Which of the stacks that `previews` names. */
  readonly wanted: (stack: string, policy: PreviewPolicy) => boolean;
  readonly seed: Seed;
  readonly cache: GridCache;
}

/** What a pull request would run in a grid. */
export interface PreviewStacks {
  /** `null`: the branch's own grid file has errors, and nothing is known. */
  readonly policy: PreviewPolicy | null;
  /** Without those that have errors; with what they bring along. By name. */
  readonly stacks: readonly Stack[];
  /** Names of those that have errors. */
  readonly failed: readonly string[];
  /** Errors and warnings of these stacks, with paths as the merge result has them. */
  readonly problems: readonly Problem[];
  readonly url: string | null;
}

export function previewStackName(stack: string, request: number): string {
  return `${stack}-pr-${request}`;
}

/**
 * The stacks of one pull request: compiled together with the grid's own, so that links lead somewhere, from files of the
 * merge result that lie in a folder of their own. A stack that would change what the grid's own stacks get has an error.
 * Pure but for the cache.
 */
export function compilePreviewStacks(input: PreviewStacksInput): PreviewStacks {
  const { grid, base, seed, cache } = input;
  const own = compileGrid({ source: base, name: grid, cache, seed });
  const nothing = { stacks: [], failed: [], problems: [], url: null };
  if (own.grid === null) return { ...nothing, policy: null };
  const { previews: policy } = own.grid;
  if (policy === undefined) return { ...nothing, policy: { limit: 1, secrets: [], stacks: {} } };
  const ownNames = new Set([...own.stacks.map(({ name }) => name), ...own.failed]);
  const guests = new Guests(input, policy, ownNames);
  const source = { ...base, files: new Map([...base.files, ...mounted(input)]) };
  const all = compileGrid({ source, name: grid, cache, seed, beside: (draft) => guests.of(draft) });
  const isGuest = (name: string | undefined) => name !== undefined && !ownNames.has(name);
  const tamed = all.stacks
    .filter(({ name }) => isGuest(name))
    .map((stack) => tame(stack, policy, input.request.number));
  const found = [
    ...guests.problems,
    ...all.problems.filter(({ stack }) => isGuest(stack)).map(withoutRivalry),
    ...disturbances(
      own.problems,
      all.problems.filter(({ stack }) => !isGuest(stack)),
    ),
    ...tamed.flatMap(({ problems }) => problems),
  ].map((problem) => ({ ...problem, position: unmounted(problem.position, input) }));
  const errors = found.filter(({ severity }) => severity === 'error');
  const isLost = errors.some(({ stack }) => stack === undefined || ownNames.has(stack));
  const failed = new Set([
    ...all.failed.filter(isGuest),
    ...errors.flatMap(({ stack }) => stack ?? []),
  ]);
  const good = isLost ? [] : tamed.filter(({ stack }) => !failed.has(stack.name));
  return {
    policy,
    stacks: good.map(({ stack }) => unmountedStack(stack, input)),
    failed: [...failed].toSorted(),
    problems: found.toSorted(compareProblems),
    url: policy.url === undefined ? null : urlOf(policy.url, input),
  };
}

function urlOf(template: string, { request, grid }: PreviewStacksInput): string | null {
  const values = variables({ request, grid }, '');
  const { text, faults } = expand(template, { values });
  return faults.length === 0 ? text : null;
}

/** What the grid's own grid.yml would say of the stacks, if it listed them. */
class Guests {
  readonly #input: PreviewStacksInput;
  readonly #policy: PreviewPolicy;
  readonly #taken: ReadonlySet<string>;
  readonly #reports: Report[] = [];

  constructor(input: PreviewStacksInput, policy: PreviewPolicy, names: ReadonlySet<string>) {
    this.#input = input;
    this.#policy = policy;
    this.#taken = names;
  }

  get problems(): readonly Problem[] {
    return this.#reports.flatMap((report) => report.problems());
  }

  of(draft: GridDraft): ReadonlyMap<string, StackMention> {
    const found = new Map<string, StackMention>();
    for (const [stack, preview] of draft.previews) {
      if (!this.#input.wanted(stack, this.#policy)) continue;
      const name = previewStackName(stack, this.#input.request.number);
      const mention = this.#mention({ stack, name, preview, own: draft.stacks.get(stack) });
      if (mention !== null) found.set(name, mention);
    }
    return found;
  }

  #mention(of: {
    readonly stack: string;
    readonly name: string;
    readonly preview: StackMention;
    readonly own: StackMention | undefined;
  }): StackMention | null {
    const { stack, name, preview, own } = of;
    const { merged, grid } = this.#input;
    const { key, value } = preview;
    const report = createReport(name);
    this.#reports.push(report);
    const fault = nameFault('stack', name) ?? (this.#taken.has(name) ? taken(name) : null);
    if (fault !== null) report.error(key, fault);
    if (own !== undefined && valueAt(own.value, 'repository') !== null)
      report.error(key, elsewhere(stack));
    const path = stackPath(merged, { grid, stack, own });
    if (report.failed() || path === null) return null;
    const scope: Scope = { values: variables(this.#input, name) };
    const entries = new Map([entryOf(key, 'file', `../../${mountOf(this.#input)}${path}`)]);
    const given = new Map([
      ...variablesOf(own),
      ...variablesOf({ key, value: createInterpolation(scope, report)(value) }),
    ]);
    if (given.size > 0)
      entries.set('variables', { key: scalarNode(key, 'variables'), value: mapNode(key, given) });
    const profiles = own === undefined ? null : valueAt(own.value, 'profiles');
    if (profiles !== null)
      entries.set('profiles', { key: scalarNode(key, 'profiles'), value: profiles });
    return report.failed() ? null : { key: scalarNode(key, name), value: mapNode(key, entries) };
  }
}

function entryOf(at: ScalarNode, name: string, text: string) {
  return [
    name,
    { key: scalarNode(at, name), value: scalarNode(at, text) as StackMention['value'] },
  ] as const;
}

function variablesOf(mention: StackMention | undefined) {
  const written = mention === undefined ? null : valueAt(mention.value, 'variables');
  return written?.kind === 'map' ? [...written.entries] : [];
}

function variables(
  { request, grid }: Pick<PreviewStacksInput, 'request' | 'grid'>,
  stack: string,
): ReadonlyMap<string, string> {
  return new Map([
    ['PULL_REQUEST', String(request.number)],
    ['HEAD', request.head],
    ['GRID', grid],
    ...(stack === '' ? [] : ([['STACK', stack]] as const)),
  ]);
}

/** Where the merge result has the stack's file; `null`: it has none, and so the request runs none. */
function stackPath(
  { files }: SourceTree,
  of: { readonly grid: string; readonly stack: string; readonly own: StackMention | undefined },
): string | null {
  const written = of.own === undefined ? null : valueAt(of.own.value, 'file');
  if (written?.kind === 'scalar') return resolvePath(written.file, written.text).value ?? null;
  const folder = `grids/${of.grid}/stacks/${of.stack}/`;
  const name = stackFileNames.find((one) => files.has(folder + one));
  return name === undefined ? null : folder + name;
}

/** No grid has a folder of that name beside its own. */
function mountOf({ request }: PreviewStacksInput): string {
  return `pulls/${request.number}/`;
}

function* mounted(input: PreviewStacksInput): Generator<readonly [string, SourceFile]> {
  const prefix = mountOf(input);
  for (const file of input.merged.files.values()) {
    const path = prefix + file.path;
    yield [path, { ...file, path }];
  }
}

function unmounted<T extends Position>(position: T, input: PreviewStacksInput): T {
  const prefix = mountOf(input);
  if (!position.file.startsWith(prefix)) return position;
  return { ...position, file: position.file.slice(prefix.length) };
}

function unmountedStack(stack: Stack, input: PreviewStacksInput): Stack {
  const services = stack.services.map((service) => ({
    ...service,
    position: unmounted(service.position, input),
  }));
  return { ...stack, services };
}

/** What is left for it while the grid's own get what they ask for is not what its files say. */
function withoutRivalry(problem: Problem): Problem {
  return problem.code === 'ambiguous-route' ? { ...problem, severity: 'error' } : problem;
}

/** What is wrong with the grid's own stacks only because of the request's. */
function disturbances(before: readonly Problem[], after: readonly Problem[]): readonly Problem[] {
  const known = new Set(before.map(identityOf));
  return after
    .filter((problem) => !known.has(identityOf(problem)))
    .map((problem) => ({ ...problem, severity: 'error' }));
}

function identityOf({ code, message, position, stack }: Problem): string {
  return JSON.stringify([code, message, position.file, position.line, position.column, stack]);
}

function tame(
  stack: Stack,
  policy: PreviewPolicy,
  number: number,
): { readonly stack: Stack; readonly problems: readonly Problem[] } {
  const report = createReport(stack.name);
  const rules = { policy, number, report };
  const services = stack.services.flatMap((service) => previewService(service, rules) ?? []);
  return { stack: { ...stack, services }, problems: report.problems() };
}

function taken(name: string): Fault {
  return {
    code: 'duplicate-stack',
    message: `the grid has a stack ${quote(name)} of its own`,
    hint: 'Rename that stack: names that end like this one are for pull requests.',
  };
}

function elsewhere(stack: string): Fault {
  return {
    code: 'bad-preview',
    message: `the stack ${quote(stack)} is from another repository, whose pull requests nobody looks at here`,
    hint: 'Take it out of "previews".',
  };
}
