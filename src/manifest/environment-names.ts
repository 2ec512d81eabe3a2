import { hasMark } from '../model/secret.ts';
import { quote } from './quote.ts';
import type { Fault } from './report.ts';

/** The longest `NAME=value` that Linux passes to a program. */
const maxEntryBytes = 128 * 1024;

/** What is wrong with an environment variable; `null` when it is right. */
export function environmentFault(name: string, value: string): Fault | null {
  const reason = nameReason(name) ?? valueReason(name, value);
  return reason === null ? null : { code: 'bad-environment', ...reason };
}

type Reason = Omit<Fault, 'code'>;

function nameReason(name: string): Reason | null {
  if (name === '') return { message: 'an environment variable has no name before its "="' };
  if (name === '__proto__') return { message: '"__proto__" cannot be an environment variable' };
  if (hasMark(name)) return { message: 'a secret cannot be in the name of a variable' };
  if (!/[\s=\0]/.test(name)) return null;
  return {
    message: `${quote(name)} cannot be the name of an environment variable`,
    hint: 'Write "NAME=value" without blanks around the "=".',
  };
}

// Encoding is at most three bytes a character: only then is it worth counting them.
function valueReason(name: string, value: string): Reason | null {
  if (value.includes('\0')) return { message: `the value of ${quote(name)} has a NUL in it` };
  const length = name.length + value.length + 1;
  if (length * 3 <= maxEntryBytes || utf8Length(name) + utf8Length(value) < maxEntryBytes)
    return null;
  return { message: `${quote(name)} is longer than ${maxEntryBytes} bytes` };
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
