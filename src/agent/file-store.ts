import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Delivery, FileBundle } from '../model/delivery.ts';
import { digest } from '../model/digest.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { BindMount, ContainerSpec, FilesMount, Mount, SecretMount } from '../model/spec.ts';
import {
  type BundleOnDisk,
  flushFolder,
  isWhole,
  repairBundle,
  writeBundle,
} from './bundle-on-disk.ts';

/** Files of the repository on this node. */
export interface DeliveredFiles {
  /** What there is to deliver from now on: all that the newest assignment mounts, and which secrets. */
  offer(delivery: Delivery, secrets: readonly SecretMount[]): void;
  /** Puts in place what the containers of a spec mount. Answers with the spec as the engine is to see it. */
  place(spec: ContainerSpec): Promise<ContainerSpec>;
  /** Removes what the assignment does not mount and no container has mounted. `mounted` are the sources of their mounts. */
  sweep(mounted: Iterable<string>): Promise<void>;
}

const bundleName = /^[0-9a-f]{64}$/;

/**
 * Bundles in a folder of the agent, each under its digest. What has that name is complete: it is written beside, flushed and
 * renamed. So it never changes, and whoever mounts it sees the same until it is replaced by another container. What somebody
 * else did to a folder is repaired in it: the containers that have it mounted would not see another one.
 */
export class FileStore implements DeliveredFiles {
  readonly #folder: string;
  readonly #fill: (text: string) => string;
  #offered: Delivery | null = null;
  /** Bundles with secrets that were put in place and that the present assignment mounts, with their texts as it has them. */
  readonly #secret = new Map<string, string>();
  /** One at a time: what is being written must not be swept. */
  #queue: Promise<unknown> = Promise.resolve();

  /** `fill` puts the values of secrets into a text. */
  constructor(folder: string, fill: (text: string) => string = (text) => text) {
    this.#folder = path.resolve(folder);
    this.#fill = fill;
  }

  /** A container that is being made right now may mount what was put in place before: it is in no listing yet. */
  offer(delivery: Delivery, secrets: readonly SecretMount[]): void {
    this.#offered = delivery;
    const mounted = new Set(secrets.map(({ text }) => text));
    for (const [name, text] of this.#secret) if (!mounted.has(text)) this.#secret.delete(name);
  }

  async place(spec: ContainerSpec): Promise<ContainerSpec> {
    if (!spec.mounts.some(isDelivered)) return spec;
    const mounts: Mount[] = [];
    await this.#inTurn(async () => {
      for (const mount of spec.mounts)
        mounts.push(isDelivered(mount) ? await this.#deliver(mount) : mount);
    });
    return { ...spec, mounts };
  }

  async sweep(mounted: Iterable<string>): Promise<void> {
    const used = new Set(Array.from(mounted, (source) => path.basename(source)));
    await this.#inTurn(async () => {
      // Without an assignment nobody knows what is needed.
      if (this.#offered === null) return;
      for (const name of await namesIn(this.#folder)) {
        const isOffered = this.#bundle(name) !== null || this.#secret.has(name);
        const isNeeded = bundleName.test(name) && (used.has(name) || isOffered);
        if (!isNeeded) await rm(path.join(this.#folder, name), { recursive: true, force: true });
      }
    });
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    await turn;
  }

  async #deliver(mount: FilesMount | SecretMount): Promise<BindMount> {
    if (mount.kind === 'secret') return this.#bind(mount.target, await this.#provideSecret(mount));
    const { target, digest: name, selinux } = mount;
    await this.#provideOffered(name);
    const bind = this.#bind(target, name);
    return selinux === undefined ? bind : { ...bind, selinux };
  }

  /** The engine must not make a folder in its place. */
  #bind(target: string, name: string): BindMount {
    const source = path.join(this.#folder, name);
    return { kind: 'bind', source, target, readOnly: true, mustExist: true };
  }

  #bundle(name: string): FileBundle | null {
    const bundles = this.#offered?.bundles ?? {};
    return Object.hasOwn(bundles, name) ? (bundles[name] ?? null) : null;
  }

  async #provideOffered(name: string): Promise<void> {
    const bundle = this.#bundle(name);
    if (bundle === null) throw damaged(`the assignment does not hold the files ${name}`);
    if (digest(bundle) !== name) throw damaged(`the files ${name} are not what their name says`);
    await this.#provide(name, bundle, (content) => this.#content(content));
  }

  /** A file by what is in it, like all others: another value is another file. */
  async #provideSecret({ text, mode, uid, gid }: SecretMount): Promise<string> {
    const bytes = Buffer.from(this.#fill(text));
    const content = createHash('sha256').update(bytes).digest('hex');
    const bundle = { files: [{ path: '', mode, content }], uid, gid };
    const name = digest(bundle);
    this.#secret.set(name, text);
    await this.#provide(name, bundle, () => bytes);
    return name;
  }

  async #provide(name: string, bundle: FileBundle, contentOf: ContentOf): Promise<void> {
    const onDisk: BundleOnDisk = { bundle, at: path.join(this.#folder, name) };
    try {
      if (await isWhole(onDisk)) return;
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await this.#write(onDisk, contentOf);
    } catch (error) {
      throw cannotWrite(onDisk, error);
    }
  }

  async #write({ bundle, at }: BundleOnDisk, contentOf: ContentOf): Promise<void> {
    const [fresh, former] = [`${at}.new`, `${at}.old`];
    // Left over from a crash.
    for (const one of [fresh, former]) await rm(one, { recursive: true, force: true });
    if (await repairBundle({ bundle, at }, fresh, contentOf)) return;
    await writeBundle({ bundle, at: fresh }, contentOf);
    // A file cannot be renamed over a folder, nor the other way round.
    await rename(at, former).catch(ignoreMissing);
    await rename(fresh, at);
    await flushFolder(this.#folder);
    await rm(former, { recursive: true, force: true });
  }

  #content(name: string): Buffer {
    const contents = this.#offered?.contents ?? {};
    const text = Object.hasOwn(contents, name) ? contents[name] : undefined;
    if (text === undefined) throw damaged(`the assignment does not hold the content ${name}`);
    const content = Buffer.from(text, 'base64');
    if (createHash('sha256').update(content).digest('hex') === name) return content;
    throw damaged(`the content ${name} is not what its name says`);
  }
}

/** Gives contents by their SHA-256. */
type ContentOf = (name: string) => Buffer;

function isDelivered(mount: Mount): mount is FilesMount | SecretMount {
  return mount.kind === 'files' || mount.kind === 'secret';
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    ignoreMissing(error);
    return [];
  }
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

function damaged(message: string): GridError {
  return new GridError({ code: 'protocol-violation', message, retry: 'later' });
}

function cannotWrite({ at, bundle }: BundleOnDisk, cause: unknown): GridError {
  if (cause instanceof GridError) return cause;
  const isDenied = (cause as NodeJS.ErrnoException).code === 'EPERM';
  const owned = bundle.uid !== null || bundle.gid !== null;
  return new GridError({
    code: 'internal',
    message: `cannot put the files of a mount at ${at}: ${errorMessage(cause)}`,
    retry: 'later',
    ...(isDenied && owned
      ? { hint: 'Only an agent that runs as root can give files to another user ("uid", "gid").' }
      : {}),
    cause,
  });
}
