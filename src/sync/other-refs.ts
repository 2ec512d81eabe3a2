import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GridError } from '../model/error.ts';
import { isBranchName } from './branch-ref.ts';
import { tooLarge } from './faults.ts';

/** Refs of a mirror besides its branch. What they name survives every `git gc`. */
const folder = 'refs/gridops/other';

// With its escapes it is the name of one file.
const longestName = 240;

// Each is told to the remote repository at every fetch.
const mostRefs = 2_000;

/**
 * The ref of a mirror that keeps a ref of the remote repository: one file's name, so that `refs/heads/a` and
 * `refs/heads/a/b`, which no repository has at once but one may have had in turn, are never in each other's way.
 * @throws GridError invalid-request
 */
export function otherRef(ref: string): string {
  return `${folder}/${encodeURIComponent(fullRef(ref))}`;
}

/**
 * The ref itself, where it can be asked for and kept.
 * @throws GridError invalid-request
 */
export function fullRef(ref: string): string {
  const isRef = ref.startsWith('refs/') && isBranchName(ref) && !/\p{Cs}/u.test(ref);
  if (isRef && encodeURIComponent(ref).length <= longestName) return ref;
  throw new GridError({
    code: 'invalid-request',
    message: `${JSON.stringify(ref.slice(0, longestName))} is not the full name of a ref.`,
    hint: 'Name it in full, such as refs/pull/7/head or refs/heads/main.',
  });
}

/** What a ref of a mirror points at; null when there is none. */
export async function readMirrorRef(directory: string, name: string): Promise<string | null> {
  const text = await readFile(join(directory, name), 'utf8').catch(() => '');
  return /^([0-9a-f]{40}|[0-9a-f]{64})\n?$/.test(text) ? text.trim() : null;
}

export async function removeMirrorRef(directory: string, name: string): Promise<void> {
  await rm(join(directory, name), { force: true });
}

/** The remote refs that are kept, in code unit order. */
export async function listOtherRefs(directory: string): Promise<readonly string[]> {
  const names = await readdir(join(directory, folder)).catch(() => []);
  return names
    .filter((name) => name.startsWith('refs%2F'))
    .map(decodeURIComponent)
    .toSorted();
}

/** Makes room for one more. @throws GridError repository-too-large */
export async function prepareOtherRef(
  directory: string,
  of: { readonly name: string; readonly where: string },
): Promise<void> {
  const kept = await readdir(join(directory, folder)).catch(() => []);
  if (kept.length >= mostRefs && (await readMirrorRef(directory, of.name)) === null) {
    throw tooLarge(of.where, `more than ${mostRefs} refs are kept of it`, 'Close what is done.');
  }
  await mkdir(join(directory, dirname(of.name)), { recursive: true });
}
