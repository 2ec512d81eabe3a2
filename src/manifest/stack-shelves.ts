import type { ForeignFiles, ForeignSource, SourceTree, StackOrigin } from '../model/source.ts';
import { secretsPath } from './secrets-file.ts';
import { indexSources, type SourceIndex } from './source-index.ts';
import type { StackListing } from './stack-list.ts';

/** What a stack may be compiled from. */
export interface Shelf {
  readonly files: SourceIndex;
  /** Only files whose paths begin so are the stack's to use; absent: all. */
  readonly within?: string;
  /** Present where grid.yml takes the stack from another repository. */
  readonly foreign?: ForeignSource;
}

export interface Shelves {
  of(listing: StackListing): Shelf;
  /** `null`: the stack is from the grid's own repository. */
  originOf(stack: string): StackOrigin | null;
}

/**
 * A stack from another repository, and those that it brings along, have the files of its folder there, and what is sealed in
 * the grid; no stack has files of two repositories.
 */
export function createShelves(source: SourceTree, grid: string, own: SourceIndex): Shelves {
  const shelves = new Map<string, Shelf>();
  function shelfOf(listing: StackListing): Shelf {
    const { child, name } = listing;
    if (child !== null) return shelves.get(child.parent) ?? { files: own };
    const foreign = source.foreign?.get(name);
    if (foreign === undefined) return { files: own };
    return foreign.kind === 'files' ? foreignShelf(source, grid, foreign) : { files: own, foreign };
  }
  return {
    of(listing) {
      const shelf = shelfOf(listing);
      shelves.set(listing.name, shelf);
      return shelf;
    },
    originOf(stack) {
      const foreign = shelves.get(stack)?.foreign;
      return foreign?.kind === 'files' ? foreign.origin : null;
    },
  };
}

function foreignShelf(source: SourceTree, grid: string, foreign: ForeignFiles): Shelf {
  const secrets = source.files.get(secretsPath(grid));
  const files = new Map(foreign.files);
  if (secrets !== undefined) files.set(secrets.path, secrets);
  return {
    files: indexSources(files),
    within: foreign.file.slice(0, foreign.file.lastIndexOf('/') + 1),
    foreign,
  };
}
