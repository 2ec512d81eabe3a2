import type { TextFile } from '../model/source.ts';
import { type ChildStack, readChildren } from './child-stacks.ts';
import type { Dialect } from './dialect.ts';
import { createServiceResolver } from './extends.ts';
import { createInterpolation, type Interpolation } from './interpolate.ts';
import { nameAdvice, nameFault } from './names.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import { StackHead } from './schema.ts';
import { readService, type ServiceDraft } from './service.ts';
import type { Sources } from './sources.ts';
import { readScope, type StackScope } from './stack-scope.ts';
import { openStackText, type StackText } from './stack-text.ts';
import { didYouMean } from './suggest.ts';
import { type MapNode, mapNode, type ScalarNode, type TreeNode, valueAt } from './tree.ts';
import { createValidator } from './validate.ts';
import { readVolumes } from './volumes.ts';

export interface StackInput {
  readonly grid: string;
  readonly name: string;
  /** The stack file. */
  readonly file: TextFile;
  /** What the grid file, and the stack that brings this one along, say of its variables. */
  readonly variables: MapNode | null;
  /** Compose's profiles that are switched on. */
  readonly profiles: readonly string[];
  /** When another stack brings this one along. */
  readonly child: ChildStack | null;
  readonly sources: Sources;
  readonly report: Report;
}

/** A stack by itself: nothing of it depends on other stacks. */
export interface StackDraft {
  readonly services: readonly ServiceDraft[];
  /** All names below `services`, also of services with problems. `null` when the file could not be read that far. */
  readonly names: readonly string[] | null;
  /** Whether a service depends on one of another stack. */
  readonly isLinked: boolean;
  /** The stacks that come with it. */
  readonly children: readonly ChildStack[];
}

/** What is left of a stack that could not be read. */
export const emptyDraft: StackDraft = { services: [], names: null, isLinked: false, children: [] };

/** A stack is one unit of deployment: with more it would be one no more, and its assignment too long. */
const maxServices = 500;

const validateHead = createValidator(StackHead);

/** One stack file → its services. All problems go to the report; what could be read is returned even so. */
export function compileStack(input: StackInput): StackDraft {
  const { grid, name, file, sources, report } = input;
  const text = openStackText(file, { grid, stack: name, sources, report });
  if (text === null) return emptyDraft;
  const chain = input.child?.chain ?? [file.path];
  const children = readChildren({ name, chain, head: text.head, report });
  const scope = readScope({
    builtIn: builtInNames(input, text),
    path: file.path,
    text,
    given: input.variables,
    sources,
    report,
  });
  const root = text.render(scope.values);
  const draft = root === null ? emptyDraft : compileRoot(input, { text, scope, root });
  return { ...draft, children };
}

/** Kontena's names (kontena.md 1.1 and 1.2); each stack that comes along is known by what it is called here. */
function builtInNames({ grid, name, child }: StackInput, text: StackText): Map<string, string> {
  const depends = valueAt(text.head, 'depends');
  const children = depends?.kind === 'map' ? [...depends.entries.keys()] : [];
  return new Map([
    ...children.map((own) => [own, `${name}-${own}`] as const),
    ['GRID', grid],
    ['STACK', name],
    ['PLATFORM', grid],
    ...(child === null ? [] : [['PARENT_STACK', child.parent] as const]),
    ...(text.dialect === 'app'
      ? ([
          ['project', name],
          ['grid', grid],
        ] as const)
      : []),
  ]);
}

interface StackContent {
  readonly text: StackText;
  readonly scope: StackScope;
  readonly root: MapNode;
}

function compileRoot(input: StackInput, { text, scope, root }: StackContent): StackDraft {
  const { report } = input;
  const apply = createInterpolation(scope.scope, report);
  const { head, services } = splitRoot(root, text.dialect, apply, report);
  if (services === null || !checkServices(services, report)) return emptyDraft;
  const names = [...services.entries.keys()];
  warnOfName(valueAt(head, 'name'), input.name, report);
  const expose = valueAt(head, 'expose');
  if (expose?.kind === 'scalar') checkExpose(expose, names, report);
  const volumes = readVolumes(valueAt(head, 'volumes'), report);
  const context = { grid: input.grid, stack: input.name, volumes, report };
  const resolver = createServiceResolver({ ...context, sources: input.sources, scope });
  const file = { path: input.file.path, dialect: text.dialect, services, apply };
  const drafts = [...services.entries.values()].flatMap(({ key }) => {
    if (report.isFull()) return [];
    const service = resolver.resolve(file, key.text);
    if (service === null || !isSwitchedOn(service, input.profiles)) return [];
    const draft = readService(key, key.text, service, context);
    return draft === null ? [] : [draft];
  });
  warnOfAmbiguousNames(drafts, report);
  const isLinked = drafts.some((d) => d.dependencies.some(({ stack }) => stack !== input.name));
  return { services: drafts, names, isLinked, children: [] };
}

