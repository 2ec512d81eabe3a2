import type { RepositoryName } from './forge.ts';
import { RestRefusal } from './rest-client.ts';

/** Where a project is in the API, by its whole path. */
export function projectPath({ owner, name }: RepositoryName): string {
  return `/projects/${encodeURIComponent(`${owner}/${name}`)}`;
}

export function refusedWith(error: unknown, status: number, said = /^/): boolean {
  return error instanceof RestRefusal && error.status === status && said.test(error.message);
}

/**
 * GitLab carries out lines that begin with a slash and a word, in comments and descriptions alike: "/merge". What we write
 * quotes what others wrote, and must not command anything in our name.
 */
export function withoutQuickActions(text: string): string {
  return text.replace(/^(\s*)\/(?=\w)/gm, '$1\\/');
}
