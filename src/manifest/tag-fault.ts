import { quote } from './quote.ts';
import type { Fault } from './report.ts';

/** A tag as it is written, such as `!reset`: none has a meaning here, and Compose's say what else to write. */
export function tagFault(tag: string): Fault {
  const message = `the YAML tag ${quote(tag)} has no meaning here`;
  const hint = instead.get(tag);
  return { code: 'unknown-tag', message, ...(hint === undefined ? {} : { hint }) };
}

/** Compose has these for override files, which are not merged here, and acts on them with `extends`, too. */
const instead: ReadonlyMap<string, string> = new Map([
  [
    '!reset',
    'Leave the key out: override files are not merged. With "extends" a service has all keys of the other one; move what this one must not have out of that.',
  ],
  [
    '!override',
    'Write the value without the tag: override files are not merged. With "extends", Compose files merge maps and put lists together; move what this value replaces out of the service that is extended.',
  ],
]);
