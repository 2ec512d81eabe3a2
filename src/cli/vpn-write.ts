import { GridError } from '../model/error.ts';
import type { TextFile } from '../model/source.ts';
import { defaultLimits } from '../sync/limits.ts';
import type { Io } from './io.ts';

/** As people.yml has times. */
export function timeOf({ clock }: Io): string {
  return new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** What is too long would not be read from a commit either. */
export function checkSize(file: TextFile): TextFile {
  if (Buffer.byteLength(file.text) <= defaultLimits.fileBytes) return file;
  throw new GridError({
    code: 'invalid-request',
    message: `${file.path} would be longer than ${defaultLimits.fileBytes} bytes, and not be read any more`,
    hint: 'Remove the oldest lines of "revoked": the history of the repository keeps them.',
  });
}
