import type { Service, Stack } from '../model/grid.ts';
import type { BinaryFile, ReadableFile, TextFile } from '../model/source.ts';
import { fromJson } from './json.ts';

/**
 * Definitions as JSON text. Delivered files that are no text are bytes, which JSON does not have: they would come back as
 * something else than what their digest says.
 */

type StoredFile = TextFile | (Omit<BinaryFile, 'bytes'> & { readonly bytes: string });

/** A definition whose files are `File`s. */
type With<File> = Omit<Service, 'files'> & {
  readonly files?: Omit<NonNullable<Service['files']>, 'contents'> & {
    readonly contents: Readonly<Record<string, File>>;
  };
};

export function serviceToJson(service: Service): string {
  return JSON.stringify(withFiles(service, toStored));
}

export function serviceFromJson(text: string): Service {
  return withFiles(fromJson<With<StoredFile>>(text), fromStored);
}

export function stacksToJson(stacks: readonly Stack[]): string {
  return JSON.stringify(
    stacks.map((stack) => ({
      ...stack,
      services: stack.services.map((service) => withFiles(service, toStored)),
    })),
  );
}

export function stacksFromJson(text: string): readonly Stack[] {
  const stacks = fromJson<(Omit<Stack, 'services'> & { services: With<StoredFile>[] })[]>(text);
  return stacks.map((stack) => ({
    ...stack,
    services: stack.services.map((service) => withFiles(service, fromStored)),
  }));
}

function withFiles<From, To>({ files, ...rest }: With<From>, change: (file: From) => To): With<To> {
  if (files === undefined) return rest;
  const contents: Record<string, To> = {};
  for (const [digest, file] of Object.entries(files.contents)) contents[digest] = change(file);
  return { ...rest, files: { ...files, contents } };
}

function toStored(file: ReadableFile): StoredFile {
  if (file.kind === 'text') return file;
  return { ...file, bytes: Buffer.from(file.bytes).toString('base64') };
}

function fromStored(file: StoredFile): ReadableFile {
  return file.kind === 'text' ? file : { ...file, bytes: Buffer.from(file.bytes, 'base64') };
}
