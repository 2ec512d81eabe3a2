import type Type from 'typebox';
import type { FilesMount } from '../model/spec.ts';
import type { Bundler } from './bundler.ts';
import type { SecretUse } from './config-schema.ts';
import type { Config } from './configs.ts';
import { parseFileMode } from './file-mode.ts';
import { targetFault } from './mount-wish.ts';
import type { PlacedMount } from './mounts.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { didYouMean } from './suggest.ts';
import { locate } from './tree.ts';

export interface ConfigContext {
  readonly configs: ReadonlyMap<string, Config>;
  readonly secrets: ReadonlyMap<string, Config>;
  readonly bundler: Bundler;
}

/** A service's `configs` and `secrets` → files that are mounted. */
export function readConfigMounts(
  section: Section<ServiceEntry>,
  { configs, secrets, bundler }: ConfigContext,
): readonly PlacedMount[] {
  return [
    ...readUses(section, { key: 'configs', folder: '/', declared: configs, bundler }),
    ...readUses(section, { key: 'secrets', folder: '/run/secrets/', declared: secrets, bundler }),
  ];
}

interface Uses {
  readonly key: 'configs' | 'secrets';
  /** Where they are put when nothing else is said. */
  readonly folder: string;
  readonly declared: ReadonlyMap<string, Config>;
  readonly bundler: Bundler;
}

type Use = Exclude<Type.Static<typeof SecretUse>, string>;

function readUses(section: Section<ServiceEntry>, uses: Uses): readonly PlacedMount[] {
  const { node, report } = section;
  return (section.value[uses.key] ?? []).flatMap((entry, index) => {
    const at = locate(node, [uses.key, index]);
    const use = typeof entry === 'string' ? { source: entry } : entry;
    const { value: config, fault } = findConfig(use, uses);
    if (fault !== undefined) report.error(locate(at, ['source']), fault);
    if (config === undefined || config.kind === 'broken') return [];
    const mount = mountOf(config, { value: use, node: at, report }, uses);
    if (mount.fault === undefined) return [{ mount: mount.value, at }];
    // What is wrong with a file is wrong where it is named.
    report.error(config.kind === 'file' ? config.at : at, mount.fault);
    return [];
  });
}

function findConfig(use: Use, { key, declared }: Uses): Parsed<Config> {
  const { source } = use;
  if ((use.secret ?? use.name ?? use.type) !== undefined) return { fault: fromVault };
  if (source === undefined) return { fault: withoutSource };
  const config = declared.get(source);
  return config === undefined ? { fault: unknown(source, { key, declared }) } : { value: config };
}

function mountOf(
  config: Exclude<Config, { kind: 'broken' }>,
  section: Section<Use>,
  uses: Uses,
): Parsed<FilesMount> {
  const use = section.value;
  const target = targetOf(use, uses);
  const reason = targetFault(target);
  if (reason !== null)
    return { fault: { code: 'bad-volume', message: `${quote(target)} ${reason}` } };
  const mode = parseAt(section, ['mode'], use.mode, parseFileMode);
  const permissions = { mode, uid: idOf(use.uid), gid: idOf(use.gid) };
  const made =
    config.kind === 'file'
      ? uses.bundler.file(config.path, config.from, permissions)
      : uses.bundler.text(config.text, permissions);
  if (made.fault !== undefined) return made;
  return { value: { kind: 'files', target, digest: made.value } };
}

const withoutSource: Fault = {
  code: 'missing-key',
  message: 'the secret needs the key "source"',
};

const fromVault: Fault = {
  code: 'not-supported-yet',
  message: "secrets of Kontena's vault do not exist here yet",
  hint: 'A file of the repository can be a secret: "secrets: {NAME: {file: ./path}}" at the top, and "secrets: [NAME]" here. Everyone who can read the repository can read it.',
};

function targetOf({ source = '', target = source }: Use, { folder }: Uses): string {
  return target.startsWith('/') ? target : `${folder}${target}`;
}

function idOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

function unknown(source: string, { key, declared }: Pick<Uses, 'key' | 'declared'>): Fault {
  return {
    code: key === 'configs' ? 'unknown-config' : 'unknown-secret',
    message: `${quote(source)} is not declared in "${key}"`,
    hint:
      didYouMean(source, declared.keys()).hint ??
      `Declare it at the top of this file: "${key}: {${source}: {file: ./path}}".`,
  };
}
