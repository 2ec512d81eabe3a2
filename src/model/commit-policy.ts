/** Whose signatures commits must have that change some files, as the master's own configuration says. */
export interface CommitPolicy {
  /** Folder from the repository's root, without a slash at its end; empty: everything. */
  readonly path: string;
  /** `head`: the newest commit that changed it. `all`: each one since `seal`. */
  readonly mode: 'head' | 'all';
  /** A commit that is trusted with all its history; null only with `head`. */
  readonly seal: string | null;
  /** Files of the master's. */
  readonly gpg: string | null;
  readonly ssh: string | null;
  readonly sshRevoked: string | null;
}

/**
 * Whether a policy is about a grid, which is when one of the two holds the other, or when it is about files that grids
 * share.
 */
export function concernsGrid({ path }: CommitPolicy, grid: string): boolean {
  const folder = `grids/${grid}`;
  return isBelow(folder, path) || isBelow(path, folder) || isBelow(path, 'stacks');
}

function isBelow(one: string, other: string): boolean {
  return other === '' || `${one}/`.startsWith(`${other}/`);
}

/** What commits may change only with such a signature, of one grid: else shared files would be the way around. */
export function guardedPaths({ path }: CommitPolicy): readonly string[] {
  if (path === '') return ['grids', 'stacks'];
  return path.split('/')[0] === 'stacks' ? [path] : [path, 'stacks'];
}
