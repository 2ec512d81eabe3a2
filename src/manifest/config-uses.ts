import type Type from 'typebox';
import { hasMark } from '../model/secret.ts';
import type { FilesMount, SecretMount } from '../model/spec.ts';
import type { Bundler, Permissions } from './bundler.ts';
import type { SecretUse } from './config-schema.ts';
import type { Config } from './configs.ts';
import { parseFileMode } from './file-mode.ts';
import { targetFault } from './mount-wish.ts';
import type { PlacedMount } from './mounts.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { unknownSecret } from './secret-faults.ts';
import type { SecretBook } from './secrets-file.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { didYouMean } from './suggest.ts';
import { locate, type TreeNode } from './tree.ts';

export interface ConfigContext {
  readonly configs: ReadonlyMap<string, Config>;
  readonly secrets: ReadonlyMap<string, Config>;
  readonly book: SecretBook;
  readonly bundler: Bundler;
}

/** A service's `configs` and `secrets` → files that are mounted. */
export function readConfigMounts(
  section: Section<ServiceEntry>,
  { configs, secrets, book, bundler }: ConfigContext,
): readonly PlacedMount[] {
  return [
    ...readUses(section, { key: 'configs', folder: '/', declared: configs, book, bundler }),
    ...readUses(section, {
      key: 'secrets',
      folder: '/run/secrets/',
      declared: secrets,
      book,
      bundler,
    }),
  ];
}

interface Uses {
  readonly key: 'configs' | 'secrets';
  /** Where they are put when nothing else is said. */
  readonly folder: string;
  readonly declared: ReadonlyMap<string, Config>;
  readonly book: SecretBook;
  readonly bundler: Bundler;
}

type Use = Exclude<Type.Static<typeof SecretUse>, string>;

function readUses(section: Section<ServiceEntry>, uses: Uses): readonly PlacedMount[] {
  const { node, report } = section;
  return (section.value[uses.key] ?? []).flatMap((entry, index) => {
    const at = locate(node, [uses.key, index]);
    const use = typeof entry === 'string' ? { source: entry } : entry;
    if (isVariable(use)) return [];
    const { value: config, fault } = findConfig(use, at, uses);
    if (fault !== undefined) report.error(locate(at, ['source']), fault);
    if (config === undefined || config.kind === 'broken') return [];
    const mount = mountOf(config, { value: use, node: at, report }, uses);
    if (mount.fault === undefined) return [{ mount: mount.value, at }];
    // What is wrong with a file is wrong where it is named.
    report.error(config.kind === 'text' ? at : config.at, mount.fault);
    return [];
  });
}

/** Kontena's form, which is no file (service-secrets.ts). */
function isVariable({ source, secret, name, type }: Use): boolean {
  return source === undefined && (secret ?? name ?? type) !== undefined;
}

/** A secret that the grid has sealed need not be declared in the stack file. */
function findConfig({ source }: Use, at: TreeNode, { key, declared, book }: Uses): Parsed<Config> {
  if (source === undefined) return { fault: withoutSource };
  const config = declared.get(source);
  if (config !== undefined) return { value: config };
  if (key === 'secrets' && book.mark('secret', source) !== null)
    return { value: { kind: 'sealed', name: source, at } };
  if (key === 'secrets') return { fault: unknownSecret('secret', source, book, declared.keys()) };
  return { fault: unknownConfig(source, declared) };
}

function mountOf(
  config: Exclude<Config, { kind: 'broken' }>,
  section: Section<Use>,
  uses: Uses,
): Parsed<FilesMount | SecretMount> {
  const use = section.value;
  const target = targetOf(use, uses);
  const reason = targetFault(target);
  if (reason !== null)
    return { fault: { code: 'bad-volume', message: `${quote(target)} ${reason}` } };
  const mode = parseAt(section, ['mode'], use.mode, parseFileMode);
  const permissions = { mode, uid: idOf(use.uid), gid: idOf(use.gid) };
  if (config.kind === 'sealed') return sealedFile(config.name, { target, permissions }, uses);
  if (config.kind === 'text' && hasMark(config.text))
    return { value: secretFile(config.text, { target, permissions }) };
  const made =
    config.kind === 'file'
      ? uses.bundler.file(config.path, config.from, permissions)
      : uses.bundler.text(config.text, permissions);
  if (made.fault !== undefined) return made;
  return { value: { kind: 'files', target, digest: made.value } };
}

interface Place {
  readonly target: string;
  readonly permissions: Permissions;
}

function sealedFile(name: string, place: Place, { book }: Uses): Parsed<SecretMount> {
  const mark = book.mark('secret', name);
  if (mark === null) return { fault: unknownSecret('secret', name, book) };
  return { value: secretFile(mark, place) };
}

/** As in Compose everybody in the container may read it. */
function secretFile(content: string, { target, permissions }: Place): SecretMount {
  const { mode, uid, gid } = permissions;
  return { kind: 'secret', target, text: content, mode: mode ?? 0o444, uid, gid };
}

const withoutSource: Fault = {
  code: 'missing-key',
  message: 'the secret needs the key "source"',
};

function targetOf({ source = '', target = source }: Use, { folder }: Uses): string {
  return target.startsWith('/') ? target : `${folder}${target}`;
}

function idOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

function unknownConfig(source: string, declared: Uses['declared']): Fault {
  return {
    code: 'unknown-config',
    message: `${quote(source)} is not declared in "configs"`,
    hint:
      didYouMean(source, declared.keys()).hint ??
      `Declare it at the top of this file: "configs: {${source}: {file: ./path}}".`,
  };
}
