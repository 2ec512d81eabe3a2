import type { Grid } from '../model/grid.ts';
import { type DeclaredAccount, dockerHub, registryOf } from '../model/registry-account.ts';
import { secretName } from '../model/secret.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import type { GridHead } from './schema.ts';
import type { SecretBook } from './secrets-file.ts';
import type { Section } from './section.ts';
import { didYouMean } from './suggest.ts';
import { locate, locateKey, type TreeNode, valueAt } from './tree.ts';

/** The accounts that the grid file names; those with faults are reported, and left out. */
export function readRegistries(
  section: Section<GridHead>,
  book: SecretBook,
): NonNullable<Grid['registries']> {
  const accounts = new Map<string, DeclaredAccount>();
  for (const [host, { username, password }] of Object.entries(section.value.registries ?? {})) {
    const { node, report } = section;
    const position = locate(node, ['registries', host, 'password']);
    const fault = hostFault(host);
    if (fault !== null) report.error(locateKey(node, ['registries', host]), fault);
    const mark = book.mark('secret', password);
    const sealed = book.sealed('secret', password);
    if (mark === null || sealed === null)
      report.error(position, notSealed({ host, password }, book));
    else {
      const { file, line, column } = position;
      const at = { file, line, column };
      accounts.set(host, { username, password: mark, sealed: sealed.text, position: at });
    }
  }
  return Object.fromEntries(accounts);
}

/** Whatever stands where only names of secrets may stand: somebody may have written a password there. */
export function concealPasswords(root: TreeNode, book: SecretBook, report: Report): void {
  const names = new Set(book.names('secret'));
  const registries = valueAt(root, 'registries');
  if (registries?.kind === 'scalar') report.conceal(registries.text);
  if (registries?.kind !== 'map') return;
  for (const { key, value } of registries.entries.values()) {
    if (key.text.includes('@')) report.conceal(key.text);
    if (value.kind === 'scalar') report.conceal(value.text);
    if (value.kind !== 'map') continue;
    for (const [name, { value: part }] of value.entries)
      if (name !== 'username' && part.kind === 'scalar' && !names.has(part.text))
        report.conceal(part.text);
  }
}

/** No image's name leads to it. */
function hostFault(host: string): Fault | null {
  const meant = registryOf(`${host}/image`);
  if (meant === host) return null;
  const isHub = host.endsWith(dockerHub);
  return {
    code: 'invalid-name',
    message: isHub
      ? `Docker Hub is not called ${quote(host)} here`
      : `no image is from a registry ${quote(host)}: Docker takes that for a part of a name at Docker Hub`,
    hint: isHub
      ? `Write ${quote(dockerHub)}.`
      : 'Write its host with a dot in it, or with its port, as image names have it.',
  };
}

function notSealed(
  { host, password }: { readonly host: string; readonly password: string },
  book: SecretBook,
): Fault {
  const [, grid = ''] = book.path.split('/');
  const near = secretName.test(password) ? didYouMean(password, book.names('secret')).hint : null;
  return {
    code: 'unknown-secret',
    message: `what stands for the password of ${quote(host)} is not the name of a secret in ${quote(book.path)}`,
    hint:
      near ??
      `Seal the password with "gridops secret seal ${grid} NAME", and write that name. If this is the password itself, take another: it stays in the history.`,
  };
}
