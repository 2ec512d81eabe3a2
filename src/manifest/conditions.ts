import { hasMark } from '../model/secret.ts';
import { alternatives, quote } from './quote.ts';
import type { Report } from './report.ts';
import { didYouMean } from './suggest.ts';
import { type TreeNode, valueAt } from './tree.ts';
import { isSame, isTrue, type Value, valueText, writtenValue } from './values.ts';

/** Where conditions look variables up. `undefined`: there is none of that name. */
export type Lookup = (name: string) => Value | undefined;

export interface Conditions {
  readonly lookup: Lookup;
  readonly names: () => Iterable<string>;
  readonly report: Report;
}

/** Kontena's `only_if` and `skip_if` (kontena.md 1.3, 1.5): it is there when all of the one hold and none of the other. */
export function isWanted(node: TreeNode, conditions: Conditions): boolean {
  const [only, skip] = [valueAt(node, 'only_if'), valueAt(node, 'skip_if')];
  const wanted = only === null || holdsEach(only, conditions).every(Boolean);
  const skipped = skip !== null && holdsEach(skip, conditions).some(Boolean);
  return wanted && !skipped;
}

/** A condition as a map: all of it holds. */
export function holds(condition: TreeNode, conditions: Conditions): boolean {
  return holdsEach(condition, conditions).every(Boolean);
}

function holdsEach(condition: TreeNode, conditions: Conditions): readonly boolean[] {
  switch (condition.kind) {
    case 'scalar':
      return [isTrue(look(condition.text, condition, conditions))];
    case 'list':
      return condition.items.map((item) => holdsEach(item, conditions).every(Boolean));
    case 'map':
      return Array.from(condition.entries.values(), ({ key, value }) => {
        const actual = look(key.text, key, conditions);
        if (isSecret(actual)) conditions.report.error(key, compared(key.text));
        if (value.kind !== 'map') return isSame(actual, writtenValue(value));
        return Array.from(value.entries.values(), (operator) =>
          compare(operator.key, actual, writtenValue(operator.value), conditions.report),
        ).every(Boolean);
      });
  }
}

function look(name: string, at: TreeNode, { lookup, names, report }: Conditions): Value {
  const value = lookup(name);
  if (value !== undefined) return value;
  const message = `the variable ${quote(name)} is not declared`;
  report.error(at, { code: 'undefined-variable', message, ...didYouMean(name, names()) });
  return null;
}

function isSecret(value: Value): boolean {
  return typeof value === 'string' && hasMark(value);
}

function compared(name: string) {
  return {
    code: 'secret-inspected',
    message: `${quote(name)} is a secret, and cannot be compared: only its node can read it`,
    hint: `Whether it is there can be asked: "only_if: ${name}".`,
  };
}

type Operator = (actual: Value, wanted: Value) => boolean;

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['lt', (a, b) => order(a, b) < 0],
  ['lte', (a, b) => order(a, b) <= 0],
  ['gt', (a, b) => order(a, b) > 0],
  // opto had `>` here.
  ['gte', (a, b) => order(a, b) >= 0],
  ['eq', isSame],
  ['ne', (a, b) => !isSame(a, b)],
  ['start_with', (a, b) => (valueText(a) ?? '').startsWith(valueText(b) ?? '')],
  ['end_with', (a, b) => (valueText(a) ?? '').endsWith(valueText(b) ?? '')],
  ['contain', contains],
  ['any_of', (a, b) => itemsOf(b).some((item) => isSame(a, item))],
]);

function compare(operator: TreeNode, actual: Value, wanted: Value, report: Report): boolean {
  const name = operator.kind === 'scalar' ? operator.text : '';
  const known = operators.get(name);
  if (known !== undefined) return known(actual, wanted);
  const names = [...operators.keys()];
  const message = `there is no operator ${quote(name)}; there are ${alternatives(names)}`;
  report.error(operator, { code: 'wrong-value', message, ...didYouMean(name, names) });
  return false;
}

/** Numbers by size, everything else as text. Nothing is neither less nor more than anything. */
function order(a: Value, b: Value): number {
  const [left, right] = [valueText(a), valueText(b)];
  if (left === null || right === null || left === '' || right === '') return Number.NaN;
  const [one, other] = [Number(left), Number(right)];
  if (!Number.isNaN(one) && !Number.isNaN(other)) return one - other;
  return left < right ? -1 : left > right ? 1 : 0;
}

function contains(actual: Value, wanted: Value): boolean {
  if (Array.isArray(actual)) return actual.some((item: Value) => isSame(item, wanted));
  return (valueText(actual) ?? '').includes(valueText(wanted) ?? '');
}

function itemsOf(value: Value): readonly Value[] {
  return Array.isArray(value) ? value : (valueText(value) ?? '').split(',');
}
