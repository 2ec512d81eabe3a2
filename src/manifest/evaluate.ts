import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

/**
 * Arithmetic, as opto's `evaluate` takes it, without running anything:
 *
 *     sum     = product { ("+" | "-") product }
 *     product = factor { ("*" | "/") factor }
 *     factor  = number | "-" factor | "(" sum ")"
 *
 * Whole numbers divide to whole numbers, rounded down as in Ruby. `2.0` is none: `1 / 2.0` is a half.
 */
export function evaluate(text: string): Parsed<number> {
  const tokens = text.match(/\d+(?:\.\d+)?|[-+*/()]|[^\s]/g) ?? [];
  const cursor: Cursor = { tokens, at: 0, depth: 0 };
  const result = tokens.length > maxTokens ? null : sum(cursor);
  if (result !== null && cursor.at === tokens.length && Number.isFinite(result.value))
    return { value: result.value };
  const message = `${quote(text)} is not a calculation with a result`;
  const hint = 'It may have numbers, "+", "-", "*", "/" and brackets.';
  return { fault: { code: 'bad-variable', message, hint } };
}

const maxTokens = 1_000;
const maxDepth = 50;

interface Cursor {
  readonly tokens: readonly string[];
  at: number;
  depth: number;
}

interface Operand {
  readonly value: number;
  /** Written without a decimal point, and made of such only. */
  readonly isWhole: boolean;
}

function sum(cursor: Cursor): Operand | null {
  return chain(cursor, product, { '+': (a, b) => a + b, '-': (a, b) => a - b });
}

function product(cursor: Cursor): Operand | null {
  return chain(cursor, factor, {
    '*': (a, b) => a * b,
    '/': (a, b, isWhole) => (isWhole ? Math.floor(a / b) : a / b),
  });
}

type Operation = (a: number, b: number, isWhole: boolean) => number;

/** Operands with operators of one rank between them, from left to right. */
function chain(
  cursor: Cursor,
  operand: (cursor: Cursor) => Operand | null,
  operations: Readonly<Partial<Record<string, Operation>>>,
): Operand | null {
  let left = operand(cursor);
  for (;;) {
    const operation = operations[cursor.tokens[cursor.at] ?? ''];
    if (left === null || operation === undefined) return left;
    cursor.at += 1;
    const right = operand(cursor);
    if (right === null) return null;
    const isWhole = left.isWhole && right.isWhole;
    left = { value: operation(left.value, right.value, isWhole), isWhole };
  }
}

function factor(cursor: Cursor): Operand | null {
  const token = cursor.tokens[cursor.at];
  if (token === undefined || cursor.depth > maxDepth) return null;
  cursor.at += 1;
  if (/^\d/.test(token)) return { value: Number(token), isWhole: !token.includes('.') };
  if (token !== '-' && token !== '(') return null;
  cursor.depth += 1;
  const inner = token === '-' ? factor(cursor) : sum(cursor);
  cursor.depth -= 1;
  if (token === '-') return inner === null ? null : { ...inner, value: -inner.value };
  return cursor.tokens[cursor.at++] === ')' ? inner : null;
}
