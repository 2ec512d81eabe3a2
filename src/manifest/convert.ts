import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  Pair,
  parseDocument,
  Scalar,
  visit,
  YAMLMap,
} from 'yaml';
import type { Problem } from '../model/problem.ts';
import type { TextFile } from '../model/source.ts';
import { convertService, type Noting, namedVolumes, textOf } from './convert-service.ts';
import { type Dialect, dialectOf } from './dialect.ts';
import { readOutline } from './outline.ts';
import { renderPercent } from './percent.ts';
import { visible } from './quote.ts';
import { readTree, withoutMark } from './read.ts';
import { referencesOf } from './template.ts';

/** Something that the conversion changed, or that somebody has to see to. */
export interface ConversionNote {
  /** In the file that was converted. */
  readonly line: number;
  readonly message: string;
}

export interface Conversion {
  /** A stack file; `null` when the file could not be read. */
  readonly text: string | null;
  readonly notes: readonly ConversionNote[];
  readonly problems: readonly Problem[];
}

export interface ConversionInput {
  readonly file: TextFile;
  /** What the stack is to be called. */
  readonly name: string;
  /** Values of the file `.env` beside it. */
  readonly environment: ReadonlyMap<string, string>;
}

/**
 * A Compose or app file → a stack file that means the same, with its comments. Every change is noted; what gridops does not have
 * stays as it is, for `validate` to explain.
 */
export function convertFile({ file, name, environment }: ConversionInput): Conversion {
  const written = withoutMark(file.text);
  const dialect = dialectOf(file.path, readOutline(written));
  const text = dialect === 'app' ? withoutPercent(written) : written;
  // Bounds what is parsed, and finds what is not YAML: the library alone does neither.
  const { root, problems } = readTree({ ...file, text });
  const lines = new LineCounter();
  const document = root === null ? null : parse(text, lines);
  if (document === null || !isMap(document.contents)) return unreadable(file, problems);
  const notes: ConversionNote[] = [];
  const note: Noting = (at, message) => {
    notes.push({ line: lines.linePos(offsetOf(at)).line, message });
  };
  if (dialect !== 'stack') {
    const converted = convertRoot(document.contents, { name, note });
    declareVariables(converted, { dialect, environment, note });
    document.contents = converted;
  }
  notes.sort((a, b) => a.line - b.line);
  const printed = print(document, file);
  return { text: printed.text, notes, problems: [...problems, ...printed.problems] };
}

function unreadable({ path }: TextFile, problems: readonly Problem[]): Conversion {
  const position = { file: path, line: 1, column: 1 };
  const message = 'the file holds no services';
  const empty: Problem = { severity: 'error', code: 'wrong-type', message, position };
  return { text: null, notes: [], problems: problems.length > 0 ? problems : [empty] };
}

/** An anchor may stand in what is gone: then its aliases stand for nothing. */
function print(
  document: Document<Node, false>,
  { path }: TextFile,
): Pick<Conversion, 'text' | 'problems'> {
  try {
    return { text: document.toString({ lineWidth: 0 }), problems: [] };
  } catch (error) {
    const message = `an anchor stands in a part that stack files do not have: ${visible(String(error))}`;
    const hint = 'Move what is anchored below a key that begins with "x-".';
    const position = { file: path, line: 1, column: 1 };
    return {
      text: null,
      problems: [{ severity: 'error', code: 'unknown-alias', message, hint, position }],
    };
  }
}

