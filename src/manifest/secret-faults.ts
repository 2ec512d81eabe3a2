import { type SealedKind, secretName } from '../model/secret.ts';
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
  // A command to be copied is whole; what could be no name is a text like any other.
  const shown = secretName.test(name) ? name : quote(name);
  const command =
    kind === 'secret'
      ? `gridops secret seal ${grid} ${shown}`
      : `gridops certificate import ${grid} --cert FILE --key FILE`;
  return {
    code: kind === 'secret' ? 'unknown-secret' : 'unknown-certificate',
    message: `${quote(book.path)} has no ${kind} ${quote(name)}`,
    hint: didYouMean(name, [...book.names(kind), ...more]).hint ?? `Add it: "${command}".`,
  };
}
