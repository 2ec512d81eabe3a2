import type { TextFile } from '../model/source.ts';
import { createServiceResolver } from './extends.ts';
import { createInterpolation } from './interpolate.ts';
import { nameFault } from './names.ts';
import { warnOfNetworks } from './networks.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import { StackHead } from './schema.ts';
import { readService, type ServiceDraft } from './service.ts';
import type { Sources } from './sources.ts';
import { readStackText } from './stack-text.ts';
import { didYouMean } from './suggest.ts';
import type { Scope } from './template.ts';
import { type MapNode, mapNode, type TreeNode, valueAt } from './tree.ts';
import { createValidator } from './validate.ts';
import { resolveVariables } from './variables.ts';
import { readVolumes } from './volumes.ts';

export interface StackInput {
  readonly grid: string;
  readonly name: string;
  /** The stack file. */
  readonly file: TextFile;
  /** `variables` of the grid file. */
  readonly variables: MapNode | null;
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
}

/** What is left of a stack that could not be read. */
export const emptyDraft: StackDraft = { services: [], names: null, isLinked: false };

/** A stack is one unit of deployment: with more it would be one no more, and its assignment too long. */
const maxServices = 500;

const validateHead = createValidator(StackHead);

/** One stack file → its services. All problems go to the report; what could be read is returned even so. */
export function compileStack(input: StackInput): StackDraft {
  const { file, sources, report } = input;
  const root = readStackText(file, sources, report);
  if (root === null) return emptyDraft;
  if (isFirstFormat(root)) {
    report.error(root, firstFormat);
    return emptyDraft;
  }
  return compileRoot(input, root);
}

function compileRoot(input: StackInput, root: MapNode): StackDraft {
  const { report } = input;
  const scope = scopeOf(input, root);
  const apply = createInterpolation(scope, report);
  const interpolated = interpolateKeys(root, ['expose', 'labels', 'volumes'], apply);
  const head = validateHead(interpolated, report);
  const services = valueAt(root, 'services') ?? mapNode(root, new Map());
  if (services.kind !== 'map' || !checkServices(services, report)) return emptyDraft;
  const names = [...services.entries.keys()];
  warnOfNetworks(root, report);
  if (head?.expose !== undefined) checkExpose(head.expose, names, interpolated, report);
  const volumes = readVolumes(valueAt(interpolated, 'volumes'), report);
  const resolver = createServiceResolver({ sources: input.sources, report, interpolate: apply });
  const drafts = [...services.entries.values()].flatMap(({ key }) => {
    if (report.isFull()) return [];
    const service = resolver.resolve({ path: input.file.path, services }, key.text);
    const context = { grid: input.grid, stack: input.name, volumes, report };
    const draft = service === null ? null : readService(key, key.text, service, context);
    return draft === null ? [] : [draft];
  });
  warnOfAmbiguousNames(drafts, report);
  const isLinked = drafts.some((d) => d.dependencies.some(({ stack }) => stack !== input.name));
  return { services: drafts, names, isLinked };
}

function scopeOf({ grid, name, variables, report }: StackInput, root: MapNode): Scope {
  const builtIn: Scope = {
    values: new Map([
      ['GRID', grid],
      ['STACK', name],
      ['PLATFORM', grid],
    ]),
  };
  const written = valueAt(root, 'variables');
  const declared = written === null ? null : createInterpolation(builtIn, report)(written);
  return resolveVariables({
    declared: declared?.kind === 'map' ? declared : null,
    given: variables,
    builtIn,
    report,
  });
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
  }
  return true;
}

const emptyStack: Fault = {
  code: 'stack-empty',
  message: 'the stack has no services',
  hint: 'To remove a stack, remove its folder or its entry in grid.yml.',
};

function checkExpose(
  service: string,
  names: readonly string[],
  root: MapNode,
  report: Report,
): void {
  const at = valueAt(root, 'expose') ?? root;
  if (names.includes(service)) {
    const message = '"expose" is not acted on yet: the service answers to its own name only';
    report.warn(at, { code: 'not-supported-yet', message });
  } else {
    const message = `the stack has no service ${quote(service)} to expose`;
    report.error(at, { code: 'unknown-service', message, ...didYouMean(service, names) });
  }
}

/** Kontena's oldest format has the services at the top: its keys would all be unknown. */
function isFirstFormat(root: MapNode): boolean {
  if (['stack', 'services', 'volumes', 'variables'].some((key) => root.entries.has(key)))
    return false;
  return [...root.entries.values()].some(
    ({ value }) =>
      value.kind === 'map' && ['image', 'build', 'extends'].some((key) => value.entries.has(key)),
  );
}

const firstFormat: Fault = {
  code: 'old-format',
  message: 'this file has its services at the top, as files for "kontena app" had',
  hint: 'Put them below the key "services".',
};

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
