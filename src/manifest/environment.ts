import type { Dialect } from './dialect.ts';
import { parseComposeEnvFile, parseEnvFile } from './env-file.ts';
import { type EnvFile, readEnvFiles } from './env-file-list.ts';
import { environmentFault } from './environment-names.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import { resolvePath } from './source-path.ts';
import type { Sources } from './sources.ts';
import type { Scope } from './template.ts';
import {
  type Entry,
  isNull,
  type ListNode,
  listNode,
  type MapNode,
  mapNode,
  type ScalarNode,
  scalarNode,
  type TreeNode,
  valueAt,
  withoutKeys,
} from './tree.ts';

/** More variables than any program reads; an environment that aliases or files blow up ends here. */
const maxVariables = 2_000;

export interface EnvironmentInput {
  readonly dialect: Dialect;
  /** What the variables of the file stand for. */
  readonly values: Scope['values'];
  readonly sources: Sources;
  readonly report: Report;
}

/**
 * A service with its environment as one map: what `environment` says in either form, and below it what the files of
 * `env_file` say. Done before `extends` merges, since files belong to the service that names them.
 */
export function settleEnvironment(service: MapNode, input: EnvironmentInput): MapNode {
  const { report } = input;
  const written = valueAt(service, 'environment');
  const files = valueAt(service, 'env_file');
  if (written === null && files === null) return withoutKeys(service, ['environment', 'env_file']);
  if (written?.kind === 'scalar') return service;
  const entries = new Map(written === null ? [] : readWritten(written, input));
  for (const file of readEnvFiles(files, report))
    if (entries.size <= maxVariables) addFile(entries, file, input);
  if (entries.size > maxVariables) {
    const message = `the environment has more than ${maxVariables} variables`;
    report.error(written ?? files ?? service, { code: 'bad-environment', message });
    return withoutKeys(service, ['environment', 'env_file']);
  }
  const environment = mapNode(written ?? files ?? service, entries);
  const key = service.entries.get('environment')?.key ?? scalarNode(environment, 'environment');
  const others = withoutKeys(service, ['environment', 'env_file']).entries;
  return mapNode(service, new Map([...others, ['environment', { key, value: environment }]]));
}

/** `NAME: value` or a list of `NAME=value`. */
export function readVariables(
  node: MapNode | ListNode,
  report: Report,
): ReadonlyMap<string, Entry> {
  return node.kind === 'map' ? readMap(node, report) : readList(node, report);
}

/** A name without a value is Compose's way to pass a variable on; there it is left out when it has no value there either. */
function readWritten(
  node: MapNode | ListNode,
  { dialect, values, report }: EnvironmentInput,
): ReadonlyMap<string, Entry> {
  if (dialect !== 'compose') return readVariables(node, report);
  const lost: string[] = [];
  const given = ({ text }: ScalarNode) => {
    const value = values.get(text) ?? null;
    if (value === null) lost.push(text);
    return value;
  };
  const settled = node.kind === 'map' ? passOnInMap(node, given) : passOnInList(node, given);
  if (lost.length > 0) report.warn(node, nothingGiven(lost));
  return readVariables(settled, report);
}

type Given = (name: ScalarNode) => string | null;

function passOnInMap(node: MapNode, given: Given): MapNode {
  const entries = [...node.entries].flatMap(([name, entry]) => {
    if (!isNull(entry.value)) return [[name, entry] as const];
    const text = given(entry.key);
    return text === null
      ? []
      : [[name, { ...entry, value: scalarNode(entry.value, text) }] as const];
  });
  return mapNode(node, new Map(entries));
}

function passOnInList(node: ListNode, given: Given): ListNode {
  const items = node.items.flatMap((item) => {
    if (item.kind !== 'scalar' || !/^[^\s=:]+$/.test(item.text)) return [item];
    const text = given(item);
    return text === null ? [] : [scalarNode(item, `${item.text}=${text}`)];
  });
  return listNode(node, items);
}

const maxShown = 5;

function nothingGiven(names: readonly string[]): Fault {
  const shown = names.slice(0, maxShown).map(quote);
  const rest = names.length > maxShown ? [`${names.length - maxShown} more`] : [];
  return {
    code: 'no-effect',
    message: `nobody gives ${[...shown, ...rest].join(', ')} a value: the containers do not get it`,
    hint: 'Give it one in grid.yml, below "stacks.<stack>.variables", or in ".env" beside this file; or take it out.',
  };
}

// Only null becomes the empty text here; what is not a scalar is left for validation to refuse.
function readMap(node: MapNode, report: Report): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [name, entry] of node.entries) {
    const value = valueAt(node, name) ?? scalarNode(entry.value, '');
    const fault = environmentFault(name, value.kind === 'scalar' ? value.text : '');
    if (fault !== null) report.error(entry.key, fault);
    entries.set(name, { key: entry.key, value });
  }
  return entries;
}

function readList(node: ListNode, report: Report): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const item of node.items) {
    const entry = readItem(item, report);
    if (entry === null) continue;
    if (!entries.has(entry.key.text)) entries.set(entry.key.text, entry);
    else
      report.error(item, {
        code: 'duplicate-key',
        message: `${quote(entry.key.text)} is set twice in this list`,
      });
  }
  return entries;
}

function readItem(item: TreeNode, report: Report): Entry | null {
  const hint = 'Write "NAME=value"; with a colon leave out the dash in front.';
  if (item.kind !== 'scalar' || !item.text.includes('=')) {
    const found =
      item.kind === 'scalar' ? `${quote(item.text)} has no "="` : `this is a ${item.kind}`;
    report.error(item, {
      code: 'bad-environment',
      message: `an item must be "NAME=value"; ${found}`,
      hint,
    });
    return null;
  }
  const equals = item.text.indexOf('=');
  const [name, value] = [item.text.slice(0, equals), item.text.slice(equals + 1)];
  const fault = environmentFault(name, value);
  if (fault !== null) report.error(item, fault);
  return { key: scalarNode(item, name), value: scalarNode(item, value) };
}

function addFile(
  entries: Map<string, Entry>,
  { path, isRequired, isRaw }: EnvFile,
  { dialect, sources, report }: EnvironmentInput,
): void {
  const resolved = resolvePath(path.file, path.text);
  if (resolved.fault !== undefined) return report.error(path, resolved.fault);
  const opened = sources.open(resolved.value);
  if (opened.fault?.code === 'file-missing' && !isRequired) return;
  if (opened.fault !== undefined) return report.error(path, opened.fault);
  const file = opened.value;
  const parse = dialect === 'compose' && !isRaw ? parseComposeEnvFile : parseEnvFile;
  for (const [name, entry] of sources.variables(file, parse, report)) {
    if (!entries.has(name)) entries.set(name, entry);
  }
}
