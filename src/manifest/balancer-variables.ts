import {
  balancingBounds,
  cookieReason,
  hasControl,
  lineReason,
  settingLines,
  userLineReason,
} from '../model/balancing.ts';
import { hasMark } from '../model/secret.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed, Report } from './report.ts';
import { locate, locateKey, type TreeNode } from './tree.ts';

/** The variables of one service, by name, with the places where they are written. */
export interface Variables {
  readonly values: Readonly<Record<string, string>>;
  readonly node: TreeNode;
  readonly report: Report;
}

export function faultAt({ node, report }: Variables, name: string, fault: Fault): void {
  report.error(locate(node, ['environment', name]), fault);
}

export function warnAt({ node, report }: Variables, name: string, fault: Fault): void {
  report.warn(locateKey(node, ['environment', name]), fault);
}

/** What a variable says; `fallback` where it is not set, or set to nothing, or is wrong. */
export function read<T>(
  variables: Variables,
  name: string,
  { fallback, parse }: { readonly fallback: T; readonly parse: (text: string) => Parsed<T> },
): T {
  const text = (variables.values[name] ?? '').trim();
  if (text === '') return fallback;
  if (hasMark(text)) {
    faultAt(variables, name, secretFault(name));
    return fallback;
  }
  return settle(variables, name, { fallback, parsed: parse(text) });
}

/** A text that may have secrets in it: only their lines are known, and looked at. */
export function readOpen<T>(
  variables: Variables,
  name: string,
  { fallback, parse }: { readonly fallback: T; readonly parse: (text: string) => Parsed<T> },
): T {
  const text = variables.values[name] ?? '';
  return text.trim() === '' ? fallback : settle(variables, name, { fallback, parsed: parse(text) });
}

function settle<T>(
  variables: Variables,
  name: string,
  { fallback, parsed }: { readonly fallback: T; readonly parsed: Parsed<T> },
): T {
  if (parsed.fault === undefined) return parsed.value;
  faultAt(variables, name, parsed.fault);
  return fallback;
}

function secretFault(name: string): Fault {
  return {
    code: 'secret-inspected',
    message: `${name} decides what is planned, and cannot be a secret`,
    hint: 'Give the value in grid.yml, or write it here.',
  };
}

export function bad(message: string, hint?: string): { readonly fault: Fault } {
  return {
    fault: { code: 'bad-load-balancing', message, ...(hint === undefined ? {} : { hint }) },
  };
}

export function parsePort(text: string): Parsed<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535
    ? { value: port }
    : bad(`${quote(text)} is not a port`, 'Write a number from 1 to 65535.');
}

export function parseSwitch(text: string): Parsed<boolean> {
  if (/^(?:true|yes|on|1)$/i.test(text)) return { value: true };
  if (/^(?:false|no|off|0)$/i.test(text)) return { value: false };
  return bad(`${quote(text)} is neither true nor false`);
}

export function parsePath(text: string): Parsed<string> {
  if (/^\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,4000}$/.test(text)) return { value: text };
  return bad(
    `${quote(text)} is not the path of an address`,
    'A path begins with "/" and has no blanks, no "?" and no "#"; other characters are written as "%XX".',
  );
}

/** Texts that stand in HAProxy's configuration as one word. */
export function parseWord(text: string): Parsed<string> {
  if (text.length <= balancingBounds.text && !hasControl(text)) return { value: text };
  return bad('there is a character in it that ends the line, or cannot be seen');
}

export function parseSettings(text: string): Parsed<readonly string[]> {
  const lines = settingLines(text);
  if (lines.length > balancingBounds.lines)
    return bad(`there are ${lines.length} lines, and ${balancingBounds.lines} are taken`);
  for (const line of lines) {
    const reason = lineReason(line);
    if (reason !== null)
      return bad(`${quote(line)} ${reason}`, 'Each line is one setting of HAProxy in its section.');
  }
  return { value: lines };
}

/** A secret may stand for any number of lines: those are looked at on the node. */
export function parseUsers(text: string): Parsed<string> {
  if (text.length > balancingBounds.text) return bad('there is more than a load balancer takes');
  for (const line of settingLines(text)) {
    const reason = hasMark(line) ? null : userLineReason(line);
    if (reason !== null)
      return bad('a line '.concat(reason), 'Write one user in a line, and the lines as a secret.');
  }
  return { value: text };
}

/** Kontena took what stands behind HAProxy's keyword, with or without it. */
export function parseCookie(text: string): Parsed<string> {
  const words = text.trim().replace(/^cookie(?=\s|$)\s*/, '');
  if (words === '') return { value: '' };
  const reason = cookieReason(words);
  if (reason === null) return { value: words };
  return bad(
    `the cookie ${quote(words)} ${reason}`,
    'Leave it empty for a cookie of the load balancer\'s own, or write "NAME insert indirect nocache" or "NAME prefix".',
  );
}
