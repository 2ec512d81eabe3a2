import { resolve } from 'node:path';
import { editSecrets, type SecretsChange } from '../manifest/secrets-edit.ts';
import { secretsPath } from '../manifest/secrets-file.ts';
import { GridError } from '../model/error.ts';
import { printPosition } from '../model/problem.ts';
import type { SourceTree, TextFile } from '../model/source.ts';
import { defaultLimits } from '../sync/limits.ts';
import { chosenGrids } from './grid-sources.ts';
import type { Io } from './io.ts';
import { findRepository, readWorkingTree } from './working-tree.ts';
import { writeWhole } from './write-whole.ts';

/** Whose secrets.yml is meant. */
export interface SecretsPlace {
  /** In the working tree of the grid repository. */
  readonly repository: string;
  readonly grid: string;
}

/** The secrets.yml of a working tree, and what stands around it. */
export interface GridSecrets {
  readonly root: string;
  readonly source: SourceTree;
  readonly grid: string;
  /** Only a comment when there is none yet. */
  readonly file: TextFile;
}

/** Throws `GridError` when there is no such grid, or its secrets.yml is no file that can be read. */
export async function openGridSecrets(
  io: Io,
  { repository, grid }: SecretsPlace,
): Promise<GridSecrets> {
  const root = await findRepository(resolve(io.cwd, repository));
  const source = await readWorkingTree(root);
  chosenGrids(source, grid);
  const path = secretsPath(grid);
  const file = source.files.get(path) ?? { kind: 'text', path, blob: '', text: head };
  if (file.kind === 'text') return { root, source, grid, file };
  throw new GridError({
    code: 'invalid-request',
    message: `${path} is no text file that can be read`,
    hint: '`gridops validate` says why.',
  });
}

const head = `# The sealed values of this grid. They are safe to commit: only the master can open them.
# Written by \`gridops secret\` and \`gridops certificate\`.
`;

/** As the file would be. Throws `GridError` when it cannot be changed. */
export function changedFile({ file }: GridSecrets, change: SecretsChange): TextFile {
  const { text, problems } = editSecrets(file, change);
  const [problem] = problems;
  if (text === null)
    throw new GridError({
      code: 'invalid-request',
      message: `${problem === undefined ? file.path : printPosition(problem.position)}: ${problem?.message ?? 'cannot be changed'}`,
      hint: 'Put that right first; nothing was changed.',
    });
  if (Buffer.byteLength(text) > defaultLimits.fileBytes)
    throw new GridError({
      code: 'invalid-request',
      message: `${file.path} would be longer than ${defaultLimits.fileBytes} bytes, and not be read any more`,
      hint: 'Remove what is not used: `gridops secret list` shows it.',
    });
  return { ...file, text, blob: 'edited' };
}

/** What was sealed before must not be lost: whole or not at all. */
export async function writeSecrets({ root }: GridSecrets, file: TextFile): Promise<void> {
  await writeWhole(root, file);
}
