import type { SealedKind } from '../model/secret.ts';
import { quote } from './quote.ts';
import type { Fault } from './report.ts';
import type { SecretBook } from './secrets-file.ts';
import { didYouMean } from './suggest.ts';

/** Nothing of that name is sealed. `more` are other names that would do. */
export function unknownSecret(
  kind: SealedKind,
  name: string,
  book: SecretBook,
  more: Iterable<string> = [],
): Fault {
  const [, grid = ''] = book.path.split('/');
  const command =
    kind === 'secret'
      ? `gridops secret seal ${grid} ${name}`
      : `gridops certificate import ${grid} --cert FILE --key FILE`;
  return {
    code: kind === 'secret' ? 'unknown-secret' : 'unknown-certificate',
    message: `${quote(book.path)} has no ${kind} ${quote(name)}`,
    hint: didYouMean(name, [...book.names(kind), ...more]).hint ?? `Add it: ${quote(command)}.`,
  };
}
