import { GridError } from '../model/error.ts';
import type { FileDifference, Repository } from '../sync/repository.ts';

export interface FilesQuestion {
  readonly repository: Repository;
  readonly grid: string;
  readonly head: string;
  readonly to: string;
  /** Also files of `stacks/` that other grids use as they are now. */
  readonly shared: boolean;
  readonly secrets: boolean;
  /** Whether commits of a grid must be signed. What they say is not read here, because nobody has checked it. */
  readonly isGuarded: (grid: string) => boolean;
  /** What a commit says of a grid: the same text, the same desired state. */
  readonly meaning: (sha: string, grid: string) => Promise<string>;
}

export interface FilesToRestore {
  readonly files: readonly FileDifference[];
  /** Those that differ and are left as they are. */
  readonly kept: readonly string[];
  /** Grids that change as well. */
  readonly others: readonly string[];
}

/**
 * What has to be as it was, so that a grid is: its own folder, and of the folders in `stacks/` those that make a
 * difference to it. Whether one does, and to which other grids, is found by compiling, not by reading names.
 */
export async function filesToRestore(question: FilesQuestion): Promise<FilesToRestore> {
  const { repository, grid, head, to, secrets } = question;
  if ((await repository.inputs(to, grid)) === null) {
    const message = `commit ${to.slice(0, 12)} has no grid ${grid}`;
    throw new GridError({ code: 'invalid-request', message, hint: 'Name a later one.' });
  }
  const all = await repository.differences(head, to, [`grids/${grid}`]);
  const sealed = `grids/${grid}/secrets.yml`;
  const own = all.filter(({ path }) => secrets || path !== sealed);
  const kept = all.filter((one) => !own.includes(one)).map(({ path }) => path);
  const shared = await sharedFiles(question, own);
  const files = [...own, ...shared];
  const others = shared.length === 0 ? [] : await changedGrids(question, files);
  if (others.length > 0 && !question.shared) throw usedByOthers(grid, shared, others);
  return { files, kept, others };
}

// Folders that are tried one by one. Of more, all count as making a difference.
const mostFolders = 20;

async function sharedFiles(
  question: FilesQuestion,
  own: readonly FileDifference[],
): Promise<readonly FileDifference[]> {
  const { repository, head, to, grid, meaning } = question;
  const all = await repository.differences(head, to, ['stacks']);
  if (all.length === 0) return [];
  const meaningWith = async (files: readonly FileDifference[]) =>
    await meaning(await trial(question, [...own, ...files]), grid);
  const wanted = await meaningWith(all);
  if ((await meaningWith([])) === wanted) return [];
  const folders = new Set(all.map(folderOf));
  if (folders.size > mostFolders) return all;
  const needed = new Set<string>();
  for (const folder of folders) {
    const without = all.filter((file) => folderOf(file) !== folder);
    if ((await meaningWith(without)) !== wanted) needed.add(folder);
  }
  const some = all.filter((file) => needed.has(folderOf(file)));
  // Each of two may do what the other one does.
  return (await meaningWith(some)) === wanted ? some : all;
}

/** `stacks/<name>`, or a file beside those. */
function folderOf({ path }: FileDifference): string {
  return path.split('/').slice(0, 2).join('/');
}

async function changedGrids(
  question: FilesQuestion,
  files: readonly FileDifference[],
): Promise<readonly string[]> {
  const { repository, grid, head, meaning } = question;
  const sha = await trial(question, files);
  const changed: string[] = [];
  for (const other of await repository.grids(head)) {
    if (other === grid) continue;
    if (question.isGuarded(other)) changed.push(other);
    else if ((await meaning(head, other)) !== (await meaning(sha, other))) changed.push(other);
  }
  return changed;
}

/** A commit that is only looked at. */
async function trial(
  { repository, head, to }: FilesQuestion,
  files: readonly FileDifference[],
): Promise<string> {
  const paths = files.map(({ path }) => path);
  const wish = { author: 'gridops', message: 'A trial', at: 0, files: paths };
  return await repository.restore({ ...wish, onto: head, from: to });
}

function usedByOthers(
  grid: string,
  files: readonly FileDifference[],
  others: readonly string[],
): GridError {
  const names = files.slice(0, 5).map(({ path }) => path);
  const more = files.length > names.length ? ` and ${files.length - names.length} more` : '';
  return new GridError({
    code: 'invalid-request',
    message:
      `going back with grid ${grid} would change other grids, too (${others.slice(0, 10).join(', ')}): ` +
      `they use ${names.join(', ')}${more} as they are now`,
    hint: 'Go back with all of them: --shared. Or copy what differs into the folder of the grid, and change it there.',
  });
}
