import type { Seed } from '../model/seed.ts';
import type { TextFile } from '../model/source.ts';
import { type ChildStack, readChildren } from './child-stacks.ts';
import { isWanted } from './conditions.ts';
import type { Dialect } from './dialect.ts';
import { createServiceResolver } from './extends.ts';
import { createInterpolation, type Interpolation } from './interpolate.ts';
import { nameAdvice, nameFault } from './names.ts';
import type { Fault, Report } from './report.ts';
import { StackHead } from './schema.ts';
import { placeSecrets, type SecretPlacing } from './secret-places.ts';
import { openSecretBook } from './secrets-file.ts';
import type { SecretContext } from './service-secrets.ts';
import type { Sources } from './sources.ts';
import { readScope, type StackScope } from './stack-scope.ts';
import { openStackText, renderKnown, type StackText } from './stack-text.ts';
import {
  type MapNode,
  mapNode,
  type ScalarNode,
  type TreeNode,
  valueAt,
  withoutKeys,
} from './tree.ts';
import { createValidator } from './validate.ts';

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
  /** What values of chance are derived from. */
  readonly seed: Seed;
  readonly sources: Sources;
  readonly report: Report;
}

/** A stack file with its templates rendered, its variables put in and everything merged in that its services extend. */
export interface ResolvedStack {
  readonly dialect: Dialect;
  /** What stands beside the services. `null` when the file could not be read that far. */
  readonly head: MapNode | null;
  /** The names of these and of services that could not be resolved. `null` like `head`. */
  readonly names: readonly string[] | null;
  /** Those that are switched on. */
  readonly services: readonly ResolvedService[];
  /** The names of those that are not. */
  readonly off: readonly string[];
  readonly scope: StackScope | null;
  /** What its variables, and those of the files that it extends, are called among the secrets of services. */
  readonly vault: ReadonlyMap<string, string | null>;
  readonly children: readonly ChildStack[];
  /** What its services may ask for. `null` like `head`. */
  readonly secrets: SecretContext | null;
}

export interface ResolvedService {
  /** Where its name stands. */
  readonly key: ScalarNode;
  readonly node: MapNode;
}

const unreadable: ResolvedStack = {
  dialect: 'stack',
  head: null,
  names: null,
  services: [],
  off: [],
  scope: null,
  vault: new Map(),
  children: [],
  secrets: null,
};

/** A stack is one unit of deployment: with more it would be one no more, and its assignment too long. */
const maxServices = 500;

const validateHead = createValidator(StackHead);

/** One stack file, resolved. All problems go to the report; what could be read is returned even so. */
export function resolveStack(input: StackInput): ResolvedStack {
  const { grid, name, file, sources, report } = input;
  const text = openStackText(file, { grid, stack: name, sources, report });
  if (text === null) return unreadable;
  const chain = input.child?.chain ?? [file.path];
  const children = readChildren({ name, chain, head: text.head, report });
  const book = openSecretBook(grid, sources);
  const scope = readScope({
    builtIn: builtInNames(input, text),
    path: file.path,
    text,
    given: input.variables,
    seed: input.seed,
    owner: [grid, name],
    secrets: book,
    sources,
    report,
  });
  const root = renderKnown(text, scope);
  const content = root === null ? unreadable : resolveRoot(input, { text, scope, root });
  const secrets = { book, vault: scope.vault };
  return { ...content, dialect: text.dialect, scope, children, secrets };
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

function resolveRoot(input: StackInput, { text, scope, root }: StackContent): ResolvedStack {
  const { grid, name: stack, seed, sources, report } = input;
  const placing = { grid, seed, report };
  const apply = createInterpolation(scope.scope, report);
  const { head, services } = splitRoot(root, text.dialect, { apply, placing });
  if (services === null || !checkServices(services, report)) return unreadable;
  const resolver = createServiceResolver({ grid, stack, seed, sources, report, scope });
  const { values } = scope.scope;
  const file = { path: input.file.path, dialect: text.dialect, services, values, apply };
  const off = new Set<string>();
  const resolved = [...services.entries.values()].flatMap(({ key }) => {
    const node = report.isFull() ? null : resolver.resolve(file, key.text);
    if (node === null) return [];
    if (isThere(node, input, scope))
      return [{ key, node: placeSecrets(withoutKeys(node, conditionKeys), 'service', placing) }];
    off.add(key.text);
    return [];
  });
  const names = [...services.entries.keys()].filter((name) => !off.has(name));
  const vault = new Map([...resolver.vault, ...scope.vault]);
  const wanted = onlyWanted(head, scope, report);
  return { ...unreadable, head: wanted, names, services: resolved, off: [...off], vault };
}

/** What has been acted on. */
const conditionKeys = ['only_if', 'skip_if'];

/** Compose's profiles and Kontena's conditions. */
function isThere(service: MapNode, input: StackInput, scope: StackScope): boolean {
  return isSwitchedOn(service, input.profiles) && isWantedIn(scope, service, input.report);
}

/** What depends on a variable with a problem is there: that it is missed elsewhere would only follow from the problem. */
function isWantedIn({ values, scope }: StackScope, node: TreeNode, report: Report): boolean {
  let isUnknown = false;
  const lookup = (name: string) => {
    isUnknown ||= scope.broken?.has(name) === true;
    return values.get(name);
  };
  return isWanted(node, { lookup, names: () => values.keys(), report }) || isUnknown;
}

/** Volumes may have conditions, too. */
function onlyWanted(head: MapNode, scope: StackScope, report: Report): MapNode {
  const entry = head.entries.get('volumes');
  if (entry?.value.kind !== 'map') return head;
  const wanted = [...entry.value.entries].flatMap(([name, { key, value }]) => {
    if (!isWantedIn(scope, value, report)) return [];
    const rest = value.kind === 'map' ? withoutKeys(value, conditionKeys) : value;
    return [[name, { key, value: rest }] as const];
  });
  const volumes = mapNode(entry.value, new Map(wanted));
  return mapNode(head, new Map([...head.entries, ['volumes', { key: entry.key, value: volumes }]]));
}

/** Beside services and variables, which are read one by one. */
const interpolatedKeys = ['expose', 'labels', 'volumes', 'configs', 'secrets'];

/** The services, and what else the file says, checked. In the oldest format every key at the top is a service. */
function splitRoot(
  root: MapNode,
  dialect: Dialect,
  { apply, placing }: { readonly apply: Interpolation; readonly placing: SecretPlacing },
): { readonly head: MapNode; readonly services: MapNode | null } {
  if (dialect !== 'stack' && !root.entries.has('services'))
    return { head: mapNode(root, new Map()), services: root };
  const head = placeSecrets(interpolateKeys(root, interpolatedKeys, apply), 'head', placing);
  validateHead(head, placing.report);
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
