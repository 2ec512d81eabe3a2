import { stripVTControlCharacters } from 'node:util';
import picocolors from 'picocolors';
import { GridError } from '../model/error.ts';
import type { Io } from './io.ts';

export type Paint = ReturnType<typeof picocolors.createColors>;

/** Colours on a terminal, plain text anywhere else or where `NO_COLOR` asks for it. */
export function paint(io: Io, stream: 'stdout' | 'stderr' = 'stdout'): Paint {
  const refused = (io.env['NO_COLOR'] ?? '') !== '' || io.env['TERM'] === 'dumb';
  return picocolors.createColors(io.isTerminal[stream] && !refused);
}

export interface Shown<T> {
  readonly json: boolean;
  readonly value: T;
  /** The value as text for people; it is given the value without anything that could steer a terminal. */
  readonly text: (value: T) => string;
}

/** The one way in which a command prints what the master said. */
export function show<T>(io: Io, { json, value, text }: Shown<T>): void {
  const shown = json ? printJson(value) : text(harmless(value));
  io.stdout(shown.endsWith('\n') ? shown : `${shown}\n`);
}

/** Control characters are escaped, also those that JSON allows: a terminal obeys them inside quotes, too. */
export function printJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(steering, (sign) =>
    Array.from({ length: sign.length }, (_, at) => escapeUnit(sign.charCodeAt(at))).join(''),
  );
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/** A fault for people: what happened, why, what next. */
export function printFault(io: Io, error: unknown): void {
  const colours = paint(io, 'stderr');
  const message = error instanceof Error ? error.message : String(error);
  io.stderr(`${colours.red('error:')} ${harmless(message)}\n`);
  if (error instanceof GridError && error.hint !== undefined)
    io.stderr(`${colours.dim(harmless(error.hint))}\n`);
}

/** Replaces, in every text of a value, what a terminal would obey or hide. Line breaks and tabs stay. */
export function harmless<T>(value: T): T {
  if (typeof value === 'string')
    return value.replaceAll('\r\n', '\n').replace(steering, '\ufffd') as T;
  if (Array.isArray(value)) return value.map(harmless) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, field]) => [key, harmless(field)]);
  return Object.fromEntries(entries) as T;
}

const steering = /[^\P{Cc}\n\t]|[\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Columns as wide as their widest cell; the last one as long as it is. Cells may be coloured and become one line each. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replace(/\s*\n\s*/g, ' ')));
  const widths = head.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function pad(cell: string, to: number): string {
  return cell + ' '.repeat(Math.max(0, to - width(cell)));
}

/** Of what is in names, messages and ids, few characters are wider than one. */
function width(cell: string): number {
  return Array.from(stripVTControlCharacters(cell)).length;
}

export function shortSha(sha: string | null): string {
  return sha === null ? '-' : sha.slice(0, 7);
}

/** "42 s", "3 min", "2 h", "5 d". */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Local date and time to the second. */
export function timestamp(at: number): string {
  const date = new Date(Number.isFinite(at) ? at : 0);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function two(part: number): string {
  return String(part).padStart(2, '0');
}
