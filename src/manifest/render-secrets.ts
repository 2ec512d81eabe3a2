import type { SealedKind } from '../model/secret.ts';
import type { SecretContext } from './service-secrets.ts';
import {
  listNode,
  type MapNode,
  mapNode,
  scalarNode,
  type TreeNode,
  valueAt,
  withoutKeys,
} from './tree.ts';

/**
 * A service without the secrets that only a variable of its stack stands for (`to: vault`): they are the variables of the
 * environment that they would become. What is sealed under the same name of a variable goes with them, a line each.
 */
export function withWrittenSecrets(service: MapNode, context: SecretContext): MapNode {
  const uses = Object.entries(listed).flatMap(([key, form]) => usesIn(service, key, form));
  const written = uses.filter((use) => markOf(use, context) === null);
  const names = new Set(written.map(({ name }) => name));
  if (names.size === 0) return service;
  const moved = uses.filter(({ name }) => names.has(name));
  const items = new Set(moved.map(({ item }) => item));
  const rest = Object.keys(listed).reduce((node, key) => without(node, key, items), service);
  const values = Array.from(names, (name) => {
    const lines = moved.filter((use) => use.name === name);
    return [name, lines.map((use) => valueOf(use, context)).join('\n')] as const;
  });
  return withEnvironment(rest, values);
}

/** Where they are listed, what names them there, and what their variable is called when nothing is said. */
const listed = {
  secrets: { kind: 'secret', key: 'secret', fallback: null },
  certificates: { kind: 'certificate', key: 'subject', fallback: 'SSL_CERTS' },
} as const;

interface Use {
  readonly item: TreeNode;
  readonly kind: SealedKind;
  readonly wanted: string;
  readonly name: string;
}

function usesIn(
  service: MapNode,
  list: string,
  { kind, key, fallback }: (typeof listed)[keyof typeof listed],
): readonly Use[] {
  return itemsOf(service, list).flatMap((item): readonly Use[] => {
    const wanted = valueAt(item, key);
    if (wanted?.kind !== 'scalar') return [];
    const name = valueAt(item, 'name');
    const own = name?.kind === 'scalar' ? name.text : (fallback ?? wanted.text);
    return [{ item, kind, wanted: wanted.text, name: own }];
  });
}

function itemsOf(service: MapNode, key: string): readonly TreeNode[] {
  const list = valueAt(service, key);
  return list?.kind === 'list' ? list.items : [];
}

function markOf({ kind, wanted }: Use, { book }: SecretContext): string | null {
  return book.mark(kind, wanted);
}

/** Without one there was a problem. */
function valueOf(use: Use, context: SecretContext): string {
  return markOf(use, context) ?? context.vault.get(use.wanted) ?? '';
}

function without(service: MapNode, key: string, items: ReadonlySet<TreeNode>): MapNode {
  const entry = service.entries.get(key);
  if (entry?.value.kind !== 'list') return service;
  const kept = entry.value.items.filter((item) => !items.has(item));
  if (kept.length === 0) return withoutKeys(service, [key]);
  const value = listNode(entry.value, kept);
  return mapNode(service, new Map([...service.entries, [key, { key: entry.key, value }]]));
}

/** In a resolved service it is a map. */
function withEnvironment(
  service: MapNode,
  values: readonly (readonly [string, string])[],
): MapNode {
  const environment = service.entries.get('environment');
  const before = environment?.value.kind === 'map' ? [...environment.value.entries] : [];
  const added = values.map(
    ([name, text]) =>
      [name, { key: scalarNode(service, name), value: scalarNode(service, text) }] as const,
  );
  const value = mapNode(service, new Map([...before, ...added]));
  const key = environment?.key ?? scalarNode(service, 'environment');
  return mapNode(service, new Map([...service.entries, ['environment', { key, value }]]));
}
