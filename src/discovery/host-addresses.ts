import { readFileSync } from 'node:fs';

/** The kernel's routes, as a tree: below each address of the host itself stands that it is one. */
const ROUTES = '/proc/net/fib_trie';

/**
 * Whether this is an IPv4 address of the host itself. Asked of the kernel, because Node leaves out what has no carrier: a host
 * whose cable is out asks for names all the same.
 */
export function isHost(address: string): boolean {
  try {
    return localAddresses(readFileSync(ROUTES, 'utf8')).has(address);
  } catch {
    // No Linux, or no right to read it: only those of the grid are answered then.
    return false;
  }
}

export function localAddresses(routes: string): ReadonlySet<string> {
  const found = routes.matchAll(/\|-- (\d+\.\d+\.\d+\.\d+)\n\s+\/32 host LOCAL/g);
  return new Set([...found].map(([, address = '']) => address));
}
