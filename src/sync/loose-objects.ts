import { createHash } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { deflate } from 'node:zlib';
import type { GitObject } from './engine.ts';
import { writeWhole } from './mirror-files.ts';

const compress = promisify(deflate);

export interface NewObject {
  readonly kind: GitObject['kind'];
  readonly content: Uint8Array;
  /** Digits of the repository's object ids. */
  readonly digits: number;
}

/**
 * Writes an object as every git reads it: `<kind> <size>\0<content>`, deflated, in a file named by the digest of that.
 * One that is there already stays. Returns its id.
 */
export async function writeLooseObject(directory: string, object: NewObject): Promise<string> {
  const { id, bytes } = nameObject(object);
  const path = join(directory, 'objects', id.slice(0, 2), id.slice(2));
  if (await exists(path)) return id;
  await mkdir(dirname(path), { recursive: true });
  await writeWhole(path, await compress(bytes));
  return id;
}

function nameObject({ kind, content, digits }: NewObject): { id: string; bytes: Buffer } {
  const bytes = Buffer.concat([Buffer.from(`${kind} ${content.byteLength}\0`), content]);
  const algorithm = digits === 64 ? 'sha256' : 'sha1';
  return { id: createHash(algorithm).update(bytes).digest('hex'), bytes };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
