import type { Seed } from '../model/seed.ts';
import { parseDotEnv } from './dot-env.ts';
import { createInterpolation } from './interpolate.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import type { SecretBook } from './secrets-file.ts';
import { resolvePath } from './source-path.ts';
import type { Sources } from './sources.ts';
import type { StackText } from './stack-text.ts';
import type { Scope } from './template.ts';
import { isNull, type MapNode, type ScalarNode, valueAt, withoutKeys } from './tree.ts';
import type { Value } from './values.ts';
import type { Origin } from './variable-value.ts';
import { resolveVariables } from './variables.ts';

/** What the variables of a stack stand for: in `$NAME`, and in Liquid. */
export interface StackScope {
  readonly scope: Scope;
  readonly values: ReadonlyMap<string, Value>;
  /** Where each declared one is from. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** Names of those that chance or a secret is in: not to be shown. */
  readonly secret: ReadonlySet<string>;
  /** What variables are called among the secrets of services. `null`: it has a problem. */
  readonly vault: ReadonlyMap<string, string | null>;
}

export interface ScopeInput {
  /** Names that are always there, and what they stand for. */
  readonly builtIn: ReadonlyMap<string, string>;
  /** In a file that is extended: what its names stand for where it is extended. That counts before its own. */
  readonly inherited?: StackScope;
  /** The stack file. */
  readonly path: string;
  readonly text: StackText;
  /** The values that grid.yml, or the stack that brings this one along, gives. */
  readonly given: MapNode | null;
  /** What values of chance are derived from, and whose they are: grid and stack. */
  readonly seed: Seed;
  readonly owner: readonly string[];
  readonly secrets: SecretBook;
  readonly sources: Sources;
  readonly report: Report;
}

/** A stack file declares its variables; app and Compose files take every name that somebody gives a value. */
export function readScope(input: ScopeInput): StackScope {
  return input.text.dialect === 'stack' ? declaredScope(input) : openScope(input);
}

/** These hold templates of their own, which the variable resolves. */
const resolverTexts = ['interpolate', 'evaluate'];

function declaredScope(input: ScopeInput): StackScope {
  const { builtIn, inherited, text, report } = input;
  const known: Scope = inherited?.scope ?? { values: builtIn };
  const written = valueAt(text.head, 'variables');
  const apply = createInterpolation(known, report, resolverTexts);
  const own = written?.kind === 'map' ? withoutKeys(written, [...known.values.keys()]) : null;
  const declared = inherited === undefined ? written : own;
  const applied = declared === null ? null : apply(declared);
  const variables = resolveVariables({
    ...input,
    declared: applied?.kind === 'map' ? applied : null,
    builtIn: known,
    isExtended: inherited !== undefined,
  });
  const broken = new Set([...(known.broken ?? []), ...(variables.scope.broken ?? [])]);
  const values = new Map([...variables.values, ...(inherited?.values ?? [])]);
  return {
    scope: { values: variables.scope.values, broken },
    values,
    origins: variables.origins,
    secret: variables.secret,
    vault: new Map([...variables.vault, ...(inherited?.vault ?? [])]),
  };
}

function openScope(input: ScopeInput): StackScope {
  const { builtIn, inherited, text, given } = input;
  const fromGrid = given === null ? [] : givenTexts(given, input.report);
  const fromFile = text.dialect === 'compose' ? readDotEnv(input, new Map(fromGrid)) : [];
  const outer = inherited?.scope.values ?? [];
  const values = new Map([...fromFile, ...fromGrid, ...outer, ...builtIn]);
  const braces = text.dialect === 'compose' ? 'compose' : 'kontena';
  const { broken = new Set<string>() } = inherited?.scope ?? {};
  return {
    scope: { values, braces, broken, isOpen: true },
    values,
    origins: new Map(),
    secret: new Set(),
    vault: inherited?.vault ?? new Map(),
  };
}

/** Nobody declares them, so nobody says that they may be anything but texts. One without a value is not given. */
function givenTexts(given: MapNode, report: Report): readonly (readonly [string, string])[] {
  return [...given.entries].flatMap(([name, { value }]) => {
    if (value.kind === 'scalar') return isNull(value) ? [] : [[name, value.text] as const];
    const message = `the variable ${quote(name)} must be a single value, not a ${value.kind}`;
    report.error(value, { code: 'wrong-type', message });
    return [];
  });
}

/** Compose reads the file `.env` beside its own: without one there is nothing to read, one that cannot be read is missed. */
function readDotEnv(
  { path, sources, report }: ScopeInput,
  outer: ReadonlyMap<string, string>,
): readonly (readonly [string, string])[] {
  const resolved = resolvePath(path, '.env');
  const opened = resolved.fault === undefined ? sources.open(resolved.value) : resolved;
  if (opened.fault === undefined) {
    const values = parseDotEnv(opened.value, report, outer);
    warnOfSettings(values, report);
    return Array.from(values, ([name, { text }]) => [name, text]);
  }
  const at = { file: path, line: 1, column: 1 };
  if (opened.fault.code !== 'file-missing') report.error(at, opened.fault);
  return [];
}

/** Variables that tell Compose itself what to do. */
const composeSettings: Readonly<Record<string, Fault>> = {
  COMPOSE_PROFILES: {
    code: 'no-effect',
    message: '"COMPOSE_PROFILES" switches no profile on',
    hint: 'Name them in grid.yml: "stacks: {<stack>: {profiles: […]}}".',
  },
  COMPOSE_FILE: {
    code: 'no-effect',
    message: '"COMPOSE_FILE" brings no other file along',
    hint: 'Write the services in this one; with "extends: {file: PATH, service: NAME}" they take from others.',
  },
};

function warnOfSettings(values: ReadonlyMap<string, ScalarNode>, report: Report): void {
  for (const [name, fault] of Object.entries(composeSettings)) {
    const written = values.get(name);
    if (written !== undefined && written.text !== '') report.warn(written, fault);
  }
}
