import type { Service, Stack } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import { type Balancers, settleBalanced } from './balanced.ts';
import { checkBalanced } from './balancer-claims.ts';
import { findKnots } from './cycles.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import type { ServiceDraft } from './service.ts';
import type { Dependency } from './service-links.ts';
import type { StackDraft } from './stack.ts';
import { didYouMean } from './suggest.ts';

/** A compiled stack, with the report that problems of its dependencies go to. */
export interface LinkedStack {
  readonly name: string;
  readonly draft: StackDraft;
  readonly report: Report;
  /** The stack as it is when everything is there that it depends on. */
  readonly plain: Stack;
}

export function plainStack(name: string, draft: StackDraft): Stack {
  return { name, services: draft.services.map(({ service }) => service) };
}

/** The part that no other stack can change: dependencies within the stack. */
export function checkInside(stack: LinkedStack): void {
  const inside = (dependency: Dependency) => dependency.stack === stack.name;
  reportUnknown(stack, inside, { byName: new Map([[stack.name, stack]]), broken: new Set() });
  reportCycles([stack]);
}

/**
 * Looks for what services depend on in other stacks. A target that does not exist and a cycle are errors of the stacks that
 * have them. A target in a stack with errors, or in one that may come with such a stack, may be all right: it is left out, with
 * a warning.
 * Returns the stacks without errors, in the order given. Work is done for stacks that depend on others only.
 */
export function linkStacks(alone: readonly LinkedStack[]): readonly Stack[] {
  const broken = new Set(alone.filter(({ report }) => report.failed()).map(({ name }) => name));
  const balancers = balancersOf(alone);
  const stacks = alone.map((stack) => (stack.draft.isLinked ? behind(stack, balancers) : stack));
  const byName = new Map(stacks.map((stack) => [stack.name, stack]));
  const linked = stacks.filter(({ draft }) => draft.isLinked);
  const family = { byName, broken };
  // Stacks that link to no other were looked at by themselves, and are kept: what depends on others is not told there.
  checkBalanced(
    stacks.map(({ draft, report }) => ({
      drafts: draft.services,
      report: draft.isLinked ? report : null,
    })),
    balancers,
  );
  for (const stack of linked) {
    reportUnknown(stack, (dependency) => dependency.stack !== stack.name, family);
  }
  // A cycle through several stacks leaves each of them.
  reportCycles(linked);
  const good = stacks.filter(({ report }) => !report.failed());
  const failed = (name: string) => failureOf(name, family);
  return good.map((stack) => (stack.draft.isLinked ? withoutFailed(stack, failed) : stack.plain));
}

function balancersOf(stacks: readonly LinkedStack[]): Balancers {
  const byName = new Map(stacks.map(({ name, draft }) => [name, draft]));
  return {
    is: (path) => {
      const [stack = '', service = ''] = path.split('/');
      const draft = byName.get(stack);
      if (draft === undefined || draft.names === null) return null;
      return draft.balancers.includes(service);
    },
  };
}

function behind(stack: LinkedStack, balancers: Balancers): LinkedStack {
  const { name, draft, report } = stack;
  const services = draft.services.map((service) =>
    isInside(service, name)
      ? service
      : settleBalanced(service, balancers, { report, isWhole: true }),
  );
  return { ...stack, draft: { ...draft, services } };
}

/** What links within its stack only was settled with it. */
function isInside({ service }: ServiceDraft, stack: string): boolean {
  return (service.balanced?.by ?? []).every((path) => path.startsWith(`${stack}/`));
}

interface Family {
  readonly byName: ReadonlyMap<string, LinkedStack>;
  /** Those of them that had errors before anyone looked at dependencies. */
  readonly broken: ReadonlySet<string>;
}

/** Why nobody knows what is in a stack; `null`: it is known. */
function failureOf(name: string, { byName, broken }: Family): string | null {
  const stack = byName.get(name);
  if (stack !== undefined)
    return stack.report.failed() ? `the stack ${quote(name)} has errors` : null;
  const parent = brokenParent(name, broken);
  if (parent === null) return null;
  return `the stack ${quote(name)} may come with ${quote(parent)}, which has errors`;
}

/** What a stack with errors brings along may not be known; it is called `<stack>-<name>`. */
function brokenParent(name: string, broken: ReadonlySet<string>): string | null {
  for (let end = name.indexOf('-'); end !== -1; end = name.indexOf('-', end + 1))
    if (broken.has(name.slice(0, end))) return name.slice(0, end);
  return null;
}

