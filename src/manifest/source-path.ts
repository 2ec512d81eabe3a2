import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

/**
 * A path as a file of the repository writes it → path from the repository's root. `from` is the file it is written in: paths
 * are relative to its folder. Whatever could mean another place than a file of the repository is refused, not repaired.
 */
export function resolvePath(from: string, written: string): Parsed<string> {
  const reason = objection(written);
  if (reason !== null) return refuse(written, reason);
  const segments = from.split('/').slice(0, -1);
  for (const segment of written.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return refuse(written, 'leads out of the repository');
  }
  return { value: segments.join('/') };
}

function objection(written: string): string | null {
  if (written === '') return 'is empty';
  if (written.length > 4_096) return 'is too long';
  if (/\p{Cc}/u.test(written)) return 'has a control character in it';
  if (written.includes('\\')) return 'has a backslash in it';
  if (written.includes('://')) return 'is an address, not a path';
  if (written.startsWith('/') || /^[A-Za-z]:/.test(written)) return 'is absolute';
  return null;
}

function refuse(written: string, reason: string): Parsed<string> {
  return {
    fault: {
      code: 'bad-path',
      message: `the path ${quote(written)} ${reason}`,
      hint: 'Write a path relative to the folder of this file, with "/" between folders.',
    },
  };
}
