import { compareText } from '../model/identity.ts';
import { quote } from './quote.ts';
import type { Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate, locateKey, type TreeNode } from './tree.ts';

type Pairs = Readonly<Record<string, string | null>> | readonly string[];

export interface Pair {
  readonly name: string;
  readonly text: string;
  readonly at: TreeNode;
}

/** What `key: {name: value}` or `key: [name=value, name]` says, with the place of each. */
export function pairsOf(
  section: Section<unknown>,
  key: string,
  written: Pairs | undefined,
): readonly Pair[] {
  if (written === undefined) return [];
  if (!isList(written)) {
    return Object.entries(written).map(([name, text]) => ({
      name,
      text: text ?? '',
      at: locateKey(section.node, [key, name]),
    }));
  }
  return written.map((item, index) => {
    const [name = '', ...rest] = item.split('=');
    return { name, text: rest.join('='), at: locate(section.node, [key, index]) };
  });
}

/** As long as an agent takes them. */
const maxLength = 4_096;

/** Pairs whose names the engine or the kernel knows, by name; `undefined` when there are none. */
export function readPairs(
  section: Section<ServiceEntry>,
  key: 'sysctls' | 'annotations',
): Readonly<Record<string, string>> | undefined {
  const pairs = new Map<string, string>();
  for (const { name, text, at } of pairsOf(section, key, section.value[key])) {
    const reason = pairs.has(name) ? 'is there twice' : pairFault(name, text);
    if (reason !== null)
      section.report.error(at, {
        code: pairs.has(name) ? 'duplicate-key' : 'bad-pair',
        message: `${quote(name)} in ${quote(key)} ${reason}`,
      });
    pairs.set(name, text);
  }
  if (pairs.size === 0) return undefined;
  return Object.fromEntries([...pairs].toSorted(([a], [b]) => compareText(a, b)));
}

function pairFault(name: string, text: string): string | null {
  if (name === '' || name === '__proto__' || /\s/.test(name)) return 'cannot be a name';
  if (text === '') return 'has no value';
  return text.length + name.length > maxLength ? 'is too long' : null;
}

// Array.isArray does not narrow readonly arrays.
function isList(written: Pairs): written is readonly string[] {
  return Array.isArray(written);
}
