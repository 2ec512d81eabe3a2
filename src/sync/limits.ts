/** How much of a repository is taken in. Sizes in bytes, times in milliseconds. */
export interface Limits {
  /** A larger file is listed as refused and never held in memory. */
  readonly fileBytes: number;
  /** Folders and files below `grids/<grid>/` and `stacks/`, and folders below `grids/`. */
  readonly entries: number;
  /** Text of all files of one source together. */
  readonly sourceBytes: number;
  /** What the isomorphic engine, which works in this process's memory, downloads or copies at once. */
  readonly packBytes: number;
  /** What one mirror of the native engine may take on disk. */
  readonly mirrorBytes: number;
  /** What another ref than the branch may add to a mirror of the native engine at once. */
  readonly refBytes: number;
  /** What is kept in memory of files that were read: blobs and sources, each. */
  readonly cacheBytes: number;
  /** Commits that `isAncestor` looks at. */
  readonly ancestry: number;
  /** Until a remote repository has told where its branch points. */
  readonly listTimeout: number;
  /** Until a fetch or the first clone is complete. */
  readonly fetchTimeout: number;
  /** Until two commits are merged. */
  readonly mergeTimeout: number;
}

export const defaultLimits: Limits = {
  fileBytes: 512 * 1024,
  entries: 5_000,
  sourceBytes: 32 * 1024 * 1024,
  packBytes: 30 * 1024 * 1024,
  mirrorBytes: 2 * 1024 * 1024 * 1024,
  refBytes: 100 * 1024 * 1024,
  cacheBytes: 32 * 1024 * 1024,
  ancestry: 10_000,
  listTimeout: 15_000,
  fetchTimeout: 120_000,
  mergeTimeout: 30_000,
};