function parse(text: string, lineCounter: LineCounter): Document<Node, false> {
  return parseDocument<Node, false>(text, { ...parsing, lineCounter });
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

const parsing = { schema: 'failsafe', version: '1.2', uniqueKeys: false, merge: true } as const;

/** Project and grid are variables in stack files. */
function withoutPercent(text: string): string {
  return renderPercent(text, { project: '${STACK}', grid: '${GRID}' }).rendered.text;
}

interface Converting {
  readonly name: string;
  readonly note: Noting;
}

/** The order of everything stays: an anchor has to come before its aliases. */
function convertRoot(written: YAMLMap, { name, note }: Converting): YAMLMap {
  const root = written.has('services') ? written : new YAMLMap();
  if (root !== written) root.set(new Scalar('services'), written);
  const first = root.items[0]?.key;
  for (const gone of ['version', 'name']) root.delete(gone);
  const networks = root.get('networks', true);
  if (root.delete('networks'))
    note(networks, '"networks" is gone: the services of a grid share its network');
  const services = root.get('services', true);
  for (const { value } of isMap(services) ? services.items : [])
    if (isMap(value)) convertService(value, note);
  if (isMap(services)) shareVolumes(root, services, note);
  root.items.unshift(pair('stack', new Scalar(name)));
  moveComment(first, root.items[0]?.key);
  for (const { key } of root.items.slice(1)) if (isScalar(key)) key.spaceBefore = true;
  return root;
}

/** What stands above the file's first key is about the file. */
function moveComment(from: unknown, to: unknown): void {
  if (!isScalar(from) || !isScalar(to)) return;
  to.commentBefore = from.commentBefore ?? null;
  from.commentBefore = null;
}

function pair(key: string, value: Node): Pair<Node, Node> {
  return new Pair<Node, Node>(new Scalar(key), value);
}

/** In both languages a volume with a name is one for all services of the project; here that has to be said. */
function shareVolumes(root: YAMLMap, services: YAMLMap, note: Noting): void {
  const written = root.get('volumes', true);
  const volumes = isMap(written) ? written : new YAMLMap();
  for (const { name, at } of namedVolumes(services)) {
    if (volumes.has(name)) continue;
    volumes.set(new Scalar(name), new YAMLMap());
    note(at, `the volume "${name}" is declared now`);
  }
  for (const item of volumes.items) {
    const volume = isMap(item.value) ? item.value : new YAMLMap();
    if (volume.has('external') || volume.has('scope')) continue;
    volume.set(new Scalar('scope'), new Scalar('stack'));
    item.value = volume;
    note(
      isScalar(item.key) ? item.key : null,
      `the volume "${textOf(item.key)}" is shared in the stack on each node`,
    );
  }
  if (!isMap(written) && volumes.items.length > 0) root.set(new Scalar('volumes'), volumes);
}

interface Declaring {
  readonly dialect: Dialect;
  readonly environment: ReadonlyMap<string, string>;
  readonly note: Noting;
}

/** What is always there in a stack file. */
const builtIn = ['GRID', 'STACK', 'PLATFORM'];

/** Stack files declare what they put in. Values of `.env` become defaults, the app format's own names stand for ours. */
function declareVariables(root: YAMLMap, { dialect, environment, note }: Declaring): void {
  const own = dialect === 'app' ? { project: '${STACK}', grid: '${GRID}' } : {};
  const defaults = new Map([...environment, ...Object.entries(own)]);
  const declared = new YAMLMap();
  for (const [name, { isOptional, at }] of referencesIn(root, dialect)) {
    if (builtIn.includes(name)) continue;
    const variable = new YAMLMap();
    const value = defaults.get(name);
    if (value !== undefined) variable.set(new Scalar('default'), new Scalar(value));
    else if (isOptional) variable.set(new Scalar('required'), new Scalar('false'));
    else {
      variable.set(new Scalar('type'), new Scalar('string'));
      note(at, `the variable "${name}" needs a value in grid.yml`);
    }
    variable.flow = true;
    declared.set(new Scalar(name), variable);
  }
  if (declared.items.length === 0) return;
  const variables = pair('variables', declared);
  if (isScalar(variables.key)) variables.key.spaceBefore = true;
  root.items.splice(1, 0, variables);
}

interface Reference {
  /** Everywhere the text says what to do without a value. */
  isOptional: boolean;
  readonly at: Scalar;
}

function referencesIn(root: YAMLMap, dialect: Dialect): ReadonlyMap<string, Reference> {
  const found = new Map<string, Reference>();
  const braces = dialect === 'compose' ? 'compose' : 'kontena';
  visit(root, {
    Scalar(_, node) {
      for (const { name, isOptional } of referencesOf(textOf(node), braces)) {
        const known = found.get(name);
        if (known === undefined) found.set(name, { isOptional, at: node });
        else known.isOptional &&= isOptional;
      }
    },
  });
  return found;
}
