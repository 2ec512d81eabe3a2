import type { ErrorObject } from 'ajv/dist/2020.js';
import { laterHints } from './later-keys.ts';
import { alternatives, quote } from './quote.ts';
import type { Fault, Report } from './report.ts';
import type { Refusal } from './schema-parts.ts';
import { didYouMean, suggest } from './suggest.ts';
import { isNull, locate, locateKey, type TreeNode, type TreePath } from './tree.ts';

/** Reports a validation error at the place that is to blame, in words for the one who wrote it. */
export function explain(error: ErrorObject, root: TreeNode, report: Report): void {
  // The pattern inside `propertyNames`; the error of `propertyNames` itself says it better.
  if (error.propertyName !== undefined) return;
  const path = pathOf(error.instancePath);
  const node = locate(root, path);
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(error.params['additionalProperty']);
      return report.error(locateKey(root, [...path, key]), unknownKey(error, key, root.file));
    }
    case 'propertyNames': {
      const key = String(error.params['propertyName']);
      return report.error(locateKey(root, [...path, key]), badName(error, key));
    }
    case 'required':
      return report.error(
        locateKey(root, path),
        missingKey(String(error.params['missingProperty']), path),
      );
    case 'type':
      return report.error(node, wrongType(error, node, path));
    case 'enum':
      return report.error(node, wrongWord(error, node, path));
    default:
      return report.error(node, wrongValue(error, node, path));
  }
}

/** JSON pointer → path. Every number may be an item's or a key's: the tree knows. */
function pathOf(pointer: string): TreePath {
  const steps = pointer.split('/').slice(1);
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

interface KeySchema {
  readonly later?: readonly string[];
  readonly refused?: Readonly<Record<string, Refusal>>;
  readonly properties?: Readonly<Record<string, KeySchema>>;
}

function unknownKey(error: ErrorObject, key: string, file: string): Fault {
  const { later = [], refused = {}, properties = {} } = error.parentSchema as KeySchema;
  const refusal = Object.hasOwn(refused, key) ? refused[key] : undefined;
  if (refusal !== undefined) return { code: 'not-possible', ...refusal };
  if (later.includes(key)) return notSupported(key, laterHints.get(key));
  const known = Object.keys(properties);
  const near = suggest(key, known) ?? suggest(key, later);
  const hint =
    near === null
      ? (innerKey(properties, key) ?? knownKeys(known, file))
      : `Did you mean ${quote(near)}?`;
  return { code: 'unknown-key', message: `unknown key ${quote(key)}`, hint };
}

/** A list that nobody reads to its end is no answer. */
const maxListed = 20;

function knownKeys(known: readonly string[], file: string): string {
  const page = file.endsWith('grid.yml') ? 'docs/grid-file.md' : 'docs/stack-file.md';
  return known.length > maxListed
    ? `All keys are in ${page}.`
    : `Keys here are ${alternatives(known)}.`;
}

/** A key that belongs one level deeper, as it is or in another spelling. */
function innerKey(properties: Readonly<Record<string, KeySchema>>, key: string): string | null {
  const homes = Object.entries(properties).filter(([, inner]) =>
    Object.hasOwn(inner.properties ?? {}, key),
  );
  if (homes.length > 0)
    return `It belongs inside ${alternatives(homes.map(([home]) => quote(home)))}.`;
  for (const [home, inner] of Object.entries(properties)) {
    const near = suggest(key, Object.keys(inner.properties ?? {}));
    if (near !== null) return `Did you mean ${quote(near)} inside ${quote(home)}?`;
  }
  return null;
}

export function notSupported(
  what: string,
  hint = 'Remove it, or keep a note of it under a key that begins with "x-".',
): Fault {
  return {
    code: 'not-supported-yet',
    message: `${quote(what)} is not supported yet`,
    hint,
  };
}

function badName(error: ErrorObject, key: string): Fault {
  const { description } = error.schema as { description?: string };
  return {
    code: 'invalid-name',
    message: `${quote(key)} cannot be a name here`,
    ...(description === undefined ? {} : { hint: description }),
  };
}

function missingKey(key: string, path: TreePath): Fault {
  const where = path.length === 0 ? 'the file' : subject(path);
  return { code: 'missing-key', message: `${where} needs the key ${quote(key)}` };
}

const typeNames: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  null: 'nothing',
  number: 'a number',
  object: 'a map',
  string: 'text',
};

function wrongType(error: ErrorObject, node: TreeNode, path: TreePath): Fault {
  const wanted = ([] as string[]).concat(error.params['type']);
  // Where text is welcome, numbers are only another way to write it.
  const shown = wanted.includes('string')
    ? wanted.filter((type) => !otherTexts.includes(type))
    : wanted;
  const names = alternatives(shown.map((type) => typeNames[type] ?? type));
  const message = `${subject(path)} must be ${names}, not ${found(node)}`;
  return { code: 'wrong-type', message, ...(isNull(node) ? { hint: fillOrRemove } : {}) };
}

const fillOrRemove = 'Give it a value, or take it out.';

const otherTexts = ['number', 'boolean', 'null'];

function wrongWord(error: ErrorObject, node: TreeNode, path: TreePath): Fault {
  const words = error.params['allowedValues'] as readonly string[];
  const message = `${subject(path)} must be ${alternatives(words)}, not ${found(node)}`;
  const hint = node.kind === 'scalar' ? didYouMean(node.text, words) : {};
  return { code: 'wrong-value', message, ...hint };
}

/** Bounds and patterns; the description of the key says what is wanted better than the pattern does. */
function wrongValue(error: ErrorObject, node: TreeNode, path: TreePath): Fault {
  const { description, examples } = error.parentSchema as {
    description?: string;
    examples?: unknown[];
  };
  const why =
    error.keyword === 'pattern' ? 'does not have the right form' : (error.message ?? 'is wrong');
  const example = examples?.[0] === undefined ? '' : ` Example: ${JSON.stringify(examples[0])}.`;
  return {
    code: 'wrong-value',
    message: `${subject(path)} ${why}: ${found(node)}`,
    ...(description === undefined ? {} : { hint: `${description}${example}` }),
  };
}

function subject(path: TreePath): string {
  const last = String(path.at(-1) ?? '');
  if (last === '') return 'the file';
  if (!/^\d+$/.test(last)) return quote(last);
  return `${quote(String(path.at(-2) ?? ''))}, item ${Number(last) + 1},`;
}

function found(node: TreeNode): string {
  if (isNull(node)) return 'nothing';
  return node.kind === 'scalar' ? quote(node.text) : `a ${node.kind}`;
}
