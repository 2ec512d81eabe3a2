import type Type from 'typebox';
import { ConfigEntry, SecretEntry } from './config-schema.ts';
import { volumeNameRule } from './names.ts';
import { quote } from './quote.ts';
import type { Fault, Report } from './report.ts';

import { locate, type TreeNode } from './tree.ts';
import { createValidator, type Validator } from './validate.ts';

/** What a stack's `configs` and `secrets` declare. */
export type Config =
  /** `from` is the file that the path is written in. */
  | { readonly kind: 'file'; readonly path: string; readonly from: string; readonly at: TreeNode }
  | { readonly kind: 'text'; readonly text: string }
  /** It has a problem, which is reported: that it is used is none of its own. */
  | { readonly kind: 'broken' };

type Entry = Type.Static<typeof ConfigEntry>;

const validateConfig = createValidator(ConfigEntry);
const validateSecret = createValidator(SecretEntry);
const name = new RegExp(volumeNameRule.pattern);

export function readConfigs(node: TreeNode | null, report: Report): ReadonlyMap<string, Config> {
  return readAll(node, { what: 'config', validate: validateConfig, report });
}

/** Compose's secrets are configs that are put elsewhere. Ours lie in the repository, for everyone to read who can read that. */
export function readSecrets(node: TreeNode | null, report: Report): ReadonlyMap<string, Config> {
  const secrets = readAll(node, { what: 'secret', validate: validateSecret, report });
  for (const secret of secrets.values()) if (secret.kind === 'file') report.warn(secret.at, plain);
  return secrets;
}

const plain: Fault = {
  code: 'plain-secret',
  message: 'the repository holds this secret in the clear: whoever can read it has it',
  hint: 'Sealed secrets do not exist yet. Until they do, keep what must stay secret on the nodes and mount it from there.',
};

interface Reading {
  readonly what: string;
  readonly validate: Validator<Entry>;
  readonly report: Report;
}

function readAll(node: TreeNode | null, reading: Reading): ReadonlyMap<string, Config> {
  const { what, validate, report } = reading;
  const configs = new Map<string, Config>();
  if (node?.kind !== 'map') return configs;
  for (const [id, { key, value }] of node.entries) {
    if (!name.test(id)) {
      const message = `${quote(id)} cannot be the name of a ${what}`;
      report.error(key, { code: 'invalid-name', message, hint: volumeNameRule.description });
    }
    const entry = validate(value, report);
    configs.set(id, entry === null ? { kind: 'broken' } : toConfig(entry, value, reading));
  }
  return configs;
}

function toConfig(entry: Entry, node: TreeNode, { what, report }: Reading): Config {
  const { file, content } = entry;
  if (file !== undefined && content !== undefined)
    report.error(node, {
      code: 'wrong-value',
      message: `the ${what} has both a file and a content`,
    });
  else if (file !== undefined) {
    const at = locate(node, ['file']);
    return { kind: 'file', path: file, from: at.file, at };
  } else if (content !== undefined) return { kind: 'text', text: content };
  else
    report.error(node, {
      code: 'missing-key',
      message: `the ${what} says nothing of what is in it`,
      hint: 'Write "file: ./path", relative to this file.',
    });
  return { kind: 'broken' };
}
