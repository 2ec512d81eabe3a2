import {
  type Context,
  type Emitter,
  Liquid,
  LiquidError,
  type LiquidErrors,
  Parser,
  type Template,
  TokenKind,
  type TopLevelToken,
  toValueSync,
} from 'liquidjs';
import {
  GuardedCase,
  GuardedContext,
  guardedOperators,
  guardFilters,
  SecretRead,
} from './liquid-secrets.ts';
import { quote, visible } from './quote.ts';
import { createRendering, type Rendered, type Rendering } from './rendered.ts';
import type { Fault } from './report.ts';
import { didYouMean } from './suggest.ts';
import type { Value } from './values.ts';

/** What the variables stand for. One without a value is false in a condition, and else nothing. */
export type LiquidValues = ReadonlyMap<string, Value>;

/** A fault, and where in the text it is. */
export interface PlacedFault {
  readonly offset: number;
  readonly fault: Fault;
}

export type LiquidOutcome =
  | { readonly rendered: Rendered }
  | { readonly faults: readonly PlacedFault[] };

/**
 * Bounds on what a template may do. They count work rather than time, so that every machine comes to the same result; the
 * time limit is for what they might overlook.
 */
const limits = {
  steps: 100_000,
  characters: 512 * 1024,
  memory: 4_000_000,
  milliseconds: 2_000,
  depth: 100,
  tags: 5_000,
};

/** Of one file, more are not of interest. */
const maxFaults = 20;

/** What reads other files (the repository is not the template's to read), and what is for web pages. */
const otherTags = ['include', 'render', 'layout', 'block', 'tablerow'];

/** Filters that answer something else the next time: a commit must mean the same wherever and whenever it is read. */
const changingFilters = [
  'date',
  'date_to_long_string',
  'date_to_rfc822',
  'date_to_string',
  'date_to_xmlschema',
  'sample',
];

/** These evaluate a text once for each item, which no bound sees; Kontena's Liquid had none of them. */
const evaluatingFilters = /_exp$/;

/**
 * Whether Kontena's Liquid has anything to do in this text. `{{.Name}}` is not Liquid: log drivers take such templates, and
 * a file without anything else is left alone.
 */
