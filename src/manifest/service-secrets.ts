import { marksWithin, parseMark, type SealedKind, type SecretSources } from '../model/secret.ts';
import { isChanceOf } from './chance.ts';
import { environmentFault } from './environment-names.ts';
import type { Fault, Parsed } from './report.ts';
import { unknownSecret } from './secret-faults.ts';
import type { SecretBook } from './secrets-file.ts';
import type { Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate, type TreePath } from './tree.ts';

export interface SecretContext {
  readonly book: SecretBook;
  /** Variables of the stack that are written to the vault. */
  readonly vault: ReadonlyMap<string, string | null>;
}

/**
 * Kontena's `secrets` and `certificates`: variables of the environment, with marks as values. Several of one name stand on a
 * line each (kontena.md 1.3).
 */
export function readSecretVariables(
  section: Section<ServiceEntry>,
  context: SecretContext,
): ReadonlyMap<string, string> {
  const { secrets = [], certificates = [] } = section.value;
  const lines = new Map<string, readonly string[]>();
  function add(wish: Wish): void {
    const { name, value } = readWish(wish, section, context) ?? {};
    if (name !== undefined && value !== undefined)
      lines.set(name, [...(lines.get(name) ?? []), value]);
  }
  for (const [index, use] of secrets.entries()) {
    if (typeof use === 'string' || use.secret === undefined || use.source !== undefined) continue;
    const { secret, name = secret } = use;
    add({ kind: 'secret', wanted: secret, key: 'secret', name, path: ['secrets', index] });
  }
  for (const [index, { subject, name = 'SSL_CERTS' }] of certificates.entries())
    add({
      kind: 'certificate',
      wanted: subject,
      key: 'subject',
      name,
      path: ['certificates', index],
    });
  refuseUnclear(section);
  return new Map(Array.from(lines, ([name, values]) => [name, values.join('\n')]));
}

interface Wish {
  readonly kind: SealedKind;
  readonly wanted: string;
  /** Under which it is written. */
  readonly key: string;
  readonly name: string;
  readonly path: TreePath;
}

function readWish(
  wish: Wish,
  { node, report }: Section<ServiceEntry>,
  context: SecretContext,
): { readonly name: string; readonly value: string } | null {
  const { name, path, key } = wish;
  const bad = environmentFault(name, '');
  if (bad !== null) report.error(locate(node, [...path, 'name']), bad);
  const { value, fault } = find(wish, context);
  if (fault !== undefined) report.error(locate(node, [...path, key]), fault);
  return value === undefined || value === null ? null : { name, value };
}

/** What is sealed comes before what a variable says: `from: vault` of that variable would say the same. */
function find({ kind, wanted }: Wish, { book, vault }: SecretContext): Parsed<string | null> {
  const mark = book.mark(kind, wanted);
  if (mark !== null) return { value: mark };
  const written = kind === 'secret' ? vault.get(wanted) : undefined;
  return written === undefined
    ? { fault: unknownSecret(kind, wanted, book, kind === 'secret' ? vault.keys() : []) }
    : { value: written };
}

/** Which secret is meant, and whether as a file or as a variable. */
function refuseUnclear({ value, node, report }: Section<ServiceEntry>): void {
  for (const [index, use] of (value.secrets ?? []).entries()) {
    if (typeof use === 'string') continue;
    const { source, secret, name, type } = use;
    const asVariable = (secret ?? name ?? type) !== undefined;
    if (source !== undefined && asVariable) report.error(locate(node, ['secrets', index]), both);
    if (source === undefined && asVariable && secret === undefined)
      report.error(locate(node, ['secrets', index]), withoutSecret);
  }
}

const both: Fault = {
  code: 'wrong-value',
  message: 'a secret is either a file ("source") or a variable of the environment ("secret")',
  hint: 'For both write two items.',
};

const withoutSecret: Fault = {
  code: 'missing-key',
  message: 'it is not said which secret is meant',
  hint: 'Write "secret: NAME" with "name" and "type" for a variable of the environment, or "source: NAME" for a file.',
};

/** What the marks in a spec, and in what goes with it, stand for. What looks like one and is none of the grid's is text that somebody wrote. */
export function secretSources(
  parts: unknown,
  { grid, book }: { readonly grid: string; readonly book: SecretBook },
): Parsed<SecretSources | null> {
  const sources: Record<string, string | null> = {};
  const marks = marksWithin(parts);
  if (marks.length > maxSecrets) return { fault: tooMany(marks.length) };
  for (const mark of marks) {
    const { kind, name, id } = parseMark(mark) ?? { kind: 'random', name: '', id: '' };
    if (kind === 'random') {
      if (isChanceOf(grid, id)) sources[mark] = null;
      continue;
    }
    const sealed = book.sealed(kind, name);
    if (sealed?.id === id) sources[mark] = sealed.text;
  }
  return { value: Object.keys(sources).length === 0 ? null : sources };
}

/** Each is opened by the master: more than anyone uses, and few enough for nobody to wait. */
const maxSecrets = 200;

function tooMany(count: number): Fault {
  const message = `the service uses ${count} secrets, and at most ${maxSecrets} are put into a container`;
  return { code: 'stack-too-large', message, hint: 'Seal what belongs together as one value.' };
}
