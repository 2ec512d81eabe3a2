import { Errors, type PromiseFsClient, readObject } from 'isomorphic-git';
import type { GitObject, ObjectReader } from './engine.ts';

export interface IsomorphicObjects {
  readonly files: PromiseFsClient;
  readonly directory: string;
  /** isomorphic-git fills it with the packs it has read. */
  readonly cache: object;
}

/** Objects as isomorphic-git reads them: whole, in memory, checked against their packs. */
export function isomorphicObjects({ files, directory, cache }: IsomorphicObjects): ObjectReader {
  const from = { fs: files, gitdir: directory, cache };

  async function read(oid: string, maxBytes: number): Promise<GitObject | null> {
    try {
      const { type, object } = await readObject({ ...from, oid, format: 'content' });
      const content = object as Uint8Array;
      const kind = type as GitObject['kind'];
      return { kind, content: content.byteLength > maxBytes ? null : content };
    } catch (error) {
      if (error instanceof Errors.NotFoundError) return null;
      throw error;
    }
  }

  return { read, close: () => Promise.resolve() };
}
