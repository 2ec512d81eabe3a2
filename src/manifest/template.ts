import { alternatives, quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { didYouMean } from './suggest.ts';

/**
 * Text with variables in it:
 *
 *     template = { literal | "$$" | "$" name | "${" name [ operator template ] "}" }
 *     operator = ":-" | "-" | ":?" | "?" | ":+" | "+"
 *
 * as in a shell and in Compose. `$$` is a dollar sign, and so is a `$` that no name or brace follows. What a variable
 * stands for is put in as it is and never looked at again. Kontena's braces need not be balanced (kontena.md 1.2): `${NAME`
 * is the variable, and so is `$NAME}` with its brace. That works here, with a warning.
 */
export interface Scope {
  /** Whose rules count where they differ; Kontena's when nothing is said. */
  readonly braces?: 'kontena' | 'compose';
  /** Names need not be declared: whoever gives a value declares it. */
  readonly isOpen?: boolean;
  /** `null`: declared, but without a value. */
  readonly values: ReadonlyMap<string, string | null>;
  /** Names whose declaration has a problem: what they stand for is not known. */
  readonly broken?: ReadonlySet<string>;
}

export interface Expansion {
  /** With faults, or spoiled, the template as it is. */
  readonly text: string;
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
  /** A broken name is in it. */
  readonly isSpoiled: boolean;
}

/** Of one text, more are not of interest. */
const maxFaults = 20;

/** Deeper defaults in defaults are refused: every level is a level of our own stack. */
const maxDepth = 10;

/** Puts the scope's values into a template. Never throws; what is undefined is a fault and never an empty text. */
export function expand(
  template: string,
  scope: Scope,
  maxLength = Number.POSITIVE_INFINITY,
): Expansion {
  const cursor: Cursor = { text: template, at: 0, braces: scope.braces ?? 'kontena', warnings: [] };
  const { warnings } = cursor;
  const parsed = parse(cursor, 0);
  if (parsed.fault !== undefined)
    return { text: template, faults: [parsed.fault], warnings, isSpoiled: false };
  const output: Output = { text: '', faults: [], isSpoiled: false, scope, maxLength };
  write(output, parsed.value);
  if (output.text.length > maxLength) output.faults.push(tooLong);
  const { faults, isSpoiled } = output;
  const text = faults.length > 0 || isSpoiled ? template : output.text;
  return { text, faults, warnings, isSpoiled };
}

/** The names in a template, each with whether the text says what to do without a value. Of a template with a fault: none. */
export function referencesOf(
  template: string,
  braces: Scope['braces'] = 'kontena',
): readonly { readonly name: string; readonly isOptional: boolean }[] {
  const { value = [] } = parse({ text: template, at: 0, braces, warnings: [] }, 0);
  return value.flatMap(referencesIn);
}

function referencesIn(
  part: Part,
): readonly { readonly name: string; readonly isOptional: boolean }[] {
  if (typeof part === 'string') return [];
  const { name, operator, operand } = part;
  const isOptional = operator !== null && !operator.endsWith('?');
  return [{ name, isOptional }, ...operand.flatMap(referencesIn)];
}

/** The template whose expansion is the text itself, in any scope. */
export function escapeTemplate(text: string): string {
  return text.replaceAll('$', '$$$$');
}

const tooLong: Fault = {
  code: 'interpolation-too-large',
  message: 'what the variables stand for makes this text too long',
};

type Part = string | Reference;

interface Reference {
  readonly name: string;
  readonly operator: Operator | null;
  readonly operand: readonly Part[];
}

type Operator = (typeof operators)[number];

const operators = [':-', '-', ':?', '?', ':+', '+'] as const;

interface Cursor {
  readonly text: string;
  at: number;
  readonly braces: 'kontena' | 'compose';
  readonly warnings: Fault[];
}

const nameHere = /[A-Za-z0-9_]+/y;

/** Up to the end of the text or, inside braces, up to and without the closing one. */
function parse(cursor: Cursor, depth: number): Parsed<readonly Part[]> {
  if (depth > maxDepth) return syntax('defaults are nested too deep');
  const parts: Part[] = [];
  while (cursor.at < cursor.text.length) {
    const from = cursor.at;
    const end = endOfLiteral(cursor, depth > 0);
    if (end > from) parts.push(cursor.text.slice(from, end));
    cursor.at = end;
    if (cursor.text[cursor.at] !== '$') break;
    const part = parseDollar(cursor, depth);
    if (part.fault !== undefined) return part;
    parts.push(part.value);
  }
  return { value: parts };
}

function endOfLiteral(cursor: Cursor, inBraces: boolean): number {
  const { text } = cursor;
  const stops = inBraces ? '$}' : '$';
  let end = cursor.at;
  while (end < text.length && !stops.includes(text.charAt(end))) end += 1;
  return end;
}

function parseDollar(cursor: Cursor, depth: number): Parsed<Part> {
  const next = cursor.text[cursor.at + 1];
  if (next === '$') return advance(cursor, 2, '$');
  if (next === '{') return parseBraces(cursor, depth);
  const name = takeName(cursor, cursor.at + 1);
  if (name === null) return advance(cursor, 1, '$');
  const reference = { name, operator: null, operand: [] };
  const eatsBrace = depth === 0 && cursor.braces === 'kontena' && cursor.text[cursor.at] === '}';
  if (!eatsBrace) return { value: reference };
  warnOfBraces(cursor, `$${name}}`, name);
  return advance(cursor, 1, reference);
}

function parseBraces(cursor: Cursor, depth: number): Parsed<Part> {
  const start = cursor.at;
  const name = takeName(cursor, start + 2);
  if (name === null) return syntax(`a variable's name must follow ${quote('${')}`);
  const operator = operators.find((o) => cursor.text.startsWith(o, cursor.at)) ?? null;
  if (operator === null && cursor.text[cursor.at] !== '}' && cursor.braces === 'kontena') {
    warnOfBraces(cursor, `\${${name}`, name);
    return { value: { name, operator, operand: [] } };
  }
  cursor.at += operator?.length ?? 0;
  const operand = operator === null ? { value: [] } : parse(cursor, depth + 1);
  if (operand.fault !== undefined) return operand;
  if (cursor.text[cursor.at] !== '}') {
    return syntax(
      `${quote(cursor.text.slice(start, cursor.at + 1))} does not end with "}" where it must`,
    );
  }
  return advance(cursor, 1, { name, operator, operand: operand.value });
}

function warnOfBraces({ warnings }: Cursor, found: string, name: string): void {
  if (warnings.length >= maxFaults) return;
  warnings.push({
    code: 'unbalanced-braces',
    message: `${quote(found)} is taken for the variable ${quote(name)}, as Kontena did`,
    hint: `Write "\${${name}}".`,
  });
}

function takeName(cursor: Cursor, from: number): string | null {
  nameHere.lastIndex = from;
  const name = nameHere.exec(cursor.text)?.[0] ?? null;
  if (name !== null) cursor.at = from + name.length;
  return name;
}

function advance(cursor: Cursor, by: number, value: Part): Parsed<Part> {
  cursor.at += by;
  return { value };
}

function syntax(message: string): { readonly fault: Fault } {
  const hint = 'A dollar sign that is meant as such is written "$$".';
  return { fault: { code: 'interpolation-syntax', message, hint } };
}

interface Output {
  text: string;
  isSpoiled: boolean;
  readonly faults: Fault[];
  readonly scope: Scope;
  readonly maxLength: number;
}

function write(output: Output, parts: readonly Part[]): void {
  for (const part of parts) {
    if (output.text.length > output.maxLength || output.faults.length >= maxFaults) return;
    if (typeof part === 'string') output.text += part;
    else writeReference(output, part);
  }
}

function writeReference(output: Output, reference: Reference): void {
  if (output.scope.broken?.has(reference.name) === true) {
    output.isSpoiled = true;
    return;
  }
  const value = output.scope.values.get(reference.name) ?? null;
  const { operator, operand } = reference;
  if (isHyphenated(output.scope, reference)) {
    output.faults.push(onlyInLiquid(reference));
    return;
  }
  const set = value !== null && !(operator?.startsWith(':') === true && value === '');
  switch (operator) {
    case ':+':
    case '+':
      if (set) write(output, operand);
      return;
    case ':-':
    case '-':
      if (!set) return write(output, operand);
      break;
    case ':?':
    case '?':
      if (!set) return refuse(output, reference);
      break;
    case null:
      if (value === null) return undefinedVariable(output, reference.name);
  }
  output.text += value;
}

/** `${my-var}` is `my` with a default, in a shell and here; not what is meant where there is a `my-var` and no `my`. */
function isHyphenated({ values }: Scope, { name, operator, operand }: Reference): boolean {
  const [rest, ...more] = operand;
  if (operator !== '-' || typeof rest !== 'string' || more.length > 0) return false;
  return !values.has(name) && values.has(`${name}-${rest}`);
}

function onlyInLiquid({ name, operand }: Reference): Fault {
  const whole = `${name}-${typeof operand[0] === 'string' ? operand[0] : ''}`;
  return {
    code: 'undefined-variable',
    message: `"\${${whole}}" is the variable ${quote(name)} with a default: hyphens end a name here`,
    hint: `Write "{{ ${whole} }}", or rename the variable.`,
  };
}

function refuse(output: Output, { name, operand }: Reference): void {
  const said: Output = { ...output, text: '', maxLength: 200 };
  write(said, operand);
  const because = said.text === '' ? '' : `: ${quote(said.text)}`;
  output.faults.push({
    code: 'undefined-variable',
    message: `the variable ${quote(name)} must have a value${because}`,
    hint: 'Give it one in grid.yml, below "stacks.<stack>.variables".',
  });
}

function undefinedVariable(output: Output, name: string): void {
  const { values, isOpen = false } = output.scope;
  const declared = values.has(name);
  const state = declared || isOpen ? 'has no value' : 'is not declared';
  output.faults.push({
    code: 'undefined-variable',
    message: `the variable ${quote(name)} ${state}`,
    hint: hintFor(name, output.scope),
  });
}

function hintFor(name: string, { values, isOpen = false }: Scope): string {
  if (values.has(name))
    return `Write "\${${name}:-}" for an empty text, as in Kontena, or "\${${name}:-default}" for another.`;
  return isOpen ? openHint(name, values) : undeclaredHint(name, values);
}

function openHint(name: string, values: ReadonlyMap<string, unknown>): string {
  const near = didYouMean(name, values.keys()).hint;
  return (
    near ??
    `Give it a value in grid.yml, below "stacks.<stack>.variables", or write "\${${name}:-default}".`
  );
}

function undeclaredHint(name: string, values: ReadonlyMap<string, unknown>): string {
  const { hint } = didYouMean(name, values.keys());
  return (
    hint ??
    `Declare it below "variables:", or write "$$${name}" if no variable is meant (known: ${known(values)}).`
  );
}

function known(values: ReadonlyMap<string, unknown>): string {
  return alternatives([...values.keys()].slice(0, 10).map((name) => quote(name)));
}
