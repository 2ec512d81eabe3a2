import type { Seed } from '../model/seed.ts';
import type { TextFile } from '../model/source.ts';
import { withoutBlanks } from './blank-keys.ts';
import type { Dialect } from './dialect.ts';
import { settleEnvironment } from './environment.ts';
import { Extends } from './extends-schema.ts';
import { createInterpolation, type Interpolation } from './interpolate.ts';
import { settleLabels } from './label-files.ts';
import { mergeServices } from './merge-services.ts';
import { settleSpellings } from './old-spellings.ts';
import { alternatives, quote } from './quote.ts';
import type { Fault, Parsed, Report } from './report.ts';
import { openSecretBook } from './secrets-file.ts';
import { resolvePath } from './source-path.ts';
import type { Sources } from './sources.ts';
import { readScope, type StackScope } from './stack-scope.ts';
import { openStackText, renderKnown } from './stack-text.ts';
import { didYouMean } from './suggest.ts';
import type { Scope } from './template.ts';
import { isNull, type MapNode, mapNode, type TreeNode, valueAt, withoutKeys } from './tree.ts';
import { createValidator } from './validate.ts';

/** Services as they are written → services with everything that they extend merged in. */
export interface ServiceResolver {
  /** `null` when the service cannot be resolved; the reason is reported. */
  resolve(file: ServiceFile, name: string): MapNode | null;
  /** What the files that were read so far call their variables among the secrets of services. */
  readonly vault: ReadonlyMap<string, string | null>;
}

/** The services of one file, and how the variables in it are put in. */
export interface ServiceFile {
  readonly path: string;
  readonly dialect: Dialect;
  readonly services: MapNode;
  /** What its variables stand for. */
  readonly values: Scope['values'];
  readonly apply: Interpolation;
}

export interface Resolving {
  readonly grid: string;
  readonly stack: string;
  /** The variables of the stack file: a file that is extended is read with the same. */
  readonly scope: StackScope;
  readonly seed: Seed;
  readonly sources: Sources;
  readonly report: Report;
}

/** Longer chains help nobody, and every link is a level of our own stack. */
const maxChain = 32;

/** Sizes (see tree.ts) of one service, and of all of a stack; what is extended counts as often as it is used. */
const maxServiceSize = 20_000;
const maxStackSize = 200_000;

const validateExtends = createValidator(Extends);

export function createServiceResolver(resolving: Resolving): ServiceResolver {
  const { sources, report } = resolving;
  const resolved = new Map<string, MapNode | null>();
  const files = new Map<string, ServiceFile | null>();
  const vault = new Map<string, string | null>();
  const chain: string[] = [];
  let size = 0;

  function resolve(file: ServiceFile, name: string): MapNode | null {
    const id = `${file.path}: ${name}`;
    const known = resolved.get(id);
    if (known !== undefined) return known;
    if (size > maxStackSize) return null;
    chain.push(id);
    const service = resolveWritten(file, name);
    chain.pop();
    resolved.set(id, service);
    return service;
  }

  function resolveWritten(file: ServiceFile, name: string): MapNode | null {
    const found = file.services.entries.get(name)?.value;
    if (found === undefined) return null;
    const service = file.apply(isNull(found) ? mapNode(found, new Map()) : found);
    if (service.kind !== 'map') {
      report.error(service, {
        code: 'wrong-type',
        message: `the service ${quote(name)} must be a map`,
      });
      return null;
    }
    const environment = settleEnvironment(service, { ...file, sources, report });
    const settled = settleLabels(environment, { dialect: file.dialect, sources, report });
    const written = file.dialect === 'compose' ? withoutBlanks(settled) : settled;
    const own = settleSpellings(written, report);
    const extended = valueAt(own, 'extends');
    const base = extended === null ? null : resolveBase(file, extended);
    if (extended !== null && base === null) return null;
    return count(mergeServices(base, withoutKeys(own, ['extends']), file.dialect));
  }

  function resolveBase(file: ServiceFile, written: TreeNode): MapNode | null {
    const wish = validateExtends(written, report);
    if (wish === null) return null;
    const { service: name, ...where } = typeof wish === 'string' ? { service: wish } : wish;
    const place = placeOf(where, written);
    if (place.fault !== undefined) report.error(valueAt(written, 'stack') ?? written, place.fault);
    if (place.fault !== undefined) return null;
    const from = place.value === null ? file : openFile(place.value.path, place.value.at);
    if (from === null) return null;
    const fault = chainFault(from, name);
    if (fault === null) return resolve(from, name);
    report.error(valueAt(written, 'service') ?? written, fault);
    return null;
  }

  function chainFault(from: ServiceFile, name: string): Fault | null {
    const id = `${from.path}: ${name}`;
    if (!from.services.entries.has(name)) return unknownService(name, from);
    if (chain.includes(id)) return cycle([...chain.slice(chain.indexOf(id)), id]);
    if (chain.length < maxChain) return null;
    return {
      code: 'extends-too-deep',
      message: `services extend each other more than ${maxChain} deep`,
    };
  }

  /** `node` is where the path is written: in the file it is relative to. */
  function openFile(path: string, node: TreeNode): ServiceFile | null {
    const target = resolvePath(node.file, path);
    const opened = target.fault === undefined ? sources.open(target.value) : target;
    if (opened.fault !== undefined) {
      report.error(node, opened.fault);
      return null;
    }
    const known = files.get(opened.value.path);
    if (known !== undefined) return known;
    const file = readServiceFile(opened.value, resolving, vault);
    files.set(opened.value.path, file);
    return file;
  }

  function count(service: MapNode): MapNode | null {
    size += service.size;
    if (service.size <= maxServiceSize && size <= maxStackSize) return service;
    const whose = service.size > maxServiceSize ? 'this service' : 'the services up to here';
    const message = `what ${whose} holds, with all it extends, is too large`;
    report.error(service, { code: 'stack-too-large', message });
    return null;
  }

  return { resolve, vault };
}

