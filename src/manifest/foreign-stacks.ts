import type { SourceFile } from '../model/source.ts';
import { readTree } from './read.ts';
import { resolvePath } from './source-path.ts';
import { isNull, type MapNode, valueAt } from './tree.ts';

/** A stack that `grid.yml` takes from another repository. */
export interface ForeignStack {
  /** What it is called in the grid. */
  readonly stack: string;
  /** A name or an address, as it is written. */
  readonly repository: string;
  /** `null`: the branch that the settings name. */
  readonly ref: string | null;
  /** Of the stack file, from the root of its repository. */
  readonly path: string;
}

export const defaultPath = 'kontena.yml';

/** More than any grid takes from elsewhere on purpose. */
const maxForeign = 200;

/**
 * The stacks that a grid file takes from other repositories, as far as it can be read: what is wrong with it is told by the
 * compile, which reads it again.
 */
export function foreignStacks(gridFile: SourceFile | undefined): readonly ForeignStack[] {
  if (gridFile?.kind !== 'text' || !gridFile.text.includes('repository')) return [];
  const { root } = readTree(gridFile, { duplicates: 'last-wins' });
  const stacks = root === null || isNull(root) ? null : valueAt(root, 'stacks');
  if (stacks?.kind !== 'map') return [];
  const found = [...stacks.entries].flatMap(([stack, { value }]) =>
    value.kind === 'map' ? readStack(stack, value) : [],
  );
  return found.slice(0, maxForeign);
}

function readStack(stack: string, entry: MapNode): readonly ForeignStack[] {
  const repository = textAt(entry, 'repository');
  if (repository === null) return [];
  const path = plainPath(textAt(entry, 'path') ?? defaultPath);
  return path === null ? [] : [{ stack, repository, ref: textAt(entry, 'ref'), path }];
}

/** From the root of its repository, and never out of it; `null`: it is none. */
export function plainPath(written: string): string | null {
  const resolved = resolvePath('kontena.yml', written);
  return resolved.fault !== undefined || resolved.value === '' ? null : resolved.value;
}

function textAt(entry: MapNode, key: string): string | null {
  const value = valueAt(entry, key);
  return value?.kind === 'scalar' && !isNull(value) && value.text !== '' ? value.text : null;
}