/** The services, and what else the file says, checked. In the oldest format every key at the top is a service. */
function splitRoot(
  root: MapNode,
  dialect: Dialect,
  apply: Interpolation,
  report: Report,
): { readonly head: MapNode; readonly services: MapNode | null } {
  if (dialect !== 'stack' && !root.entries.has('services'))
    return { head: mapNode(root, new Map()), services: root };
  const head = interpolateKeys(root, ['expose', 'labels', 'volumes'], apply);
  validateHead(head, report);
  const services = valueAt(root, 'services') ?? mapNode(root, new Map());
  return { head, services: services.kind === 'map' ? services : null };
}

/** Compose's rule: a service with profiles is there when one of them is switched on. */
function isSwitchedOn(service: MapNode, on: readonly string[]): boolean {
  const profiles = valueAt(service, 'profiles');
  if (profiles?.kind !== 'list' || profiles.items.length === 0) return true;
  return profiles.items.some((item) => item.kind === 'scalar' && on.includes(item.text));
}

/** What else a stack file holds is never interpolated: its name, its version, and its services each in their turn. */
function interpolateKeys(
  root: MapNode,
  keys: readonly string[],
  apply: (node: TreeNode) => TreeNode,
): MapNode {
  const entries = new Map(root.entries);
  for (const key of keys) {
    const entry = entries.get(key);
    if (entry !== undefined) entries.set(key, { key: entry.key, value: apply(entry.value) });
  }
  return mapNode(root, entries);
}

/** False when they are too many to look at. */
function checkServices(services: MapNode, report: Report): boolean {
  const { size } = services.entries;
  if (size > maxServices) {
    const message = `the stack has ${size} services; at most ${maxServices} are one stack`;
    report.error(services, { code: 'stack-too-large', message });
    return false;
  }
  if (size === 0) report.error(services, emptyStack);
  for (const { key } of services.entries.values()) {
    const fault = nameFault('service', key.text);
    if (fault !== null) report.error(key, fault);
    const advice = nameAdvice(key.text);
    if (advice !== null) report.warn(key, advice);
  }
  return true;
}

const emptyStack: Fault = {
  code: 'stack-empty',
  message: 'the stack has no services',
  hint: 'To remove a stack, remove its folder or its entry in grid.yml.',
};

/** `name` of a Compose file: the project's, which is called as its folder is. */
function warnOfName(written: TreeNode | null, stack: string, report: Report): void {
  if (written?.kind !== 'scalar' || written.text === stack) return;
  const message = `the stack is called ${quote(stack)}, as its folder is; "name" has no effect`;
  report.warn(written, {
    code: 'no-effect',
    message,
    hint: 'Rename the folder, or remove "name".',
  });
}

function checkExpose(service: ScalarNode, names: readonly string[], report: Report): void {
  if (names.includes(service.text)) {
    const message = '"expose" is not acted on yet: the service answers to its own name only';
    report.warn(service, { code: 'not-supported-yet', message });
  } else {
    const message = `the stack has no service ${quote(service.text)} to expose`;
    report.error(service, {
      code: 'unknown-service',
      message,
      ...didYouMean(service.text, names),
    });
  }
}

/** A service `web-1` beside a `web` has the DNS name of the first instance of the other. */
function warnOfAmbiguousNames(drafts: readonly ServiceDraft[], report: Report): void {
  const instances = new Map(drafts.map(({ service }) => [service.name, service.instances]));
  for (const { service } of drafts) {
    const [, base = '', number] = /^(.+)-([1-9]\d{0,4})$/.exec(service.name) ?? [];
    if (number === undefined || Number(number) > (instances.get(base) ?? 0)) continue;
    const message = `${quote(service.name)} is also the name of instance ${number} of the service ${quote(base)}`;
    report.warn(service.position, {
      code: 'ambiguous-name',
      message,
      hint: 'Rename one of the two services.',
    });
  }
}