/** In Kontena `stack` was a file, too, or a name in its registry. `null`: the file itself. */
function placeOf(
  { file, stack }: { readonly file?: string; readonly stack?: string },
  written: TreeNode,
): Parsed<{ readonly path: string; readonly at: TreeNode } | null> {
  if (file !== undefined && stack !== undefined) return { fault: both };
  if (stack !== undefined && !/\.ya?ml$/.test(stack)) return { fault: fromRegistry };
  const path = file ?? stack;
  const at = valueAt(written, file === undefined ? 'stack' : 'file') ?? written;
  return { value: path === undefined ? null : { path, at } };
}

const both: Fault = {
  code: 'wrong-value',
  message: 'a service extends one of another "file" or "stack", not both',
};

/** A file that is extended, with its own variables and, before them, those of the stack that extends it. */
function readServiceFile(
  file: TextFile,
  resolving: Resolving,
  vault: Map<string, string | null>,
): ServiceFile | null {
  const { sources, report, scope: inherited } = resolving;
  const { path } = file;
  const text = openStackText(file, resolving);
  if (text === null) return null;
  const { grid, stack, seed } = resolving;
  const secrets = openSecretBook(grid, sources);
  const own = { path, text, given: null, seed, owner: [grid, stack, path], secrets };
  const scope = readScope({ ...own, builtIn: new Map(), inherited, sources, report });
  for (const [name, value] of scope.vault) vault.set(name, value);
  const root = renderKnown(text, scope);
  const services = root === null ? null : servicesOf(root, report);
  const apply = createInterpolation(scope.scope, report);
  const { values } = scope.scope;
  return services === null ? null : { path, dialect: text.dialect, services, values, apply };
}

/** Below `services`; in the oldest formats, which have neither that nor `stack`, every key of the file is a service. */
function servicesOf(root: MapNode, report: Report): MapNode | null {
  const services = valueAt(root, 'services');
  if (services?.kind === 'map') return services;
  const isFirstFormat =
    services === null && !root.entries.has('services') && !root.entries.has('stack');
  if (isFirstFormat) return root;
  report.error(services ?? root, {
    code: 'wrong-type',
    message: '"services" must be a map in a file that is extended',
  });
  return null;
}

const fromRegistry: Fault = {
  code: 'bad-path',
  message: 'nothing is fetched from a stack registry: a commit says all that there is to say',
  hint: 'Put the stack file into the repository, and write "extends: {stack: PATH.yml, service: NAME}".',
};

function unknownService(name: string, { path, services }: ServiceFile): Fault {
  const names = [...services.entries.keys()];
  const all =
    names.length === 0 ? {} : { hint: `It has ${alternatives(names.slice(0, 20).map(quote))}.` };
  const message = `${quote(path)} has no service ${quote(name)}`;
  return { code: 'unknown-service', message, ...all, ...didYouMean(name, names) };
}

function cycle(ids: readonly string[]): Fault {
  const path = ids.map((id) => quote(id)).join(' → ');
  return { code: 'extends-cycle', message: `services extend each other in a circle: ${path}` };
}
