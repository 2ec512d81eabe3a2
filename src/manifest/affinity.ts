import type { Affinity } from '../model/grid.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';
import { didYouMean } from './suggest.ts';

const keys = ['node', 'service', 'container', 'label'] as const;

/** `KEY(==|!=)[~]VALUE`, as in Kontena. The first operator counts: a value may contain others (`label==a==b`). */
export function parseAffinity(text: string): Parsed<Affinity> {
  const match = /^([^=!~]*)(==|!=)(~?)(.*)$/su.exec(text);
  if (match === null) return bad(text, 'has no "==" or "!="');
  const [, word = '', operator, tilde, value = ''] = match;
  const key = keys.find((k) => k === word);
  if (key === undefined)
    return bad(text, `begins with ${quote(word)}`, didYouMean(word, keys).hint);
  const reason = valueFault(value);
  if (reason !== null) return bad(text, reason);
  return { value: { key, negated: operator === '!=', soft: tilde === '~', value } };
}

function valueFault(value: string): string | null {
  if (value === '') return 'has no value';
  if (value !== value.trim()) return 'has blanks around its value';
  const expression = /^\/(.*)\/$/s.exec(value)?.[1];
  if (expression === undefined || isRegularExpression(expression)) return null;
  return 'has a value that is not a regular expression';
}

function isRegularExpression(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

const form =
  'Write it as "KEY==VALUE" or "KEY!=VALUE" with the key node, service, container or label.';

function bad(text: string, reason: string, hint = form): Parsed<Affinity> {
  return {
    fault: { code: 'bad-affinity', message: `the affinity ${quote(text)} ${reason}`, hint },
  };
}
