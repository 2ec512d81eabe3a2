import {
  type BundledFile,
  deliveryBounds,
  type FileBundle,
  type ServiceFiles,
} from '../model/delivery.ts';
import { contentDigest, digest } from '../model/digest.ts';
import { compareText } from '../model/identity.ts';
import type { ReadableFile } from '../model/source.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { resolvePath } from './source-path.ts';
import type { Collected, Sources } from './sources.ts';

/** Whose the files are and what may be done with them; `null` is what they have by themselves. */
export interface Permissions {
  readonly mode: number | null;
  readonly uid: number | null;
  readonly gid: number | null;
}

/** Gathers what is delivered with the containers of one service. Answers are digests of bundles. */
export interface Bundler {
  /** A file or folder of the repository, as the file `from` writes it. */
  path(written: string, from: string): Parsed<string>;
  /** The same, but it must be a file. */
  file(written: string, from: string, permissions: Permissions): Parsed<string>;
  text(text: string, permissions: Permissions): Parsed<string>;
  /** Everything so far; `null` when that is nothing. */
  files(): ServiceFiles | null;
}

const own: Permissions = { mode: null, uid: null, gid: null };

export function createBundler(sources: Sources): Bundler {
  const bundles: Record<string, FileBundle> = Object.create(null);
  const contents: Record<string, ReadableFile> = Object.create(null);
  const room: Room = { bytes: deliveryBounds.serviceBytes, files: deliveryBounds.files };

  function open(written: string, from: string): Parsed<Collected & { readonly path: string }> {
    const path = resolvePath(from, written);
    const found = path.fault === undefined ? sources.collect(path.value) : path;
    if (found.fault !== undefined) return found;
    return { value: { ...found.value, path: path.value ?? '' } };
  }

  function bundle(files: readonly Named[], permissions: Permissions): Parsed<string> {
    const bundled: BundledFile[] = [];
    for (const { path, file } of files) {
      // What is beyond the bounds is not looked at: there may be very much of it.
      const { bytes, digest: content } = isFull(room) ? nothing : sources.measure(file);
      const fault = take(room, file, bytes);
      if (fault !== null) return { fault };
      contents[content] = file;
      bundled.push({ path, mode: permissions.mode ?? ownMode(file), content });
    }
    const { uid, gid } = permissions;
    const made: FileBundle = { files: bundled, uid, gid };
    const name = digest(made);
    bundles[name] = made;
    return { value: name };
  }

  return {
    path(written, from) {
      const { value: found, fault } = open(written, from);
      if (fault !== undefined) return { fault };
      if (found.kind === 'file') return bundle([{ path: '', file: found.file }], own);
      if (found.files.length > room.files) return { fault: tooMany };
      const start = found.path.length + 1;
      const named = found.files.map((file) => ({ path: file.path.slice(start), file }));
      return bundle(
        named.toSorted((a, b) => compareText(a.path, b.path)),
        own,
      );
    },
    file(written, from, permissions) {
      const { value: found, fault } = open(written, from);
      if (fault !== undefined) return { fault };
      if (found.kind === 'folder') return { fault: notOneFile(written) };
      return bundle([{ path: '', file: found.file }], permissions);
    },
    text(text, permissions) {
      if (isFull(room)) return { fault: room.files > 0 ? tooMuch : tooMany };
      const bytes = new TextEncoder().encode(text);
      const file = { kind: 'binary', path: '', blob: contentDigest(bytes), bytes } as const;
      return bundle([{ path: '', file }], permissions);
    },
    files: () => (Object.keys(bundles).length === 0 ? null : { bundles, contents }),
  };
}

interface Named {
  readonly path: string;
  readonly file: ReadableFile;
}

/** What a service may still have delivered. */
interface Room {
  bytes: number;
  files: number;
}

const nothing = { bytes: 0, digest: '' };

function isFull(room: Room): boolean {
  return room.bytes < 0 || room.files <= 0;
}

function take(room: Room, file: ReadableFile, bytes: number): Fault | null {
  if (room.files <= 0) return tooMany;
  room.files -= 1;
  room.bytes -= bytes;
  if (bytes > deliveryBounds.fileBytes)
    return tooLarge(
      `${file.path === '' ? 'the content' : quote(file.path)} has ${bytes} bytes`,
      `${deliveryBounds.fileBytes} bytes a file`,
    );
  return room.bytes < 0 ? tooMuch : null;
}

const tooMuch = tooLarge(
  'the service mounts too much',
  `${deliveryBounds.serviceBytes} bytes a service`,
);
const tooMany = tooLarge('the service mounts too many files', `${deliveryBounds.files} a service`);

function tooLarge(what: string, bound: string): Fault {
  return {
    code: 'delivery-too-large',
    message: `${what}; at most ${bound} are delivered from the repository`,
    hint: 'Put what is large into the image, or into a volume.',
  };
}

function notOneFile(written: string): Fault {
  return {
    code: 'bad-path',
    message: `${quote(written)} is a folder, and must be a file`,
    hint: 'To deliver a folder, write it below "volumes": "./folder:/path:ro".',
  };
}

/** Nobody can write there anyway. */
function ownMode(file: ReadableFile): number {
  return file.executable === true ? 0o555 : 0o444;
}
