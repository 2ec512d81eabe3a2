export type EngineName = 'isomorphic' | 'native';

/** The ref of a mirror that says what was fetched last. It moves only when everything it needs is there. */
export const mirrorRef = 'refs/gridops/head';

/**
 * What the two ways of speaking Git have in common. An engine knows one remote repository; the mirrors it fills are
 * bare repositories owned by `mirror.ts`. Object ids are 40 or 64 hex digits.
 */
export interface GitEngine {
  readonly name: EngineName;
  /** The commit that `ref` points at in the remote repository; null when it has no such ref. */
  list(ref: string, signal: AbortSignal): Promise<string | null>;
  /** Makes an empty mirror whose object ids have as many digits as `like`. */
  create(directory: string, like: string): Promise<void>;
  /** Brings `ref`, last listed at `head`, into the mirror and moves `into`, forward or not. */
  fetch(request: FetchRequest): Promise<void>;
  /** The tree of the merge of two commits that have gone different ways; null: this engine does not merge by itself. */
  mergeTrees(request: MergeRequest): Promise<MergedTree | null>;
  /** Moves a branch of the remote repository, which is not one on this machine. False: it is elsewhere by now. */
  push(request: PushRequest): Promise<boolean>;
  /** Whether a fresh clone would serve better than one more fetch. */
  isWorn(directory: string): Promise<boolean>;
  openObjects(directory: string): ObjectReader;
}

export interface FetchRequest {
  readonly directory: string;
  readonly ref: string;
  readonly head: string;
  /** The mirror's own ref. */
  readonly into: string;
  /** How many bytes the mirror may grow by at most; null: up to its bound. */
  readonly growth: number | null;
  readonly signal: AbortSignal;
}

export interface PushRequest {
  readonly directory: string;
  readonly ref: string;
  readonly commit: string;
  /** Where the branch has to be; null: nowhere yet. */
  readonly expected: string | null;
  readonly signal: AbortSignal;
}

export interface MergeRequest {
  readonly directory: string;
  readonly ours: string;
  readonly theirs: string;
  readonly signal: AbortSignal;
}

export type MergedTree =
  | { readonly kind: 'clean'; readonly tree: string }
  | { readonly kind: 'conflict'; readonly files: readonly string[] };

/** Reads objects of a mirror as it was when the reader was opened, or later. */
export interface ObjectReader {
  /**
   * The object, or null when the mirror does not have it. `content` is null when it is larger than `maxBytes`.
   * Throws when the mirror cannot be read.
   */
  read(oid: string, maxBytes: number): Promise<GitObject | null>;
  /** Resolves when reads that were under way have ended. */
  close(): Promise<void>;
}

export interface GitObject {
  readonly kind: 'commit' | 'tree' | 'blob' | 'tag';
  readonly content: Uint8Array | null;
}
