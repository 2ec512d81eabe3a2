import { type ForeignStack, foreignStacks } from '../manifest/foreign-stacks.ts';
import { digest } from '../model/digest.ts';
import { errorMessage, GridError } from '../model/error.ts';
import {
  type ForeignFault,
  type ForeignSource,
  foreignPath,
  type SourceFile,
  type SourceTree,
} from '../model/source.ts';
import type { Repository } from '../sync/repository.ts';
import type { TrackedOptions } from './options.ts';
import type { ForeignRead, GridHead, HeadSource } from './revision.ts';
import type { ResolvedRef, StackRefs } from './stack-refs.ts';

/** What is asked of a repository (master/repository-part). */
export interface StackPart {
  readonly name: string;
  readonly holdsStacks: boolean;
  readonly options: Pick<TrackedOptions, 'usedBy'>;
  readonly repository: Pick<Repository, 'url' | 'file' | 'folder' | 'folderId'>;
  readonly loop: { wake(): void };
  readonly refs: StackRefs | null;
}

export interface ForeignStacksOptions {
  readonly parts: readonly StackPart[];
  /** What these grids are made of has moved. */
  readonly refresh: (grids: readonly string[]) => Promise<void>;
}

/**
 * Stacks that grids take from other repositories: only from those that the settings name, with the settings' credentials. A
 * grid's inputs are its own and the content of each of these stacks, so a push to a project is a push to the grids that use it.
 */
export class ForeignStacks {
  readonly #options: ForeignStacksOptions;
  /** What each grid takes, and by which of its own inputs that is known. */
  readonly #wishes = new Map<string, { readonly inputs: string; readonly of: readonly Wish[] }>();

  /** Grids with a stack whose commit is known and could not be read: the clone is mended by the next look. */
  readonly #torn = new Set<string>();
  /** By repository: grids that were not told yet that one of its refs has moved. A look finds that once. */
  readonly #due = new Map<StackPart, Set<string>>();

  constructor(options: ForeignStacksOptions) {
    this.#options = options;
  }

  /**
   * The head of a grid with what it takes from elsewhere. `null` where a ref was never looked up: its repository is woken, and
   * `refresh` comes when it has been looked at, or could not be.
   */
  async complete(grid: string, head: GridHead): Promise<GridHead | null> {
    if (head.inputs === null) return head;
    const reads: IdentifiedRead[] = [];
    this.#torn.delete(grid);
    for (const wish of await this.#follow(grid, head)) {
      const resolved = wish.source?.refs?.resolve(wish.ref ?? '') ?? missing;
      if (resolved.kind === 'unknown') return null;
      const read = await readWish(wish, resolved);
      if (read.isTorn === true) this.#torn.add(grid);
      reads.push(read);
    }
    return completed(head, reads);
  }

  /** The same of any commit, without following what it takes: what no grid follows is looked up for this once. */
  async preview(grid: string, head: GridHead, signal: AbortSignal): Promise<GridHead> {
    if (head.inputs === null) return head;
    const reads: IdentifiedRead[] = [];
    for (const wish of await this.#read(grid, head)) {
      const resolved = await wish.source?.refs?.peek(wish.ref ?? '', signal);
      reads.push(await readWish(wish, resolved ?? missing));
    }
    return completed(head, reads);
  }

