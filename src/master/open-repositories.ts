import { join } from 'node:path';
import type { Forge } from '../forge/forge.ts';
import { GridError } from '../model/error.ts';
import type { SourceTree } from '../model/source.ts';
import { createAnnouncer } from './announcer.ts';
import { ForeignStacks } from './foreign-stacks.ts';
import { GridHeads, type GridSource } from './grid-heads.ts';
import { GridOwners } from './grid-owners.ts';
import type { TrackedOptions } from './options.ts';
import { Repositories } from './repositories.ts';
import { openPart, type PartOptions, type RepositoryPart } from './repository-part.ts';
import type { GridHead } from './revision.ts';
import { createVerifications, type Verifications } from './verifications.ts';

export interface FollowOptions
  extends Omit<PartOptions, 'data' | 'owners' | 'around' | 'onMoved' | 'onLooked' | 'onFailed'> {
  readonly options: { readonly data: string; readonly repositories: readonly TrackedOptions[] };
  readonly ports: { readonly forge?: (forge: Forge) => Forge };
  /** Grids that the master knows, whether a commit has them or not. */
  readonly knownGrids: () => readonly string[];
  readonly isDeserted: (grid: string) => boolean;
  readonly onHead: (grid: string, head: GridHead) => void;
  /** After each look that worked. */
  readonly onLooked: (repository: string) => void;
}

/** The repositories of a master, and what follows from them for its grids. */
export interface Followed {
  readonly repositories: Repositories;
  readonly owners: GridOwners;
  readonly heads: GridHeads;
  readonly foreign: ForeignStacks;
  readonly verifications: Verifications;
  /** All files that a grid is compiled from, wherever they are. Throws `GridError`. */
  readonly readFiles: (head: GridHead, grid: string) => Promise<SourceTree>;
}

/** Nothing is looked at before `repositories.wake`. */
export async function openRepositories(of: FollowOptions): Promise<Followed> {
  const { options, store, clock, log } = of;
  const owners = new GridOwners({
    repositories: options.repositories.filter(holdsGrids).map(({ name }) => name),
    known: await store.gridOwners.list(),
  });
  const parts = await openParts(
    {
      ...of,
      data: options.data,
      owners,
      around: of.ports.forge,
      onMoved: async (part, head) => await heads.publish(part.name, head),
      onLooked: async (part, signal) => {
        await foreign.looked(part, signal);
        of.onLooked(part.name);
      },
      onFailed: async (part, error) => await foreign.failed(part, error),
    },
    options.repositories,
  );
  const foreign = new ForeignStacks({
    parts,
    refresh: async (grids) => await heads.refresh(grids),
  });
  const verifications = createVerifications(parts, join(options.data, 'signatures'));
  const heads = new GridHeads({
    sources: parts.filter((part) => part.holdsGrids).map(gridSource),
    owners,
    keepOwner: async (owner) => await store.gridOwners.put(owner, clock.now()),
    knownGrids: of.knownGrids,
    isDeserted: of.isDeserted,
    complete: async (grid, head) => {
      // Nothing of a commit is read before it may be.
      const objection = await verifications(head.repository).verify(head.sha, grid);
      return objection === null ? await foreign.complete(grid, head) : head;
    },
    onHead: of.onHead,
    log,
  });
  await heads.load();
  const repositories = new Repositories({ parts, owners, quiet: quietAnnouncer(of) });
  const readFiles = async (head: GridHead, grid: string): Promise<SourceTree> =>
    await foreign.read(head, await readOwn(repositories, head, grid));
  return { repositories, owners, heads, foreign, verifications, readFiles };
}

async function openParts(
  of: PartOptions,
  repositories: readonly TrackedOptions[],
): Promise<readonly RepositoryPart[]> {
  const parts: RepositoryPart[] = [];
  for (const options of repositories) parts.push(await openPart(options, of));
  return parts;
}

function quietAnnouncer({ publicUrl, hub }: FollowOptions) {
  return createAnnouncer({
    reporter: null,
    repository: '',
    publicUrl,
    hub,
    commitOf: async () => await Promise.resolve(null),
    environmentUrl: async () => await Promise.resolve(null),
  });
}

async function readOwn(
  repositories: Repositories,
  { repository, sha }: GridHead,
  grid: string,
): Promise<SourceTree> {
  const source = await repositories.source({ grid, repository })?.source(sha, grid);
  if (source !== undefined) return source;
  throw new GridError({
    code: 'not-found',
    message: `the repository ${repository} is not followed any more`,
  });
}

function gridSource({ name, repository, announcer }: RepositoryPart): GridSource {
  return { name, repository, refuse: async (grid) => await announcer.taken(grid) };
}

function holdsGrids({ holds }: TrackedOptions): boolean {
  return holds !== 'stacks';
}
