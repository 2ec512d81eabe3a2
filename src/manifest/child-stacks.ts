import { nameFault } from './names.ts';
import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { DependEntry } from './schema.ts';
import { resolvePath } from './source-path.ts';
import { type MapNode, type ScalarNode, valueAt } from './tree.ts';
import { createValidator } from './validate.ts';

/** A stack that another one brings along (kontena.md 1.2, `depends`). */
export interface ChildStack {
  /** `<parent>-<name>` */
  readonly name: string;
  readonly parent: string;
  /** The stack files on the way down to it, its own at the end. */
  readonly chain: readonly string[];
  /** Where the parent names it. */
  readonly key: ScalarNode;
  readonly variables: MapNode | null;
}

/** More than anyone brings along on purpose. */
const maxChildren = 50;

/** More levels than anyone has on purpose. */
const maxLevels = 8;

const validate = createValidator(DependEntry);

export interface ParentStack {
  readonly name: string;
  /** The stack files from the one that the grid names down to this one. */
  readonly chain: readonly string[];
  readonly head: MapNode;
  readonly report: Report;
}

/** The file's `depends` → the stacks that come with it; those with a problem are reported and left out. */
export function readChildren(parent: ParentStack): readonly ChildStack[] {
  const depends = valueAt(parent.head, 'depends');
  if (depends?.kind !== 'map') return [];
  if (depends.entries.size > maxChildren) {
    const message = `a stack brings at most ${maxChildren} others along, not ${depends.entries.size}`;
    parent.report.error(depends, { code: 'stack-too-large', message });
    return [];
  }
  return [...depends.entries.values()].flatMap(({ key, value }) => {
    const name = `${parent.name}-${key.text}`;
    const fault = nameFault('stack', name);
    if (fault !== null) parent.report.error(key, fault);
    const entry = validate(value, parent.report);
    const at = valueAt(value, 'stack') ?? value;
    const file = entry === null || fault !== null ? null : filePath(parent, entry.stack, at);
    if (file === null) return [];
    const variables = valueAt(value, 'variables');
    const given = variables?.kind === 'map' ? variables : null;
    const chain = [...parent.chain, file];
    return [{ name, parent: parent.name, chain, key, variables: given }];
  });
}

function filePath(
  { chain, report }: ParentStack,
  written: string,
  at: Parameters<Report['error']>[0] & { readonly file: string },
): string | null {
  const looksLikePath = /\.ya?ml$/.test(written);
  if (!looksLikePath) {
    report.error(at, notHere(written));
    return null;
  }
  const resolved = resolvePath(at.file, written);
  if (resolved.fault !== undefined) report.error(at, resolved.fault);
  else if (chain.includes(resolved.value) || chain.length >= maxLevels) {
    const files = [...chain, resolved.value].slice(-maxLevels).map(quote);
    const message = `stacks bring each other along without an end: ${files.join(' → ')}`;
    report.error(at, { code: 'depends-cycle', message });
  } else return resolved.value;
  return null;
}

function notHere(written: string) {
  return {
    code: 'bad-path',
    message: `${quote(written)} is not a file of this repository; nothing is fetched from a stack registry or another address`,
    hint: 'Put the stack file into the repository, and write its path: "stack: ../NAME/kontena.yml".',
  };
}
