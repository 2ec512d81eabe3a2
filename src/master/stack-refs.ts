import { errorMessage, GridError } from '../model/error.ts';

/** What is needed of a repository that stacks are taken from (sync/repository). */
export interface RefSource {
  /** Where its branch was seen last, by an earlier process, too. */
  readonly head: string | null;
  commit(sha: string): Promise<unknown>;
  fetchRef(ref: string, signal: AbortSignal): Promise<string | null>;
  forgetRef(ref: string): Promise<void>;
}

/** What a ref that grid.yml names stands for. */
export type ResolvedRef =
  | { readonly kind: 'commit'; readonly sha: string }
  /** There is no such branch, tag or commit. */
  | { readonly kind: 'missing' }
  /** It cannot be looked up, and this process never could. */
  | { readonly kind: 'unreachable'; readonly message: string }
  /** Nobody has looked yet. */
  | { readonly kind: 'unknown' };

/**
 * The refs of one repository that grids take stacks from, and where they were seen last. What could be looked up once keeps
 * standing for the same while the repository cannot be read (safety rule 1). An empty ref is the branch of the settings.
 */
export class StackRefs {
  readonly #source: RefSource;
  readonly #branch: string;
  readonly #resolved = new Map<string, ResolvedRef>();
  /** Under which full name a ref was found. */
  readonly #names = new Map<string, string>();

  constructor(of: { readonly source: RefSource; readonly branch: string }) {
    this.#source = of.source;
    this.#branch = of.branch;
  }

  resolve(ref: string): ResolvedRef {
    return this.#resolved.get(ref) ?? unknown;
  }

  /** These are used, and no others. True when one of them was never looked up. */
  async want(refs: ReadonlySet<string>): Promise<boolean> {
    for (const ref of this.#resolved.keys()) if (!refs.has(ref)) await this.#forget(ref);
    let isNew = false;
    for (const ref of refs) {
      const known = this.#resolved.get(ref) ?? unknown;
      isNew ||= known.kind === 'unknown';
      this.#resolved.set(ref, known);
    }
    return isNew;
  }

  /**
   * Looks all of them up, after the branch was synced. `changed` are those that stand for something else than before;
   * `error` is why some could not be looked up.
   */
  async look(
    signal: AbortSignal,
  ): Promise<{ readonly changed: readonly string[]; readonly error: Error | null }> {
    const changed: string[] = [];
    let first: Error | null = null;
    for (const ref of this.#resolved.keys()) {
      try {
        if (this.#put(ref, await this.#find(ref, signal))) changed.push(ref);
      } catch (error) {
        signal.throwIfAborted();
        first ??= error instanceof Error ? error : new Error(errorMessage(error));
        if (this.#putUnreachable(ref, error)) changed.push(ref);
      }
    }
    return { changed, error: first };
  }

  /** Looks one up that need not be used by any grid, and keeps nothing of it. */
  async peek(ref: string, signal: AbortSignal): Promise<ResolvedRef> {
    const known = this.resolve(ref);
    if (known.kind !== 'unknown') return known;
    try {
      const found = await this.#find(ref, signal);
      if (!this.#resolved.has(ref)) await this.#forget(ref);
      return found;
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'unreachable', message: errorMessage(error) };
    }
  }

  /** The repository itself cannot be read. Gives those that stand for something else than before. */
  failed(error: unknown): readonly string[] {
    const { head } = this.#source;
    return [...this.#resolved.keys()].filter((ref) => {
      const isKnown = this.resolve(ref).kind === 'commit';
      if (!isKnown && this.#isBranch(ref) && head !== null)
        return this.#put(ref, { kind: 'commit', sha: head });
      return this.#putUnreachable(ref, error);
    });
  }

  async #find(ref: string, signal: AbortSignal): Promise<ResolvedRef> {
    const { head } = this.#source;
    if (this.#isBranch(ref)) return head === null ? missing : { kind: 'commit', sha: head };
    if (isCommitId(ref)) return await this.#findCommit(ref);
    for (const name of this.#candidates(ref)) {
      const sha = await this.#fetch(name, signal);
      if (sha === null) continue;
      this.#names.set(ref, name);
      return { kind: 'commit', sha };
    }
    return missing;
  }

  async #findCommit(sha: string): Promise<ResolvedRef> {
    try {
      await this.#source.commit(sha);
      return { kind: 'commit', sha };
    } catch (error) {
      if (error instanceof GridError && error.code === 'not-found') return missing;
      throw error;
    }
  }

  /** Where it was last, then a branch, then a tag. */
  #candidates(ref: string): ReadonlySet<string> {
    const last = this.#names.get(ref);
    const names = /^refs\/(heads|tags)\//.test(ref)
      ? [ref]
      : [`refs/heads/${ref}`, `refs/tags/${ref}`];
    return new Set([...(last === undefined ? [] : [last]), ...names]);
  }

  async #fetch(name: string, signal: AbortSignal): Promise<string | null> {
    try {
      return await this.#source.fetchRef(name, signal);
    } catch (error) {
      // No name that a ref can have.
      if (error instanceof GridError && error.code === 'invalid-request') return null;
      throw error;
    }
  }

  async #forget(ref: string): Promise<void> {
    const name = this.#names.get(ref);
    if (name !== undefined) await this.#source.forgetRef(name);
    this.#names.delete(ref);
    this.#resolved.delete(ref);
  }

  #isBranch(ref: string): boolean {
    return ref === '' || ref === this.#branch || ref === `refs/heads/${this.#branch}`;
  }

  #putUnreachable(ref: string, error: unknown): boolean {
    // Also not for another reason: each would be another state of the grids that use it.
    if (this.resolve(ref).kind !== 'unknown') return false;
    return this.#put(ref, { kind: 'unreachable', message: errorMessage(error) });
  }

  #put(ref: string, now: ResolvedRef): boolean {
    const before = this.resolve(ref);
    this.#resolved.set(ref, now);
    return JSON.stringify(before) !== JSON.stringify(now);
  }
}

const unknown: ResolvedRef = { kind: 'unknown' };
const missing: ResolvedRef = { kind: 'missing' };

function isCommitId(ref: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref);
}
