import type { ReadableFile } from './source.ts';

/**
 * Files of the repository on their way to a node. What a container mounts is a bundle; bundles and contents are known by
 * their digests, so that what many instances share travels, and is kept, once.
 */

/** A single file, whose path is empty, or the files of a folder in the order of their paths. */
export interface FileBundle {
  readonly files: readonly BundledFile[];
  /** Who owns the files; `null`: the agent's own user. */
  readonly uid: number | null;
  readonly gid: number | null;
}

export interface BundledFile {
  /** Below the folder, with `/` between names. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  /** SHA-256 of the content, hex. */
  readonly content: string;
}

/** What the containers of one service mount. */
export interface ServiceFiles {
  /** By `digest` of the bundle. */
  readonly bundles: Readonly<Record<string, FileBundle>>;
  /** By SHA-256. They stay what the repository has until they are sent. */
  readonly contents: Readonly<Record<string, ReadableFile>>;
}

/** What the containers of one assignment mount. */
export interface Delivery {
  readonly bundles: Readonly<Record<string, FileBundle>>;
  /** Base64, by SHA-256. */
  readonly contents: Readonly<Record<string, string>>;
}

/** How much a service may have delivered: it all travels inside of its node's assignment. */
export const deliveryBounds = {
  fileBytes: 256 * 1024,
  serviceBytes: 1024 * 1024,
  files: 500,
} as const;
