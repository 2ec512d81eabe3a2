import { alternatives, quote } from './quote.ts';
import type { Fault } from './report.ts';

/** A variable, and whose it is. */
export interface OwnedVariable {
  readonly name: string;
  /** The grid, the stack, and the groups that it is in. */
  readonly owner: readonly string[];
  /** It is declared in a file that another one extends: grid.yml gives that no values. */
  readonly isExtended: boolean;
}

const why = 'a commit must mean the same wherever it is read';

/** Nothing else gave a value, and these resolvers could not. */
export function unresolvable(variable: OwnedVariable, resolvers: readonly string[]): Fault {
  return {
    code: 'bad-resolver',
    message: `${quote(variable.name)} cannot come from ${listed(resolvers)}: ${why}`,
    hint: giveValue(variable),
  };
}

/** The default is what the resolvers would have left. */
export function ignored(variable: OwnedVariable, resolvers: readonly string[]): Fault {
  return {
    code: 'bad-resolver',
    message: `${listed(resolvers)} is not asked for ${quote(variable.name)}, the default is taken: ${why}`,
    hint: giveValue(variable),
  };
}

export function withoutAnyValue(variable: OwnedVariable): Fault {
  return {
    code: 'variable-without-value',
    message: `the variable ${quote(variable.name)} has no value`,
    hint: giveValue(variable),
  };
}

function giveValue({ name, owner, isExtended }: OwnedVariable): string {
  if (isExtended)
    return 'Write a "default" for it, or declare it in the stack that extends this file, too.';
  const [, stack = '', ...groups] = owner;
  const value = [...groups, name].reduceRight((inner, key) => `{${key}: ${inner}}`, '…');
  return `Give it a value in grid.yml: "stacks: {${stack}: {variables: ${value}}}".`;
}

function listed(resolvers: readonly string[]): string {
  return alternatives([...new Set(resolvers)].map((resolver) => quote(resolver)));
}
