import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { environmentNames, wishesOf } from './resolvers.ts';
import { didYouMean } from './suggest.ts';
import type { Scope } from './template.ts';
import { type MapNode, type TreeNode, valueAt } from './tree.ts';
import { type Value, valueText } from './values.ts';
import { broken, createResolution } from './variable-resolution.ts';
import type { Declaring, Origin } from './variable-value.ts';

export interface Variables {
  /** As texts, for `$NAME`. */
  readonly scope: Scope;
  /** As what they are, for Liquid and for conditions. */
  readonly values: ReadonlyMap<string, Value>;
  readonly origins: ReadonlyMap<string, Origin>;
  /** Names of those that chance or a secret is in, also through others: nobody shows or logs them. */
  readonly secret: ReadonlySet<string>;
  /** Values that `to: {vault: NAME}` gives a name, for `secrets` of the services. `null`: one with a problem. */
  readonly vault: ReadonlyMap<string, string | null>;
}

/**
 * Declarations and given values → what each name stands for. Of each the first that there is: the value that grid.yml gives,
 * its `value`, its resolvers in their order, its `default`. What is wrong or missing is reported once, here.
 */
export function resolveVariables(input: Declaring): Variables {
  const { declared, given, builtIn, report } = input;
  const budget = { characters: maxCharacters, files: maxFiles, depth: 0 };
  const resolve = createResolution({ ...input, budget }, (name) => builtIn.values.get(name));
  const scope = new Map(builtIn.values);
  const values = new Map<string, Value>(builtIn.values);
  const origins = new Map([...builtIn.values.keys()].map((name) => [name, builtInOrigin] as const));
  const spoiled = new Set<string>();
  const secret = new Set<string>();
  const vault = new Map<string, string | null>();
  for (const { key, value: declaration } of declared?.entries.values() ?? []) {
    const name = key.text;
    const fault = builtIn.values.has(name) ? reserved(name) : nameFault(name);
    if (fault !== null) report.error(key, fault);
    if (builtIn.values.has(name)) continue;
    const { value, origin, isBroken, isSecret = false } = resolve(name) ?? broken;
    origins.set(name, origin);
    const text = valueText(value);
    if (isBroken || text !== null)
      for (const own of vaultNames(declaration)) vault.set(own, isBroken ? null : text);
    for (const own of [name, ...otherNames(declaration, builtIn, report)]) {
      scope.set(own, text);
      values.set(own, value);
      if (isBroken) spoiled.add(own);
      if (isSecret) secret.add(own);
    }
  }
  refuseUndeclared(declared, given, report);
  return { scope: { values: scope, broken: spoiled }, values, origins, secret, vault };
}

/** What the variables of one stack may be together, and how often they may look into files: each look costs a parse. */
const maxCharacters = 1024 * 1024;
const maxFiles = 100;

const builtInOrigin: Origin = { kind: 'built-in' };

/** `to: {env: NAME}` makes it known as NAME, too; what is always there keeps its meaning. */
function otherNames(declaration: TreeNode, builtIn: Scope, report: Report): readonly string[] {
  const to = valueAt(declaration, 'to');
  if (to === null) return [];
  return wishesOf(to).flatMap((wish) => {
    const { resolver: setter } = wish;
    if (setter.text === 'env') {
      const names = environmentNames(wish);
      const taken = names.find((name) => builtIn.values.has(name));
      if (taken !== undefined) report.error(wish.hint ?? setter, reserved(taken));
      return names.filter((name) => !builtIn.values.has(name));
    }
    if (setter.text === 'vault') return [];
    const message = `${quote(setter.text)} is not written to: what is deployed comes from the repository alone`;
    report.warn(setter, { code: 'no-effect', message });
    return [];
  });
}

/** `to: {vault: NAME}`: services of the stack find it under that name among their secrets. */
function vaultNames(declaration: TreeNode): readonly string[] {
  const to = valueAt(declaration, 'to');
  const wishes =
    to === null ? [] : wishesOf(to).filter(({ resolver }) => resolver.text === 'vault');
  return wishes.flatMap(({ hint }) => (hint?.kind === 'scalar' ? [hint.text] : []));
}

function refuseUndeclared(declared: MapNode | null, given: MapNode | null, report: Report): void {
  const known = new Set<string>();
  for (const { key, value } of declared?.entries.values() ?? []) {
    const from = valueAt(value, 'from');
    known.add(key.text);
    for (const name of from === null ? [] : wishesOf(from).flatMap(environmentNames))
      known.add(name);
  }
  for (const { key } of given?.entries.values() ?? []) {
    if (report.isFull()) break;
    if (known.has(key.text)) continue;
    const message = `the stack file declares no variable ${quote(key.text)}`;
    report.error(key, { code: 'unknown-variable', message, ...didYouMean(key.text, known) });
  }
}

function nameFault(name: string) {
  if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) return null;
  const hint =
    'A variable has letters, digits, "_" and, for Liquid, "-", and does not begin with a digit.';
  return { code: 'invalid-name', message: `${quote(name)} cannot be the name of a variable`, hint };
}

function reserved(name: string) {
  return {
    code: 'invalid-name',
    message: `the variable ${quote(name)} is always there and cannot be declared`,
    hint: 'Choose another name.',
  };
}
