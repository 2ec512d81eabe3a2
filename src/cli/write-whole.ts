import { randomUUID } from 'node:crypto';
import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GridError } from '../model/error.ts';

/** Writes a file of a working tree, whole or not at all, with the mode that it has. */
export async function writeWhole(
  root: string,
  { path, text }: { readonly path: string; readonly text: string },
): Promise<void> {
  const full = join(root, path);
  const temporary = `${full}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(full), { recursive: true });
    await writeFile(temporary, text, { flag: 'wx' });
    const mode = await stat(full).then(
      (known) => known.mode,
      () => null,
    );
    if (mode !== null) await chmod(temporary, mode);
    await rename(temporary, full);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new GridError({ code: 'invalid-request', message: `${full} cannot be written`, cause });
  }
}
