import { parseEnvFile } from './env-file.ts';
import { environmentFault } from './environment-names.ts';
import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { resolvePath } from './source-path.ts';
import type { Sources } from './sources.ts';
import {
  type Entry,
  type ListNode,
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
const maxFiles = 100;

/**
 * A service with its environment as one map: what `environment` says in either form, and below it what the files of
 * `env_file` say. Done before `extends` merges, since files belong to the service that names them.
 */
export function settleEnvironment(service: MapNode, sources: Sources, report: Report): MapNode {
  const written = valueAt(service, 'environment');
  const files = valueAt(service, 'env_file');
  if (written === null && files === null) return withoutKeys(service, ['environment', 'env_file']);
  if (written?.kind === 'scalar') return service;
  const entries = new Map(written === null ? [] : readVariables(written, report));
  for (const path of pathsOf(files, report))
    if (entries.size <= maxVariables) addFile(entries, path, sources, report);
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

function pathsOf(files: TreeNode | null, report: Report): readonly ScalarNode[] {
  if (files === null) return [];
  const items = files.kind === 'list' ? files.items : [files];
  if (items.length > maxFiles) {
    report.error(files, {
      code: 'bad-environment',
      message: `"env_file" names more than ${maxFiles} files`,
    });
    return [];
  }
  return items.filter((item): item is ScalarNode => {
    if (item.kind === 'scalar') return true;
    report.error(item, {
      code: 'wrong-type',
      message: `"env_file" must be a path or a list of paths, not a ${item.kind}`,
    });
    return false;
  });
}

function addFile(
  entries: Map<string, Entry>,
  path: ScalarNode,
  sources: Sources,
  report: Report,
): void {
  const resolved = resolvePath(path.file, path.text);
  if (resolved.fault !== undefined) return report.error(path, resolved.fault);
  const opened = sources.open(resolved.value);
  if (opened.fault !== undefined) return report.error(path, opened.fault);
  const file = opened.value;
  for (const [name, entry] of sources.variables(file, () => parseEnvFile(file, report))) {
    if (!entries.has(name)) entries.set(name, entry);
  }
}
