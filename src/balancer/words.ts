import { servicePath } from '../model/identity.ts';

/** Any text without control characters as one word of HAProxy's configuration: in single quotes nothing means anything. */
export function quoteWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What a service's backend is called. No name of ours has a colon. */
export function proxyName(of: { readonly stack: string; readonly service: string }): string {
  return servicePath(of).replace('/', ':');
}

export function serverName(slot: number): string {
  return `s${slot + 1}`;
}

/** With the port behind it. */
export function socketAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
