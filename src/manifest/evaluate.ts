import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

/**
 * Arithmetic, as opto's `evaluate` takes it, without running anything:
 *
 *     sum     = product { ("+" | "-") product }
 *     product = factor { ("*" | "/") factor }
 *     factor  = number | "-" factor | "(" sum ")"
 *
 * Whole numbers divide to whole numbers, rounded down as in Ruby.
 */
export function evaluate(text: string): Parsed<number> {
  const tokens = text.match(/\d+(?:\.\d+)?|[-+*/()]|[^\s]/g) ?? [];
  const cursor: Cursor = { tokens, at: 0, depth: 0 };
  const value = tokens.length > maxTokens ? null : sum(cursor);
  if (value !== null && cursor.at === tokens.length && Number.isFinite(value)) return { value };
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

function sum(cursor: Cursor): number | null {
  let left = product(cursor);
  for (;;) {
    const operator = cursor.tokens[cursor.at];
    if (left === null || (operator !== '+' && operator !== '-')) return left;
    cursor.at += 1;
    const right = product(cursor);
    left = right === null ? null : left + (operator === '+' ? right : -right);
  }
}

function product(cursor: Cursor): number | null {
  let left = factor(cursor);
  for (;;) {
    const operator = cursor.tokens[cursor.at];
    if (left === null || (operator !== '*' && operator !== '/')) return left;
    cursor.at += 1;
    const right = factor(cursor);
    left = right === null ? null : operator === '*' ? left * right : divide(left, right);
  }
}

function divide(a: number, b: number): number {
  return Number.isInteger(a) && Number.isInteger(b) ? Math.floor(a / b) : a / b;
}

function factor(cursor: Cursor): number | null {
  const token = cursor.tokens[cursor.at];
  if (token === undefined || cursor.depth > maxDepth) return null;
  cursor.at += 1;
  if (/^\d/.test(token)) return Number(token);
  if (token !== '-' && token !== '(') return null;
  cursor.depth += 1;
  const inner = token === '-' ? factor(cursor) : sum(cursor);
  cursor.depth -= 1;
  if (token === '-') return inner === null ? null : -inner;
  return cursor.tokens[cursor.at++] === ')' ? inner : null;
}