function reportUnknown(
  stack: LinkedStack,
  concerns: (dependency: Dependency) => boolean,
  { byName, broken }: Family,
): void {
  for (const { path, stack: target, at } of stack.draft.services
    .flatMap((s) => s.dependencies)
    .filter(concerns)) {
    if (stack.report.isFull()) return;
    const known = byName.has(target);
    if (!known && brokenParent(target, broken) !== null) continue;
    const names = known ? byName.get(target)?.draft.names : [];
    const service = path.slice(target.length + 1);
    // A stack that could not be read that far may well have it.
    if (names === null || names === undefined || names.includes(service)) continue;
    if (byName.get(target)?.draft.off.includes(service) === true) {
      stack.report.error(at, switchedOff(target, service));
      continue;
    }
    const message = known
      ? `the stack ${quote(target)} has no service ${quote(service)}`
      : `the grid has no stack ${quote(target)}`;
    const hint = hintFor({ asker: stack.name, target, service }, byName);
    stack.report.error(at, { code: 'unknown-dependency', message, hint });
  }
}

interface Missing {
  readonly asker: string;
  readonly target: string;
  readonly service: string;
}

function hintFor(missing: Missing, byName: ReadonlyMap<string, LinkedStack>): string {
  const { asker, target, service } = missing;
  const known = byName.get(target);
  if (known === undefined) {
    const near = didYouMean(target, stacksWith(service, byName));
    return near.hint ?? `Add the stack ${quote(target)} to the grid, or take this out.`;
  }
  const { hint } = didYouMean(service, known.draft.names ?? []);
  if (hint !== undefined) return hint;
  return target === asker ? elsewhere : `Add the service to ${quote(target)}, or take this out.`;
}

/** Those that may have such a service: another one cannot have been meant. */
function stacksWith(service: string, byName: ReadonlyMap<string, LinkedStack>): readonly string[] {
  const all = [...byName.values()];
  return all.filter(({ draft }) => draft.names?.includes(service) ?? true).map(({ name }) => name);
}

const elsewhere =
  'Write "stack/service" for a service of another stack, which apps of Kontena called "stack-service"; or take this out.';

function switchedOff(stack: string, service: string): Fault {
  return {
    code: 'unknown-dependency',
    message: `the service ${quote(service)} of the stack ${quote(stack)} is not switched on`,
    hint: `Switch on one of its profiles in grid.yml, in "stacks.${stack}.profiles", or see to its "only_if" and "skip_if".`,
  };
}

/** Every stack with a service in a knot gets the problem, at its own first dependency that belongs to it. */
function reportCycles(stacks: readonly LinkedStack[]): void {
  const edges = new Map<string, readonly string[]>();
  for (const { draft } of stacks) {
    for (const { service } of draft.services) edges.set(pathOf(service), service.dependsOn);
  }
  const byName = new Map(stacks.map((stack) => [stack.name, stack]));
  for (const { members, cycle } of findKnots(edges)) {
    const inside = new Set(members);
    const names = new Set(members.map((path) => path.slice(0, path.indexOf('/'))));
    for (const name of names) reportCycle(byName.get(name), inside, cycle);
  }
}

/** Longer cycles are not shown as a whole: nobody wrote them by hand. */
const maxShown = 50;

function reportCycle(
  stack: LinkedStack | undefined,
  inside: ReadonlySet<string>,
  cycle: readonly string[],
): void {
  const dependency = stack?.draft.services
    .filter(({ service }) => inside.has(pathOf(service)))
    .flatMap(({ dependencies }) => dependencies)
    .find(({ path }) => inside.has(path));
  if (stack === undefined || dependency === undefined) return;
  const shown = cycle.slice(0, maxShown).map((path) => quote(path));
  const rest = cycle.length > maxShown ? [`${cycle.length - maxShown} more`] : [];
  stack.report.error(dependency.at, {
    code: 'dependency-cycle',
    message: `services wait for each other: ${[...shown, ...rest, ...shown.slice(0, 1)].join(' → ')}`,
    hint: 'Take one of these dependencies out.',
  });
}

function withoutFailed(
  { name, draft, report }: LinkedStack,
  failed: (stack: string) => string | null,
): Stack {
  return { name, services: draft.services.map((service) => dropFailed(service, failed, report)) };
}

function dropFailed(
  { service, dependencies }: ServiceDraft,
  failed: (stack: string) => string | null,
  report: Report,
): Service {
  const lost = new Set<string>();
  for (const { path, stack, at } of dependencies) {
    const reason = failed(stack);
    if (reason === null) continue;
    lost.add(path);
    const message = `${quote(path)} is not waited for: ${reason}`;
    report.warn(at, { code: 'dependency-failed', message });
  }
  if (lost.size === 0) return service;
  return { ...service, dependsOn: service.dependsOn.filter((path) => !lost.has(path)) };
}

function pathOf(service: Service): string {
  return servicePath({ stack: service.stack, service: service.name });
}
