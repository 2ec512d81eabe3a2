import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { shortDigest } from '../model/digest.ts';
import { writePrivately } from '../runtime/private-file.ts';
import type { Certificates } from './certificates.ts';

/**
 * Where HAProxy's sockets are. Only this may be written by HAProxy: in a folder that a container can write to, a link of its
 * making would lead the agent to any file of the host.
 */
export const SOCKETS = 'run';

/**
 * The folder that HAProxy has its configuration from, and its sockets in. Nobody but the agent's user and HAProxy's own may
 * look into it. Each file is there as a whole, or not at all.
 */
export class Folder {
  readonly #path: string;
  /** Certificates and lists of them that are known to be whole. */
  readonly #whole = new Set<string>();

  constructor(folder: string) {
    this.#path = folder;
  }

  get master(): string {
    return path.join(this.#path, SOCKETS, 'master.sock');
  }

  async make(): Promise<void> {
    for (const name of ['certificates', SOCKETS])
      await mkdir(path.join(this.#path, name), { recursive: true, mode: 0o700 });
  }

  /** `null`: there is none. */
  async read(name: string): Promise<string | null> {
    try {
      return await readFile(path.join(this.#path, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async write(name: string, text: string): Promise<void> {
    const file = path.join(this.#path, name);
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  }

  async remove(name: string): Promise<void> {
    await rm(path.join(this.#path, name), { force: true });
  }

  /**
   * Writes what is not there yet, and the list of it, as a file that is called after what is in it: the configuration that
   * still runs keeps its own. The list's name, from the folder; `null`: there are no certificates.
   */
  async writeCertificates(
    { files }: Certificates,
    folderOfHaproxy: string,
  ): Promise<string | null> {
    if (files.length === 0) return null;
    const known = await this.#certificates();
    const put = async (name: string, text: string): Promise<void> => {
      if (!this.#whole.has(name) || !known.includes(name)) await this.#put(name, text);
    };
    for (const { name, text } of files) await put(name, text);
    const names = files.map(({ name }) => name);
    const list = listName(names);
    const lines = names.map((name) => `${folderOfHaproxy}/certificates/${name}\n`);
    await put(list, lines.join(''));
    return `certificates/${list}`;
  }

  /** Nothing but these is read any more. */
  async keepCertificates({ files }: Certificates): Promise<void> {
    const names = files.map(({ name }) => name);
    const kept = new Set([...names, listName(names)]);
    for (const name of await this.#certificates())
      if (!kept.has(name)) await rm(path.join(this.#path, 'certificates', name), { force: true });
  }

  /** Nobody writes it again while it has its name, so it must have it for good; an older one may be empty since a power cut. */
  async #put(name: string, text: string): Promise<void> {
    const file = path.join('certificates', name);
    if ((await this.read(file)) !== text) await writePrivately(path.join(this.#path, file), text);
    this.#whole.add(name);
  }

  async #certificates(): Promise<readonly string[]> {
    return await readdir(path.join(this.#path, 'certificates'));
  }
}

/** Equal lists have equal names. */
function listName(names: readonly string[]): string {
  return `${shortDigest(names)}.list`;
}
