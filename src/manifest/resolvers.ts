import { notSupported } from './explain.ts';
import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { didYouMean } from './suggest.ts';
import { isNull, type ScalarNode, type TreeNode } from './tree.ts';

/** Resolvers that ask a person, a terminal, this machine or a running master: a commit must mean the same everywhere. */
const meaningless = [
  'certificates',
  'env',
  'file',
  'prompt',
  'service_instances',
  'service_link',
  'vault_cert_prompt',
];

/** Resolvers that could give the same value everywhere, and will. */
const later = [
  'condition',
  'evaluate',
  'interpolate',
  'random_number',
  'random_string',
  'random_uuid',
  'vault',
  'variable',
  'yaml',
];

/**
 * Checks a variable's `from`, which nothing here resolves. With a default the meaningless ones only get a warning: that is the
 * value they would leave. True when there was an error.
 */
export function refuseResolvers(
  from: TreeNode,
  { name, hasDefault }: { readonly name: string; readonly hasDefault: boolean },
  report: Report,
): boolean {
  const resolvers = resolversOf(from);
  for (const resolver of resolvers) {
    const { text } = resolver;
    if (later.includes(text)) report.error(resolver, notSupported(text));
    else if (!meaningless.includes(text)) report.error(resolver, unknown(text));
    else if (hasDefault) report.warn(resolver, ignored(text, name));
    else report.error(resolver, unresolvable(text, name));
  }
  return resolvers.some(({ text }) => !hasDefault || !meaningless.includes(text));
}

/** `from: env`, `from: {env: NAME, prompt: …}` and lists of either. */
function resolversOf(from: TreeNode): readonly ScalarNode[] {
  if (isNull(from)) return [];
  if (from.kind === 'scalar') return [from];
  if (from.kind === 'map') return Array.from(from.entries.values(), ({ key }) => key);
  return from.items.flatMap(resolversOf);
}

const why = 'a commit must mean the same wherever it is read';

function unresolvable(resolver: string, name: string) {
  return {
    code: 'bad-resolver',
    message: `${quote(name)} cannot come from ${quote(resolver)}: ${why}`,
    hint: giveValue(name),
  };
}

function ignored(resolver: string, name: string) {
  return {
    code: 'bad-resolver',
    message: `${quote(resolver)} is not asked for ${quote(name)}, the default is taken: ${why}`,
    hint: giveValue(name),
  };
}

function unknown(resolver: string) {
  const message = `there is no resolver ${quote(resolver)}`;
  return { code: 'bad-resolver', message, ...didYouMean(resolver, [...meaningless, ...later]) };
}

export function giveValue(name: string): string {
  return `Give it a value in grid.yml: "stacks: {<stack>: {variables: {${name}: …}}}".`;
}
