import { nameFault } from './names.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

/** What a service waits for, and the name it wanted it to have. */
export interface Link {
  readonly stack: string;
  readonly service: string;
  readonly alias: string | null;
}

/** `[stack/]service[:alias]`; without a stack the own one is meant. */
export function parseLink(text: string, ownStack: string): Parsed<Link> {
  const [target = '', alias, ...more] = text.split(':');
  const [first = '', second, ...rest] = target.split('/');
  const stack = second === undefined ? ownStack : first;
  const service = second ?? first;
  const fault = nameFault('stack', stack) ?? nameFault('service', service);
  const isName = alias === undefined || dnsName.test(alias);
  if (fault === null && isName && more.length === 0 && rest.length === 0) {
    return { value: { stack, service, alias: alias ?? null } };
  }
  return {
    fault: {
      code: 'bad-link',
      message: `${quote(text)} does not name a service`,
      hint: 'Write it as "service" or "stack/service", with ":alias" behind it for another name.',
    },
  };
}

const dnsName = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?$/;