export function findLiquid(text: string): number {
  return text.search(/\{%-?\s*[a-z#]|\{\{-?\s*[A-Za-z0-9_"']/);
}

/** Renders strictly: unknown variables, tags and filters are faults, all of them at once. Never throws. */
export function renderLiquid(text: string, values: LiquidValues): LiquidOutcome {
  // Each costs the parser about a tenth of a millisecond.
  if (text.split(/\{[{%]/, limits.tags + 2).length > limits.tags + 1)
    return { faults: [{ offset: 0, fault: liquidFault(tooManyTags) }] };
  const liquid = createLiquid();
  const tracer = createTracer();
  try {
    const templates = new TracingParser(liquid, tracer).parse(text);
    const scope: object = Object.assign(Object.create(null), Object.fromEntries(values));
    const context = new GuardedContext(scope, liquid.options, { sync: true }, { liquid });
    toValueSync(liquid.renderer.renderTemplates(templates, context, tracer.emitter));
  } catch (error) {
    return { faults: toFaults(error, values) };
  }
  return { rendered: tracer.rendering.finish() };
}

function createLiquid(): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    catchAllErrors: true,
    templates: {},
    memoryLimit: limits.memory,
    renderLimit: limits.milliseconds,
    operators: guardedOperators(),
  });
  for (const name of otherTags) delete liquid.tags[name];
  const evaluating = Object.keys(liquid.filters).filter((name) => evaluatingFilters.test(name));
  for (const name of [...changingFilters, ...evaluating]) liquid.unregisterFilter(name);
  liquid.registerFilter('divided_by', divide);
  liquid.registerTag('case', GuardedCase);
  guardFilters(liquid);
  return liquid;
}

/** As in Ruby: whole numbers make a whole number. */
function divide(dividend: unknown, divisor: unknown): number {
  const [a, b] = [Number(dividend), Number(divisor)];
  if (b === 0) throw new Error('divided by zero');
  return Number.isInteger(a) && Number.isInteger(b) ? Math.floor(a / b) : a / b;
}

/** Follows a rendering: which token of the template is at work, and what comes of it. */
interface Tracer {
  readonly rendering: Rendering;
  readonly emitter: Emitter;
  /** False: there were too many steps or faults, and this one is not to be taken. */
  enter(token: TopLevelToken): boolean;
  /** A step ended in a fault. */
  failed(): void;
  /** Counts what goes there, if that is not the result but what `capture` keeps: the library has no bound on that. */
  watch(emitter: Emitter): Emitter;
}

function createTracer(): Tracer {
  const rendering = createRendering();
  let current: TopLevelToken | null = null;
  let steps = 0;
  let faults = 0;
  let captured = 0;
  const watched = new WeakSet<Emitter>();
  function write(html: unknown): void {
    const piece = print(html);
    if (rendering.length + piece.length > limits.characters) throw new Error(tooLong);
    const at = current?.begin ?? 0;
    if (current?.kind === TokenKind.HTML) rendering.copy(piece, at + trimmedLeft(current));
    else rendering.insert(piece, at);
  }
  const emitter: Emitter = { write, buffer: '' };
  return {
    rendering,
    emitter,
    watch(other) {
      if (other === emitter || watched.has(other)) return other;
      const watching: Emitter = {
        buffer: '',
        write(html) {
          captured += print(html).length;
          if (captured > limits.memory) throw new Error(tooMuchCaptured);
          other.write(html);
        },
      };
      watched.add(watching);
      return watching;
    },
    enter(token) {
      current = token;
      steps += 1;
      if (steps === limits.steps) throw new Error(tooManySteps);
      return steps < limits.steps && faults < maxFaults;
    },
    failed: () => {
      faults += 1;
    },
  };
}

/** As Liquid prints: nothing for what has no value, the items of a list one after the other. */
function print(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(print).join('');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const tooLong = `what the template becomes has more than ${limits.characters} characters`;
const tooMuchCaptured = `what the template captures has more than ${limits.memory} characters`;
const tooManySteps = `the template takes more than ${limits.steps} steps`;

/** How much whitespace control took from the start of a literal. */
function trimmedLeft(token: TopLevelToken): number {
  return 'trimLeft' in token && typeof token.trimLeft === 'number' ? token.trimLeft : 0;
}

/**
 * Tags parse what is inside of them with the parser that they were made by: so nothing escapes the tracer. After some faults
 * the rest is not looked at: the library describes each at a cost that grows with the text.
 */
class TracingParser extends Parser {
  readonly #tracer: Tracer;
  #depth = 0;
  #faults = 0;

  constructor(liquid: Liquid, tracer: Tracer) {
    super(liquid);
    this.#tracer = tracer;
  }

  override parseToken(token: TopLevelToken, rest: TopLevelToken[]) {
    this.#depth += 1;
    try {
      if (this.#depth > limits.depth) throw new Error(tooDeep);
      return traced(super.parseToken(token, rest), token, this.#tracer);
    } catch (error) {
      this.#faults += 1;
      if (this.#faults >= maxFaults || this.#depth > limits.depth) rest.length = 0;
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }
}

const tooManyTags = `the file has more than ${limits.tags} tags`;
const tooDeep = `tags are nested more than ${limits.depth} deep`;

function traced<T extends { render: Template['render'] }>(
  template: T,
  token: TopLevelToken,
  tracer: Tracer,
): T {
  const render = template.render.bind(template);
  template.render = function* (context: Context, emitter: Emitter) {
    if (!tracer.enter(token)) return undefined;
    try {
      return (yield render(context, tracer.watch(emitter))) as unknown;
    } catch (error) {
      tracer.failed();
      throw error;
    }
  };
  return template;
}

function toFaults(error: unknown, values: LiquidValues): readonly PlacedFault[] {
  const all = flatten(error).map((one) => toFault(one, values));
  const different = new Map(all.map((one) => [`${one.offset} ${one.fault.message}`, one]));
  return [...different.values()].slice(0, maxFaults);
}

/** Errors inside of loops and conditions come wrapped in one another. */
function flatten(error: unknown): readonly unknown[] {
  const errors = (error as Partial<LiquidErrors> | null)?.errors;
  return Array.isArray(errors) ? errors.flatMap(flatten) : [error];
}

function toFault(error: unknown, values: LiquidValues): PlacedFault {
  if (!LiquidError.is(error)) return { offset: 0, fault: liquidFault(String(error)) };
  const offset = error.token.begin;
  const { originalError } = error;
  if (originalError !== undefined && 'variableName' in originalError)
    return { offset, fault: undefinedVariable(String(originalError.variableName), values) };
  if (originalError instanceof SecretRead)
    return {
      offset,
      fault: {
        code: 'secret-inspected',
        message: `Liquid: ${originalError.message}`,
        hint: originalError.hint,
      },
    };
  return { offset, fault: liquidFault(originalError?.message ?? error.message) };
}

function undefinedVariable(path: string, values: LiquidValues): Fault {
  const [name = ''] = path.split('.');
  const code = 'undefined-variable';
  if (values.has(name))
    return {
      code,
      message: `the variable ${quote(name)} has nothing that is called ${quote(path)}`,
    };
  const hint = 'Declare it below "variables:".';
  const message = `the variable ${quote(name)} is not declared`;
  return { code, message, hint, ...didYouMean(name, values.keys()) };
}

function liquidFault(said: string): Fault {
  const message = `Liquid: ${visible(said.replace(/, (?:file|line):.*$/s, '').slice(0, 200))}`;
  const [, kind, name = ''] =
    /(undefined filter|tag) ?:? ?"?([\w-]+)"?(?: not found)?/.exec(said) ?? [];
  const isKept = kind === 'tag' ? otherTags.includes(name) : changingFilters.includes(name);
  const hint = isKept
    ? 'Templates neither read other files nor the clock: a commit must mean the same wherever it is read.'
    : 'Text that is no template is put between "{% raw %}" and "{% endraw %}".';
  return { code: 'bad-template', message, hint };
}
