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
import type { RepositoryPart } from './repository-part.ts';
import type { ForeignRead, GridHead, HeadSource } from './revision.ts';

export interface ForeignStacksOptions {
  readonly parts: readonly RepositoryPart[];
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

  constructor(options: ForeignStacksOptions) {
    this.#options = options;
  }

  /**
   * The head of a grid with what it takes from elsewhere. `null` where a ref was never looked up: its repository is woken, and
   * `refresh` comes when it has been looked at, or could not be.
   */
  async complete(grid: string, head: GridHead): Promise<GridHead | null> {
    const known = this.#wishes.get(grid);
    if (head.inputs === null || known?.inputs !== head.inputs) await this.#learn(grid, head);
    return await this.resolve(grid, head);
  }

  /** The same of any commit, without following what it takes: refs that no grid follows are not known then. */
  async resolve(grid: string, head: GridHead): Promise<GridHead | null> {
    if (head.inputs === null) return head;
    const known = this.#wishes.get(grid);
    const wishes = known?.inputs === head.inputs ? known.of : await this.#read(grid, head);
    if (wishes.length === 0) return head;
    const reads: IdentifiedRead[] = [];
    for (const wish of wishes) {
      const read = await readWish(wish);
      if (read === null) return null;
      reads.push(read);
    }
    const inputs = digest([head.inputs, reads.map(({ of, id }) => [of.stack, id])]);
    const foreign = reads.map(({ of }) => of);
    return { ...head, inputs, sources: sourcesOf(foreign), foreign };
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
  async looked(part: RepositoryPart, signal: AbortSignal): Promise<void> {
    if (part.refs === null) return;
    const { changed, error } = await part.refs.look(signal);
    await this.#refresh(part, changed);
    if (error !== null) throw error;
  }

  async failed(part: RepositoryPart, error: unknown): Promise<void> {
    if (part.refs !== null) await this.#refresh(part, part.refs.failed(error));
  }

  async #refresh(part: RepositoryPart, refs: readonly string[]): Promise<void> {
    if (refs.length === 0) return;
    const uses = ({ source, ref }: Wish) => source === part && refs.includes(ref ?? '');
    const grids = [...this.#wishes].filter(([, { of }]) => of.some(uses)).map(([grid]) => grid);
    if (grids.length > 0) await this.#options.refresh(grids);
  }

  /** From now on, this is what the grid takes. */
  async #learn(grid: string, head: GridHead): Promise<void> {
    const before = this.#wishes.get(grid)?.of ?? [];
    const of = head.inputs === null ? before : await this.#read(grid, head);
    if (head.inputs !== null) this.#wishes.set(grid, { inputs: head.inputs, of });
    const parts = new Set([...before, ...of].flatMap(({ source }) => source ?? []));
    for (const part of parts) if (await part.refs?.want(this.#refsOf(part))) part.loop.wake();
  }

  #refsOf(part: RepositoryPart): ReadonlySet<string> {
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
  readonly source: RepositoryPart | null;
  /** Names of those that may be used. */
  readonly allowed: readonly string[];
}

interface IdentifiedRead {
  readonly of: ForeignRead;
  /** Equal for equal contents, at whatever commit. */
  readonly id: string;
}

function mayUse({ holdsStacks, options }: RepositoryPart, user: string): boolean {
  return holdsStacks && (options.usedBy === null || options.usedBy.includes(user));
}

/** `null`: nobody has looked yet. */
async function readWish(wish: Wish): Promise<IdentifiedRead | null> {
  const { source, stack, path } = wish;
  if (source === null) return failedRead(wish, strange(wish));
  const { name: repository } = source;
  const resolved = source.refs?.resolve(wish.ref ?? '') ?? { kind: 'unknown' };
  if (resolved.kind === 'unknown') return null;
  if (resolved.kind === 'missing') return failedRead(wish, refMissing(repository, wish.ref));
  if (resolved.kind === 'unreachable')
    return failedRead(wish, unreachable(repository, resolved.message));
  const { sha } = resolved;
  try {
    const folder = await source.repository.folderId(sha, folderOf(path));
    if (folder === null) return failedRead(wish, folderMissing(repository, { sha, path }));
    return { of: { stack, repository, sha, path }, id: `${repository} ${path} ${folder}` };
  } catch (error) {
    return failedRead(wish, unreachable(repository, errorMessage(error)));
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
