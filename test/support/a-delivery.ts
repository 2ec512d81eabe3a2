import type { Delivery, FileBundle } from '../../src/model/delivery.ts';
import { contentDigest, digest } from '../../src/model/digest.ts';
import type { FilesMount } from '../../src/model/spec.ts';

interface Overrides {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** One bundle of these files, by path; the path of a single file is empty. */
export function aDelivery(
  files: Readonly<Record<string, string | Buffer>>,
  { mode = 0o444, uid, gid }: Overrides = {},
): Delivery {
  const entries = Object.entries(files).map(([path, written]) => {
    const bytes = Buffer.from(written);
    return { path, mode, content: contentDigest(bytes), base64: bytes.toString('base64') };
  });
  const bundle: FileBundle = {
    files: entries.map(({ path, content }) => ({ path, mode, content })),
    uid: uid ?? null,
    gid: gid ?? null,
  };
  const contents = entries.map(({ content, base64 }) => [content, base64] as const);
  return { bundles: { [digest(bundle)]: bundle }, contents: Object.fromEntries(contents) };
}

/** All of them in one. */
export function delivering(...deliveries: readonly Delivery[]): Delivery {
  return {
    bundles: Object.assign({}, ...deliveries.map((one) => one.bundles)) as Delivery['bundles'],
    contents: Object.assign({}, ...deliveries.map((one) => one.contents)) as Delivery['contents'],
  };
}

/** A mount of the first bundle. */
export function aFilesMount(delivery: Delivery, overrides: Partial<FilesMount> = {}): FilesMount {
  const [name = ''] = Object.keys(delivery.bundles);
  return { kind: 'files', target: '/files', digest: name, ...overrides };
}
