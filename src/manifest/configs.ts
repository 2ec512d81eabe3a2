import type Type from 'typebox';
import { ConfigEntry, SecretEntry } from './config-schema.ts';
import { volumeNameRule } from './names.ts';
import { quote } from './quote.ts';
import { addProblems, type Fault, type Report } from './report.ts';
import { resolvePath } from './source-path.ts';
import type { Sources } from './sources.ts';
import { locate, type TreeNode } from './tree.ts';
import { createValidator, type Validator } from './validate.ts';
import { peopleTable } from './vpn-people.ts';
import { parsePeople } from './vpn-people-edit.ts';

/** What a stack's `configs` and `secrets` declare. */
export type Config =
  /** `from` is the file that the path is written in. */
  | { readonly kind: 'file'; readonly path: string; readonly from: string; readonly at: TreeNode }
  | { readonly kind: 'text'; readonly text: string }
  /** A value that the grid has sealed. */
  | { readonly kind: 'sealed'; readonly name: string; readonly at: TreeNode }
  /** It has a problem, which is reported: that it is used is none of its own. */
  | { readonly kind: 'broken' };

type ConfigEntry = Type.Static<typeof ConfigEntry>;
type SecretEntry = Type.Static<typeof SecretEntry>;

const validateConfig = createValidator(ConfigEntry);
const validateSecret = createValidator(SecretEntry);
const nameRule = new RegExp(volumeNameRule.pattern);

export function readConfigs(
  node: TreeNode | null,
  sources: Sources,
  report: Report,
): ReadonlyMap<string, Config> {
  const convert = (named: Named<ConfigEntry>): Config => toConfig(named, sources, report);
  return readAll(node, { what: 'config', validate: validateConfig, convert, report });
}

/** Compose's secrets are configs that are put elsewhere: files of the repository, or values that the grid has sealed. */
export function readSecrets(node: TreeNode | null, report: Report): ReadonlyMap<string, Config> {
  const secrets = readAll(node, {
    what: 'secret',
    validate: validateSecret,
    convert: toSecret,
    report,
  });
  for (const secret of secrets.values()) if (secret.kind === 'file') report.warn(secret.at, plain);
  return secrets;
}

const plain: Fault = {
  code: 'plain-secret',
  message: 'the repository holds this secret in the clear: whoever can read it has it',
  hint: 'Seal it: "gridops secret seal GRID NAME --file PATH", remove the file, and write "external: true" here.',
};

interface Named<T> {
  readonly id: string;
  readonly entry: T;
  readonly node: TreeNode;
}

interface Reading<T> {
  readonly what: string;
  readonly validate: Validator<T>;
  readonly convert: (named: Named<T>, report: Report) => Config;
  readonly report: Report;
}

function readAll<T>(node: TreeNode | null, reading: Reading<T>): ReadonlyMap<string, Config> {
  const { what, validate, convert, report } = reading;
  const configs = new Map<string, Config>();
  if (node?.kind !== 'map') return configs;
  for (const [id, { key, value }] of node.entries) {
    if (!nameRule.test(id)) {
      const message = `${quote(id)} cannot be the name of a ${what}`;
      report.error(key, { code: 'invalid-name', message, hint: volumeNameRule.description });
    }
    const entry = validate(value, report);
    configs.set(id, entry === null ? broken : convert({ id, entry, node: value }, report));
  }
  return configs;
}

const broken: Config = { kind: 'broken' };

function toConfig({ entry, node }: Named<ConfigEntry>, sources: Sources, report: Report): Config {
  const { file, content, people } = entry;
  const said = [file, content, people].filter((one) => one !== undefined).length;
  if (said === 1 && file !== undefined) return fileConfig(file, node);
  if (said === 1 && content !== undefined) return { kind: 'text', text: content };
  if (said === 1 && people !== undefined)
    return peopleConfig(people, locate(node, ['people']), { sources, report });
  report.error(node, said === 0 ? nothing('config', fromFile) : twice('config'));
  return broken;
}

interface Reader {
  readonly sources: Sources;
  readonly report: Report;
}

/** Only the table is mounted: who was revoked, and when, replaces no container. */
function peopleConfig(written: string, at: TreeNode, { sources, report }: Reader): Config {
  const path = resolvePath(at.file, written);
  const opened = path.fault === undefined ? sources.open(path.value) : path;
  if (opened.fault !== undefined) {
    report.error(at, opened.fault);
    return broken;
  }
  const { people, problems } = parsePeople(opened.value);
  addProblems(report, problems);
  return people === null ? broken : { kind: 'text', text: peopleTable(people) };
}

function toSecret({ id, entry, node }: Named<SecretEntry>, report: Report): Config {
  const { file, external = false, name: other = id } = entry;
  const name = typeof external === 'object' ? (external.name ?? other) : other;
  if (external === false && file !== undefined) return fileConfig(file, node);
  if (external !== false && file === undefined) return { kind: 'sealed', name, at: node };
  report.error(node, external === false ? nothing('secret', fromGrid) : twice('secret'));
  return broken;
}

function fileConfig(path: string, node: TreeNode): Config {
  const at = locate(node, ['file']);
  return { kind: 'file', path, from: at.file, at };
}

const fromFile = 'Write "file: ./path", relative to this file.';
const fromGrid = 'Write "external: true" for a value that is sealed in the grid\'s secrets.yml.';

function nothing(what: string, hint: string): Fault {
  const message = `the ${what} says nothing of what is in it`;
  return { code: 'missing-key', message, hint };
}

function twice(what: string): Fault {
  return { code: 'wrong-value', message: `the ${what} says twice what is in it` };
}
