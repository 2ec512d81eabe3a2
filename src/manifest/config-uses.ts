import type Type from 'typebox';
import type { FilesMount } from '../model/spec.ts';
import type { Bundler, Permissions } from './bundler.ts';
import type { ConfigUse } from './config-schema.ts';
import type { Config } from './configs.ts';
import { parseFileMode } from './file-mode.ts';
import { targetFault } from './mount-wish.ts';
import type { PlacedMount } from './mounts.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { didYouMean } from './suggest.ts';
import { locate, type TreeNode } from './tree.ts';

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

type Use = Exclude<Type.Static<typeof ConfigUse>, string>;

function readUses(section: Section<ServiceEntry>, uses: Uses): readonly PlacedMount[] {
  return (section.value[uses.key] ?? []).flatMap((entry, index) => {
    const at = locate(section.node, [uses.key, index]);
    const use = typeof entry === 'string' ? { source: entry } : entry;
    const mode = parseAt({ ...section, node: at, value: use }, ['mode'], use.mode, parseFileMode);
    const config = uses.declared.get(use.source);
    if (config === undefined) section.report.error(locate(at, ['source']), unknown(use, uses));
    if (config === undefined || config.kind === 'broken') return [];
    const target = targetOf(use, uses);
    const reason = targetFault(target);
    const permissions = { mode, uid: idOf(use.uid), gid: idOf(use.gid) };
    const mount =
      reason === null
        ? mountOf(config, target, { permissions, bundler: uses.bundler })
        : { fault: { code: 'bad-volume', message: `${quote(target)} ${reason}` } };
    if (mount.fault === undefined) return [{ mount: mount.value, at }];
    section.report.error(placeOf(config, at), mount.fault);
    return [];
  });
}

function targetOf({ source, target = source }: Use, { folder }: Uses): string {
  return target.startsWith('/') ? target : `${folder}${target}`;
}

function idOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

interface Making {
  readonly permissions: Permissions;
  readonly bundler: Bundler;
}

function mountOf(
  config: Exclude<Config, { kind: 'broken' }>,
  target: string,
  { permissions, bundler }: Making,
): Parsed<FilesMount> {
  const made =
    config.kind === 'file'
      ? bundler.file(config.path, config.from, permissions)
      : bundler.text(config.text, permissions);
  if (made.fault !== undefined) return made;
  return { value: { kind: 'files', target, digest: made.value } };
}

/** What is wrong with a file is wrong where it is named. */
function placeOf(config: Config, use: TreeNode): TreeNode {
  return config.kind === 'file' ? config.at : use;
}

function unknown({ source }: Use, { key, declared }: Uses): Fault {
  return {
    code: key === 'configs' ? 'unknown-config' : 'unknown-secret',
    message: `${quote(source)} is not declared in "${key}"`,
    hint:
      didYouMean(source, declared.keys()).hint ??
      `Declare it at the top of this file: "${key}: {${source}: {file: ./path}}".`,
  };
}
