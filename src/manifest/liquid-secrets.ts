import {
  CaseTag,
  Context,
  defaultOperators,
  type Emitter,
  type Liquid,
  type Operators,
} from 'liquidjs';
import { hasMark } from '../model/secret.ts';

/**
 * A template may put a secret somewhere, and ask whether there is one. It can neither compare it nor make another text of it:
 * what stands there is a mark, and the answer would be about the mark.
 */

export class SecretRead extends Error {
  readonly hint =
    'Its value is not known before it is on its node; "{% if NAME %}" asks whether there is one.';
}

/** These put texts together, or give back what they were given. */
const carrying = new Set([
  'append',
  'compact',
  'concat',
  'default',
  'first',
  'join',
  'last',
  'map',
  'pop',
  'prepend',
  'push',
  'raw',
  'reverse',
  'shift',
  'unshift',
]);

/** These look at the items of a list one by one, or count them. */
const listing = new Set(['find', 'has', 'reject', 'size', 'slice', 'uniq', 'where']);

export function guardFilters(liquid: Liquid): void {
  for (const [name, filter] of Object.entries(liquid.filters)) {
    if (carrying.has(name)) continue;
    const isRead = listing.has(name) ? isSecret : holdsSecret;
    const handler = typeof filter === 'function' ? filter : filter.handler;
    const raw = typeof filter !== 'function' && filter.raw;
    const guarded: typeof handler = function (value, ...rest): unknown {
      if ([value, ...rest].some(isRead))
        throw new SecretRead(`the filter "${name}" cannot read a secret`);
      return handler.call(this, value, ...rest) as unknown;
    };
    liquid.registerFilter(name, { handler: guarded, raw });
  }
}

type Compare = (left: unknown, right: unknown, context: Context) => ReturnType<Operators[string]>;

const comparing = ['==', '!=', '>', '<', '>=', '<=', 'contains'];

/** Liquid's own, but that they refuse to compare a secret with a text. */
export function guardedOperators(): Operators {
  const guarded = comparing.map((name) => {
    const operator = defaultOperators[name] as Compare;
    const guard: Compare = (left, right, context) => {
      if ((isSecret(left) && isText(right)) || (isSecret(right) && isText(left)))
        throw new SecretRead(`"${name}" cannot compare a secret`);
      return operator(left, right, context);
    };
    return [name, guard] as const;
  });
  return { ...defaultOperators, ...Object.fromEntries(guarded) };
}

/** `case` compares without an operator. */
export class GuardedCase extends CaseTag {
  override *render(context: Context, emitter: Emitter): Generator<unknown, void, unknown> {
    const value = yield this.value.value(context);
    if (isSecret(value)) throw new SecretRead('"case" cannot compare a secret');
    yield super.render(context, emitter);
  }
}

/** `PASS.size`, `PASS.first` and the like would be about the mark, too. */
export class GuardedContext extends Context {
  override readProperty(...of: Parameters<Context['readProperty']>): unknown {
    if (isSecret(of[0])) throw new SecretRead('nothing can be asked of a secret');
    return super.readProperty(...of) as unknown;
  }
}

function isSecret(value: unknown): boolean {
  return typeof value === 'string' && hasMark(value);
}

function isText(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && value !== '');
}

function holdsSecret(value: unknown): boolean {
  if (typeof value === 'string') return hasMark(value);
  return Array.isArray(value) && value.some(holdsSecret);
}