  /** The files of what a head takes from elsewhere, beside the grid's own. */
  async read(head: GridHead, source: SourceTree): Promise<SourceTree> {
    const { foreign = [] } = head;
    if (foreign.length === 0) return source;
    const found = new Map<string, ForeignSource>();
    for (const one of foreign) found.set(one.stack, await this.#filesOf(one));
    return { ...source, foreign: found };
  }

  /** A repository was synced: looks up its refs that grids use. Rejects when it cannot look up all. */
  async looked(part: StackPart, signal: AbortSignal): Promise<void> {
    if (part.refs === null) return;
    const { changed, error } = await part.refs.look(signal);
    await this.#refresh(part, changed);
    if (error !== null) throw error;
  }

  async failed(part: StackPart, error: unknown): Promise<void> {
    if (part.refs !== null) await this.#refresh(part, part.refs.failed(error));
  }

  async #refresh(part: StackPart, refs: readonly string[]): Promise<void> {
    const due = this.#due.get(part) ?? new Set();
    this.#due.set(part, due);
    const moved = ({ source, ref }: Wish) => source === part && refs.includes(ref ?? '');
    if (refs.length > 0 || this.#torn.size > 0)
      for (const [grid, { of }] of this.#wishes)
        if (of.some(moved) || this.#torn.has(grid)) due.add(grid);
    if (due.size === 0) return;
    await this.#options.refresh([...due]);
    due.clear();
  }

  /** What the grid takes, from now on. */
  async #follow(grid: string, head: GridHead): Promise<readonly Wish[]> {
    const known = this.#wishes.get(grid);
    const inputs = `${head.repository} ${head.inputs ?? ''}`;
    if (known?.inputs === inputs) return known.of;
    const of = await this.#read(grid, head);
    this.#wishes.set(grid, { inputs, of });
    const parts = new Set([...(known?.of ?? []), ...of].flatMap(({ source }) => source ?? []));
    for (const part of parts) if (await part.refs?.want(this.#refsOf(part))) part.loop.wake();
    return of;
  }

  #refsOf(part: StackPart): ReadonlySet<string> {
    const all = [...this.#wishes.values()].flatMap(({ of }) => of);
    return new Set(all.filter(({ source }) => source === part).map(({ ref }) => ref ?? ''));
  }

  async #read(grid: string, { repository, sha }: GridHead): Promise<readonly Wish[]> {
    const part = this.#options.parts.find(({ name }) => name === repository);
    const file = await part?.repository.file(sha, `grids/${grid}/grid.yml`);
    const stacks = foreignStacks(file ?? undefined);
    return stacks.map((stack) => ({ ...stack, ...this.#find(stack.repository, repository) }));
  }

  #find(written: string, user: string): Pick<Wish, 'source' | 'allowed'> {
    const { parts } = this.#options;
    const allowed = parts.filter((part) => mayUse(part, user));
    const source =
      allowed.find(({ name }) => name === written) ??
      allowed.find(({ repository }) => isSameAddress(repository.url, written)) ??
      null;
    return { source, allowed: allowed.map(({ name }) => name) };
  }

  async #filesOf({ repository, sha, path, fault }: ForeignRead): Promise<ForeignSource> {
    if (fault !== undefined) return fault;
    const part = this.#options.parts.find(({ name }) => name === repository);
    try {
      const files = (await part?.repository.folder(sha, folderOf(path))) ?? new Map();
      const moved = [...files.values()].map((file: SourceFile) => {
        const there = foreignPath(repository, file.path);
        return [there, { ...file, path: there }] as const;
      });
      const file = foreignPath(repository, path);
      return { kind: 'files', origin: { repository, sha }, file, files: new Map(moved) };
    } catch (error) {
      // What trying again may cure is tried again with the grid as a whole.
      if (!(error instanceof GridError) || error.retry !== 'never') throw error;
      return faultAt('path', { code: error.code, message: error.message, hint: error.hint });
    }
  }
}

interface Wish extends ForeignStack {
  /** `null`: there is none that it may be taken from. */
  readonly source: StackPart | null;
  /** Names of those that may be used. */
  readonly allowed: readonly string[];
}

interface IdentifiedRead {
  readonly of: ForeignRead;
  /** Equal for equal contents, at whatever commit. */
  readonly id: string;
  /** It should have been there. */
  readonly isTorn?: boolean;
}

function mayUse({ holdsStacks, options }: StackPart, user: string): boolean {
  return holdsStacks && (options.usedBy === null || options.usedBy.includes(user));
}

const missing: ResolvedRef = { kind: 'missing' };

function completed(head: GridHead, reads: readonly IdentifiedRead[]): GridHead {
  if (reads.length === 0) return head;
  const inputs = digest([head.inputs, reads.map(({ of, id }) => [of.stack, id])]);
  const foreign = reads.map(({ of }) => of);
  return { ...head, inputs, sources: sourcesOf(foreign), foreign };
}

async function readWish(wish: Wish, resolved: ResolvedRef): Promise<IdentifiedRead> {
  const { source, stack, path } = wish;
  if (source === null) return failedRead(wish, strange(wish));
  const { name: repository } = source;
  if (resolved.kind === 'unknown') return failedRead(wish, unreachable(repository, 'not yet'));
  if (resolved.kind === 'missing') return failedRead(wish, refMissing(repository, wish.ref));
  if (resolved.kind === 'unreachable')
    return failedRead(wish, unreachable(repository, resolved.message));
  const { sha } = resolved;
  try {
    const folder = await source.repository.folderId(sha, folderOf(path));
    if (folder === null) return failedRead(wish, folderMissing(repository, { sha, path }));
    return { of: { stack, repository, sha, path }, id: `${repository} ${path} ${folder}` };
  } catch (error) {
    return { ...failedRead(wish, unreachable(repository, errorMessage(error))), isTorn: true };
  }
}

function failedRead({ stack, source, path }: Wish, fault: ForeignFault): IdentifiedRead {
  const { key, code, message } = fault;
  const of = { stack, repository: source?.name ?? '', sha: '', path, fault };
  return { of, id: `${key} ${code} ${message}` };
}

function sourcesOf(reads: readonly ForeignRead[]): readonly HeadSource[] {
  const found = new Map<string, HeadSource>();
  for (const { repository, sha, fault } of reads)
    if (fault === undefined) found.set(`${repository} ${sha}`, { repository, sha });
  return [...found.values()];
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** Addresses are written with and without their usual ends. */
function isSameAddress(one: string, other: string): boolean {
  return plainAddress(one) === plainAddress(other);
}

function plainAddress(address: string): string {
  return address.replace(/\/+$/, '').replace(/\.git$/, '');
}

function strange({ repository, allowed }: Wish): ForeignFault {
  const others = allowed.length === 0 ? 'There are none.' : `There are: ${allowed.join(', ')}.`;
  return faultAt('repository', {
    code: 'unknown-repository',
    message: `the master's settings name no repository "${repository.slice(0, 200)}" that this grid may take stacks from`,
    hint: `${others} The settings say which, with "holds: stacks".`,
  });
}

function refMissing(repository: string, ref: string | null): ForeignFault {
  return faultAt('ref', {
    code: 'unknown-ref',
    message: `the repository ${repository} has no branch or tag "${ref ?? ''}", and its branch no such commit`,
    hint: 'A commit is written in full; it has to be in the branch that the settings name.',
  });
}

function unreachable(repository: string, message: string): ForeignFault {
  return faultAt('repository', {
    code: 'stack-source-unreachable',
    message: `the repository ${repository} cannot be read: ${message}`,
    hint: 'What runs of the stack is left alone meanwhile.',
  });
}

function folderMissing(
  repository: string,
  { sha, path }: { readonly sha: string; readonly path: string },
): ForeignFault {
  return faultAt('path', {
    code: 'file-missing',
    message: `the repository ${repository} has no folder "${folderOf(path)}" at ${sha.slice(0, 12)}`,
    hint: undefined,
  });
}

function faultAt(
  key: ForeignFault['key'],
  of: { readonly code: string; readonly message: string; readonly hint: string | undefined },
): ForeignFault {
  const { code, message, hint } = of;
  return { kind: 'fault', key, code, message, ...(hint === undefined ? {} : { hint }) };
}
