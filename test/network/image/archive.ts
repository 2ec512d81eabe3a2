import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RootFs } from './root-fs.ts';
import { type TarEntry, tar, tarSize } from './tar.ts';

/** An image as `docker load` reads it. */
export interface Image {
  readonly name: string;
  /** As the engine shows it. */
  readonly id: string;
  readonly archive: string;
}

export interface Recipe {
  /** With a tag. */
  readonly name: string;
  readonly root: RootFs;
  readonly config: {
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Env?: readonly string[];
    readonly WorkingDir?: string;
    readonly StopSignal?: string;
    readonly Volumes?: Readonly<Record<string, object>>;
  };
}

const CACHE = fileURLToPath(new URL('../../../.cache/images/', import.meta.url));
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64' };

/** The image's archive, made once for the same contents. No engine and no registry takes part. */
export function archiveOf({ name, root, config }: Recipe): Image {
  const layer = root.entries;
  const text = JSON.stringify({
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: [`sha256:${digestOf(tar(layer))}`] },
  });
  const digest = digestOf([Buffer.from(text)]);
  const stem = name.replaceAll(/[^a-z0-9.-]/g, '-');
  const archive = path.join(CACHE, `${stem}-${digest.slice(0, 16)}.tar`);
  if (!existsSync(archive)) {
    write(archive, dockerArchive({ name, digest, text, layer }));
    forget(stem, archive);
  }
  return { name, id: `sha256:${digest}`, archive };
}

function digestOf(chunks: Iterable<Buffer>): string {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

/** What `docker save` writes: the configuration, the layer and a list of both. */
function* dockerArchive(image: {
  readonly name: string;
  readonly digest: string;
  readonly text: string;
  readonly layer: readonly TarEntry[];
}): Generator<Buffer> {
  const config = `${image.digest}.json`;
  const list = JSON.stringify([{ Config: config, RepoTags: [image.name], Layers: ['layer.tar'] }]);
  const size = tarSize(image.layer);
  // The layer's own bytes go between its header and what follows; it is whole blocks already.
  const [layerHeader] = tar([
    { kind: 'file', path: 'layer.tar', mode: 0o644, content: { file: '', size } },
  ]);
  if (layerHeader !== undefined) yield layerHeader;
  yield* tar(image.layer);
  yield* tar([
    { kind: 'file', path: config, mode: 0o644, content: Buffer.from(image.text) },
    { kind: 'file', path: 'manifest.json', mode: 0o644, content: Buffer.from(list) },
  ]);
}

function write(file: string, chunks: Iterable<Buffer>): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  const descriptor = openSync(unfinished, 'w');
  try {
    for (const chunk of chunks) writeSync(descriptor, chunk);
  } finally {
    closeSync(descriptor);
  }
  renameSync(unfinished, file);
}

/** Older contents of the same image. */
function forget(stem: string, archive: string): void {
  const isOlder = new RegExp(`^${stem.replaceAll('.', '\\.')}-[0-9a-f]{16}\\.tar$`);
  for (const name of readdirSync(CACHE))
    if (isOlder.test(name) && path.join(CACHE, name) !== archive)
      rmSync(path.join(CACHE, name), { force: true });
}
