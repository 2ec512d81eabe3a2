import { compareText } from '../model/identity.ts';

/** Names of the grids of a repository: the folders below `grids/`, from the paths of its files. */
export function listGrids(paths: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const path of paths) {
    const [top, name, ...rest] = path.split('/', 3);
    if (top === 'grids' && name !== undefined && rest.length > 0) names.add(name);
  }
  return [...names].toSorted(compareText);
}
