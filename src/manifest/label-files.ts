import type { Dialect } from './dialect.ts';
import { parseComposeEnvFile, parseEnvFile } from './env-file.ts';
import type { Report } from './report.ts';
import { resolvePath } from './source-path.ts';
import type { Sources } from './sources.ts';
import {
  type Entry,
  listNode,
  type MapNode,
  mapNode,
  type ScalarNode,
  scalarNode,
  type TreeNode,
  valueAt,
  withoutKeys,
} from './tree.ts';

export interface LabelInput {
  readonly dialect: Dialect;
  readonly sources: Sources;
  readonly report: Report;
}

/** Far more than anyone writes; files are read each time they are named. */
const maxFiles = 100;

/**
 * A service with the labels of its `label_file`s below those that it writes itself. Done before `extends` merges, since files
 * belong to the service that names them. They are read as environment files are.
 */
export function settleLabels(service: MapNode, input: LabelInput): MapNode {
  const { report } = input;
  const files = valueAt(service, 'label_file');
  if (files === null) return withoutKeys(service, ['label_file']);
  const found = new Map<string, Entry>();
  for (const path of pathsOf(files, report)) {
    for (const [name, entry] of readFile(path, input)) if (!found.has(name)) found.set(name, entry);
  }
  const written = valueAt(service, 'labels') ?? mapNode(files, new Map());
  const entries = new Map(withoutKeys(service, ['label_file']).entries);
  const key = entries.get('labels')?.key ?? scalarNode(files, 'labels');
  return mapNode(service, entries.set('labels', { key, value: joined(written, found) }));
}

function pathsOf(files: TreeNode, report: Report): readonly ScalarNode[] {
  const items = files.kind === 'list' ? files.items : [files];
  const paths = items.filter((item) => item.kind === 'scalar');
  if (paths.length < items.length) {
    const message = '"label_file" must be a path or a list of paths';
    report.error(files, { code: 'wrong-type', message });
  }
  if (paths.length <= maxFiles) return paths;
  const message = `"label_file" names more than ${maxFiles} files`;
  report.error(files, { code: 'bad-label', message });
  return [];
}

function readFile(
  path: ScalarNode,
  { dialect, sources, report }: LabelInput,
): ReadonlyMap<string, Entry> {
  const resolved = resolvePath(path.file, path.text);
  const opened = resolved.fault === undefined ? sources.open(resolved.value) : resolved;
  if (opened.fault === undefined) {
    const file = opened.value;
    const parse = dialect === 'compose' ? parseComposeEnvFile : parseEnvFile;
    return sources.variables(file, parse, report);
  }
  report.error(path, opened.fault);
  return new Map();
}

/** In the form in which the service writes them. Text where labels belong is left for validation to refuse. */
function joined(written: TreeNode, found: ReadonlyMap<string, Entry>): TreeNode {
  if (written.kind === 'scalar') return written;
  if (written.kind === 'map') return mapNode(written, new Map([...found, ...written.entries]));
  const own = new Set(
    written.items.map((item) => (item.kind === 'scalar' ? item.text.split('=', 1)[0] : '')),
  );
  const added = [...found].flatMap(([name, { key, value }]) =>
    own.has(name) || value.kind !== 'scalar' ? [] : [scalarNode(key, `${name}=${value.text}`)],
  );
  return listNode(written, [...written.items, ...added]);
}
