import { addressNumber } from '../model/subnet.ts';

/**
 * What names look like. All of them are compared in lower case, without the dot at the end: DNS does not tell upper from
 * lower case (RFC 4343). Underscores are allowed, as they are in the names of services.
 */

/** Above all grids. Nothing below it is ever asked of anybody else. */
export const TOP = 'kontena.local';

/** RFC 1035, as text: without the length of the first label and the root. */
const longest = { name: 253, label: 63 } as const;
const label = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

export function gridDomain(grid: string): string {
  return canonical(`${grid}.${TOP}`);
}

export function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** Whether a canonical name can be asked for at all. */
export function isDnsName(name: string): boolean {
  if (name.length === 0 || name.length > longest.name) return false;
  return name.split('.').every((part) => part.length <= longest.label && label.test(part));
}

export function isBelow(name: string, domain: string): boolean {
  return name.endsWith(domain) && name.at(-domain.length - 1) === '.';
}

/** What stands before the domain; `null` where the name is not below it. */
export function before(name: string, domain: string): string | null {
  return isBelow(name, domain) ? name.slice(0, -domain.length - 1) : null;
}

/** A service inside of its grid, as links call it, too: `db.shop`. */
export function serviceName(of: { readonly stack: string; readonly service: string }): string {
  return canonical(`${of.service}.${of.stack}`);
}

/** As services were called before there were stacks: `shop-db`, directly below the top. */
export function legacyName(of: { readonly stack: string; readonly service: string }): string {
  return canonical(`${of.stack}-${of.service}`);
}

/** `web-2` → `web` and 2; the number as it is written, without zeros in front. */
export function splitNumber(text: string): { readonly of: string; readonly number: number } | null {
  const [, of, number] = /^(.+)-([1-9]\d{0,6})$/.exec(text) ?? [];
  return of === undefined ? null : { of, number: Number(number) };
}

/** A further name stands by itself and below the grid's domain; one that has the top at its end stands for itself alone. */
export function furtherNames(name: string, domain: string): readonly string[] {
  const own = canonical(name);
  const all = isBelow(own, TOP) ? [own] : [own, `${own}.${domain}`];
  return all.filter(isDnsName);
}

/** `7.0.81.10.in-addr.arpa` → `10.81.0.7`; `null` for any other name. */
export function reversedAddress(name: string): string | null {
  const rest = before(name, 'in-addr.arpa');
  const address = rest?.split('.').toReversed().join('.') ?? '';
  return addressNumber(address) === null ? null : address;
}
