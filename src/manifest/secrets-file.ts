import Type from 'typebox';
import {
  certificateName,
  parseSealed,
  printMark,
  type SealedKind,
  sealedPattern,
  secretName,
} from '../model/secret.ts';
import type { NameRule } from './names.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import { closed, mapOf, text } from './schema-parts.ts';
import type { Sources } from './sources.ts';
import { isNull, type MapNode, type TreeNode, valueAt } from './tree.ts';
import { createValidator } from './validate.ts';

const secretRule: NameRule = {
  pattern: secretName.source,
  description: 'Letters, digits, "_", "." and "-"; at most 128, and the first a letter or digit.',
};
const certificateRule: NameRule = {
  pattern: certificateName.source,
  description: 'The domain that the certificate is for; "*." may stand in front.',
};

function sealedText(description: string) {
  return text({
    pattern: sealedPattern,
    maxLength: 200_000,
    description,
    examples: [`g1.h7gk2m5qxw3ztb4n.${'YWdlLWVuY3J5cHRpb24'.repeat(4)}`],
  });
}

/** `grids/<grid>/secrets.yml`: values that only the master can read. */
export const SecretsFile = closed(
  {
    recipient: Type.Optional(
      text({
        pattern: '^age1[02-9ac-hj-np-z]{58}$',
        description: "The master's public key: what the values are sealed for.",
        examples: ['age1pdar46f9ewplqh8xlnle8ka8xn4y4rjgu60da54emg6cwzt37evsxxp4ck'],
      }),
    ),
    secrets: Type.Optional(
      mapOf(sealedText('A sealed value, as `gridops secret seal` writes it.'), {
        keys: secretRule,
        description: 'Sealed values, by name.',
      }),
    ),
    certificates: Type.Optional(
      mapOf(sealedText('A sealed bundle, as `gridops certificate import` writes it.'), {
        keys: certificateRule,
        description: 'Certificates with their chains and keys, by the domain that they are for.',
      }),
    ),
  },
  { description: 'The sealed values of a grid. They are safe to commit.' },
);

const validate = createValidator(SecretsFile);

export function secretsPath(grid: string): string {
  return `grids/${grid}/secrets.yml`;
}

/** Checks the whole file. Nothing of a grid whose secrets cannot be read is known to be wanted. */
export function checkSecretsFile(grid: string, sources: Sources, report: Report): void {
  const path = secretsPath(grid);
  const opened = sources.open(path);
  if (opened.fault?.code === 'file-missing') return;
  if (opened.fault !== undefined)
    return report.error({ file: path, line: 1, column: 1 }, opened.fault);
  const { root, problems } = sources.tree(opened.value);
  for (const problem of problems) report.error(problem.position, problem);
  if (root === null || isNull(root)) return;
  refusePlain(grid, valueAt(root, 'secrets'), report);
  refusePlain(grid, valueAt(root, 'certificates'), report);
  validate(root, report);
}

/** Somebody wrote the value itself: it must not go further than it has, and is no secret any more. */
function refusePlain(grid: string, entries: TreeNode | null, report: Report): void {
  if (entries?.kind !== 'map') return;
  for (const { key, value } of entries.entries.values()) {
    if (value.kind !== 'scalar' || parseSealed(value.text) !== null) continue;
    report.conceal(value.text);
    report.error(value, notSealed(grid, key.text));
    // That it does not look like a sealed value says less.
    report.spoil(value);
  }
}

function notSealed(grid: string, name: string): Fault {
  return {
    code: 'secret-not-sealed',
    message: `${quote(name)} is not sealed: whoever can read the repository can read it`,
    hint: `It stays in the history, so choose another value, and seal that: "gridops secret seal ${grid} NAME", or "gridops certificate import".`,
  };
}

/** What is sealed in a grid. Files that ask for it depend on secrets.yml. */
export interface SecretBook {
  readonly path: string;
  /** Stands for the value. `null`: there is none of that name. */
  mark(kind: SealedKind, name: string): string | null;
  sealed(kind: SealedKind, name: string): SealedEntry | null;
  names(kind: SealedKind): Iterable<string>;
}

export interface SealedEntry {
  readonly text: string;
  readonly id: string;
  readonly at: TreeNode;
}

/** Where each kind stands in the file. */
export const secretSections: Readonly<Record<SealedKind, string>> = {
  secret: 'secrets',
  certificate: 'certificates',
};

/** For a grid whose file has been checked. */
export function openSecretBook(grid: string, sources: Sources): SecretBook {
  const path = secretsPath(grid);
  function entries(kind: SealedKind): MapNode['entries'] {
    const opened = sources.openOfGrid(path);
    const root = opened.fault === undefined ? sources.tree(opened.value).root : null;
    const map = root === null ? null : valueAt(root, secretSections[kind]);
    return map?.kind === 'map' ? map.entries : new Map();
  }
  function sealed(kind: SealedKind, name: string): SealedEntry | null {
    const at = entries(kind).get(name)?.value;
    const parsed = at?.kind === 'scalar' ? parseSealed(at.text) : null;
    return at?.kind === 'scalar' && parsed !== null ? { text: at.text, id: parsed.id, at } : null;
  }
  return {
    path,
    sealed,
    mark(kind, name) {
      const entry = sealed(kind, name);
      return entry === null ? null : printMark({ kind, name, id: entry.id });
    },
    names: (kind) => entries(kind).keys(),
  };
}
