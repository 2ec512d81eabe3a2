import type { RepositoryHint } from './received.ts';

/** What is read of payloads, each bounded and of the type that it must have; `null`: it is missing, or something else. */
const limits = {
  name: /^(?!\.+$)[\w.-]{1,100}$/,
  ref: /^refs\/[^\p{Cc}\s]{1,1024}$/u,
  objectId: /^([0-9a-f]{40}|[0-9a-f]{64})$/,
} as const;
/** GitLab has groups of groups. */
const MAX_NAMES = 21;
const MAX_URL = 2_048;
/** Of a person, at any forge. */
const MAX_NAME = 255;

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at the end of a path. Own properties only: `__proto__` and its kin in a payload are just names. */
export function field(of: unknown, ...path: readonly string[]): unknown {
  let value = of;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

export function textField(of: unknown, ...path: readonly string[]): string | null {
  const value = field(of, ...path);
  return typeof value === 'string' ? value : null;
}

export function listField(of: unknown, ...path: readonly string[]): readonly unknown[] {
  const value = field(of, ...path);
  return Array.isArray(value) ? value : [];
}

/** A count from 1, as forges number requests and comments. */
export function numberField(of: unknown, ...path: readonly string[]): number | null {
  const value = field(of, ...path);
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** The same as text: numbers that are only names. */
export function idField(of: unknown, ...path: readonly string[]): string | null {
  const value = numberField(of, ...path);
  return value === null ? null : String(value);
}

export function refField(of: unknown, ...path: readonly string[]): string | null {
  const value = textField(of, ...path);
  return value !== null && limits.ref.test(value) ? value : null;
}

export function objectIdField(of: unknown, ...path: readonly string[]): string | null {
  const value = textField(of, ...path);
  return value !== null && limits.objectId.test(value) ? value : null;
}

export function personField(of: unknown, ...path: readonly string[]): string | null {
  const value = textField(of, ...path);
  return value !== null && value !== '' && value.length <= MAX_NAME ? value : null;
}

/** Milliseconds since the epoch. */
export function timeField(of: unknown, ...path: readonly string[]): number | null {
  // GitLab writes `2024-01-01 10:00:00 UTC`.
  const at = Date.parse((textField(of, ...path) ?? '').replace(/^(\S+) (\S+) UTC$/, '$1T$2Z'));
  return Number.isNaN(at) ? null : at;
}

export function repositoryHint(
  id: unknown,
  fullName: unknown,
  cloneUrl: unknown,
): RepositoryHint | null {
  const isId = typeof id === 'string' ? id.length <= MAX_NAME : Number.isSafeInteger(id);
  if (!isId || typeof fullName !== 'string' || !isFullName(fullName)) return null;
  if (typeof cloneUrl !== 'string' || !isWebUrl(cloneUrl)) return null;
  return { id: String(id), fullName, cloneUrl };
}

export function isWebUrl(text: string): boolean {
  if (text.length > MAX_URL || !URL.canParse(text)) return false;
  return /^https?:$/.test(new URL(text).protocol);
}

export function isFullName(text: string): boolean {
  return text.includes('/') && isPath(text);
}

/** Names with slashes between them; a server of one's own may have its repositories in no folder. */
export function isPath(text: string): boolean {
  const names = text.split('/');
  return names.length <= MAX_NAMES && names.every((name) => limits.name.test(name));
}

/** Of a branch, from its full ref. */
export function branchOf(ref: string): string | null {
  return /^refs\/heads\/(.+)$/.exec(ref)?.[1] ?? null;
}
