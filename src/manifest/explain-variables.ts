import type { Position } from '../model/problem.ts';
import { parseMark, showMarks } from '../model/secret.ts';
import type { ResolvedStack } from './resolve-stack.ts';
import { valueText } from './values.ts';

/** A variable of a stack as people are told about it. */
export interface ExplainedVariable {
  readonly name: string;
  /** `null`: it has none, or it is not to be shown. Of a secret its name: `⟦NAME⟧`. */
  readonly value: string | null;
  /** Chance or a secret is in it: its value is nobody's business. */
  readonly secret: boolean;
  /** Where the value is from. */
  readonly origin: 'built-in' | 'given' | 'value' | 'resolver' | 'default' | 'type' | 'none';
  readonly resolver?: string;
  readonly position?: Position;
}

export interface ExplainedStack {
  readonly stack: string;
  readonly variables: readonly ExplainedVariable[];
}

/** What the variables of each stack stand for, and why: of what gives a value the first counts. */
export function explainVariables(
  stacks: ReadonlyMap<string, ResolvedStack>,
): readonly ExplainedStack[] {
  return Array.from(stacks, ([stack, { scope }]) => ({
    stack,
    variables: scope === null ? [] : Array.from(scope.origins.keys(), (name) => one(name, scope)),
  }));
}

function one(name: string, scope: NonNullable<ResolvedStack['scope']>): ExplainedVariable {
  const { kind: origin = 'none', resolver, at } = scope.origins.get(name) ?? {};
  const secret = scope.secret.has(name);
  const text = valueText(scope.values.get(name) ?? null);
  return {
    name,
    value: secret ? secretName(text) : text,
    secret,
    origin,
    ...(resolver === undefined ? {} : { resolver }),
    ...(at === undefined ? {} : { position: { file: at.file, line: at.line, column: at.column } }),
  };
}

/** Which secret it is, where it is one and nothing else: around it could be a value of chance that is no mark. */
function secretName(text: string | null): string | null {
  return text !== null && parseMark(text) !== null ? showMarks(text) : null;
}
