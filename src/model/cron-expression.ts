/**
 * Cron expressions as Vixie's cron has them: five fields of numbers, names, ranges, steps and lists, or a nickname. What they
 * mean in time is calendar.ts's.
 */

/** What is wrong, and where: `offset` counts the characters before `found`. It is text of somebody else: quote it. */
export interface CronFault {
  readonly found: string;
  readonly offset: number;
  /** Completes "«found» …". */
  readonly reason: string;
  readonly hint: string;
}

export interface CronField {
  /** Written with a star in front. Vixie's rules for days and for hours that do not exist go by that, not by the values. */
  readonly star: boolean;
  /** In order, each once. */
  readonly values: readonly number[];
}

export interface CronFields {
  readonly minute: CronField;
  readonly hour: CronField;
  readonly day: CronField;
  readonly month: CronField;
  /** 0 is Sunday; 7 has become 0. */
  readonly weekday: CronField;
}

export type ReadCron =
  | { readonly fields: CronFields; readonly fault?: never }
  | { readonly fault: CronFault; readonly fields?: never };

/** Nobody writes a longer one by hand. */
const maxLength = 200;

interface Range {
  readonly noun: string;
  readonly least: number;
  readonly most: number;
  /** The first one stands for `least`. */
  readonly names: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const ranges = {
  minute: { noun: 'minute', least: 0, most: 59, names: [] },
  hour: { noun: 'hour', least: 0, most: 23, names: [] },
  day: { noun: 'day of the month', least: 1, most: 31, names: [] },
  month: { noun: 'month', least: 1, most: 12, names: months },
  weekday: { noun: 'day of the week', least: 0, most: 7, names: weekdays },
} as const satisfies Record<keyof CronFields, Range>;

const nicknames: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

const fiveFields =
  'Write five fields: minute, hour, day of the month, month and day of the week, for example "30 3 * * 1-5".';

export function readCron(expression: string): ReadCron {
  if (expression.length > maxLength)
    return { fault: faultOf(whole(expression), 'is longer than 200 characters', fiveFields) };
  const text = expression.trim();
  if (text.startsWith('@')) return readNickname(expression, text);
  return readFields(expression);
}

/** A part of an expression. */
interface Piece {
  readonly text: string;
  readonly offset: number;
}

function readNickname(expression: string, text: string): ReadCron {
  const stands = nicknames.get(text.toLowerCase());
  if (stands !== undefined) return readFields(stands);
  const piece = { text, offset: expression.indexOf('@') };
  const hint = `Nicknames are ${[...nicknames.keys()].join(', ')}. ${fiveFields}`;
  return { fault: faultOf(piece, 'is no nickname of a time', hint) };
}

function readFields(expression: string): ReadCron {
  const pieces = [...expression.matchAll(/\S+/g)].map((m) => ({ text: m[0], offset: m.index }));
  const [minute, hour, day, month, weekday, more] = pieces;
  if (!minute || !hour || !day || !month || !weekday || more)
    return { fault: faultOf(more ?? whole(expression), countReason(pieces.length), fiveFields) };
  const faults: CronFault[] = [];
  const fields = {
    minute: readField(minute, ranges.minute, faults),
    hour: readField(hour, ranges.hour, faults),
    day: readField(day, ranges.day, faults),
    month: readField(month, ranges.month, faults),
    weekday: readField(weekday, ranges.weekday, faults),
  };
  const [fault] = faults;
  return fault ? { fault } : { fields };
}

function countReason(count: number): string {
  if (count > 5) return 'is a sixth field: seconds and years are not known here';
  return count === 1 ? 'is one field, not five' : `has ${count} fields, not five`;
}

/** What cannot be read adds to `faults`, and nothing to the values. */
function readField(field: Piece, range: Range, faults: CronFault[]): CronField {
  const values = new Set<number>();
  for (const item of split(field, ',')) {
    const read = readItem(item, range, faults);
    for (let value = read.from; value <= read.to; value += read.step)
      values.add(range === ranges.weekday ? value % 7 : value);
  }
  return { star: field.text.startsWith('*'), values: [...values].toSorted((a, b) => a - b) };
}

interface Item {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

const none: Item = { from: 1, to: 0, step: 1 };

/** `*`, `7`, `mon`, `1-5`, and the first and last of them with a step. */
function readItem(item: Piece, range: Range, faults: CronFault[]): Item {
  const [span, stepPiece, more] = split(item, '/');
  if (!span || more) return fail(faults, more ?? item, 'is a second step', stepHint(range));
  const [first, last, third] = split(span, '-');
  if (!first || third) return fail(faults, third ?? item, 'is one end too many', rangeHint(range));
  const step = stepPiece ? readStep(stepPiece, range, faults) : 1;
  if (first.text === '*' && !last) return step === null ? none : { ...everything(range), step };
  if (stepPiece && !last)
    return fail(faults, item, 'has a step, but nothing to step through', stepHint(range));
  const from = readValue(first, range, faults);
  const to = last ? readValue(last, range, faults) : from;
  if (from === null || to === null || step === null) return none;
  if (from > to) return fail(faults, span, 'begins after its end', backwardsHint(range));
  return { from, to, step };
}

function everything(range: Range): Item {
  // Sunday has two numbers, and a step through both would count it twice.
  return { from: range.least, to: range === ranges.weekday ? 6 : range.most, step: 1 };
}

function readStep(piece: Piece, range: Range, faults: CronFault[]): number | null {
  const step = /^\d{1,2}$/.test(piece.text) ? Number(piece.text) : 0;
  if (step >= 1 && step <= range.most) return step;
  fail(faults, piece, 'is no step', stepHint(range));
  return null;
}

function readValue(piece: Piece, range: Range, faults: CronFault[]): number | null {
  const named = range.names.indexOf(piece.text.toLowerCase());
  if (named >= 0) return named + range.least;
  const value = /^\d{1,2}$/.test(piece.text) ? Number(piece.text) : -1;
  if (value >= range.least && value <= range.most) return value;
  fail(faults, piece, `is no ${range.noun}`, valueHint(range));
  return null;
}

function fail(faults: CronFault[], piece: Piece, reason: string, hint: string): Item {
  faults.push(faultOf(piece, reason, hint));
  return none;
}

function faultOf({ text, offset }: Piece, reason: string, hint: string): CronFault {
  return { found: text, offset, reason, hint };
}

function whole(expression: string): Piece {
  return { text: expression, offset: 0 };
}

/** Parts of a piece, each with its place in the whole expression. */
function split({ text, offset }: Piece, separator: string): readonly Piece[] {
  let at = offset;
  return text.split(separator).map((part) => {
    const piece = { text: part, offset: at };
    at += part.length + separator.length;
    return piece;
  });
}

function valueHint({ noun, least, most, names }: Range): string {
  const named = names.length > 0 ? `, or ${names[0]} to ${names.at(-1)}` : '';
  return `A ${noun} is a number from ${least} to ${most}${named}; "*" is each.`;
}

function rangeHint({ least, most }: Range): string {
  return `A range has a first and a last value, for example "${least}-${most}".`;
}

function stepHint({ least, most }: Range): string {
  return `Write a step as "*/2", or from one value to another: "${least}-${most}/2".`;
}

function backwardsHint(range: Range): string {
  return `Write it as two ranges, "${range.least}-…,…-${range.most}", with a comma between them.`;
}
