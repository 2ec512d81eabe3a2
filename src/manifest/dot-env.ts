import type { Position } from '../model/problem.ts';
import type { TextFile } from '../model/source.ts';
import { environmentFault } from './environment-names.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed, Report } from './report.ts';
import { escapeTemplate, expand } from './template.ts';
import { type ScalarNode, scalarNode } from './tree.ts';

/** More lines of one file than an environment can have are not looked at. */
const maxLines = 10_000;

/** What the values of one file may become together: one that is used often multiplies. */
const maxExpanded = 1024 * 1024;

/**
 * A file of variables by Compose's rules, `.env` or one of `env_file`; they are not Kontena's:
 *
 *     line  = [ "export" ] name "=" value [ comment ]
 *     value = "'" text "'" | '"' text with \n \r \t \" \\ \$ '"' | text without " #"
 *
 * Of a name written twice the last counts. Values over several lines are refused. Where there are no single quotes, variables
 * are put in: those of `outer`, and those of the file up to there. A value with others in it is taken as it is.
 */
export function parseDotEnv(
  file: TextFile,
  report: Report,
  outer: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, ScalarNode> {
  const values = new Map<string, ScalarNode>();
  const putIn = createPutIn(outer);
  const lines = file.text.replace(/^\uFEFF/, '').split('\n', maxLines + 1);
  for (const [index, line] of lines.entries()) {
    const at = { file: file.path, line: index + 1, column: 1 };
    if (report.isFull()) break;
    if (index === maxLines) {
      report.error(at, bad(`the file has more than ${maxLines} lines`));
      break;
    }
    const assignment = parseLine(line);
    if (assignment === null) continue;
    if (assignment.fault !== undefined) report.error(at, assignment.fault);
    else setValue(values, at, { ...assignment.value, putIn, report });
  }
  return values;
}

interface Assignment {
  readonly name: string;
  readonly written: Written;
}

/** `null`: nothing but a comment. */
function parseLine(line: string): Parsed<Assignment> | null {
  if (/^\s*(?:#|$)/.test(line)) return null;
  const [, name, text = ''] = /^\s*(?:export\s+)?([^\s=]+)\s*=(.*)$/s.exec(line) ?? [];
  if (name === undefined) return { fault: bad(`${quote(line.trim())} has no "=" and no value`) };
  const written = parseValue(text.trim());
  return written.fault === undefined ? { value: { name, written: written.value } } : written;
}

interface Setting extends Assignment {
  readonly putIn: PutIn;
  readonly report: Report;
}

function setValue(
  values: Map<string, ScalarNode>,
  at: Position,
  { name, written, putIn, report }: Setting,
): void {
  const { text, reason } = putIn(name, written);
  const fault = environmentFault(name, text);
  if (fault !== null) return report.error(at, fault);
  if (reason !== null) report.warn(at, asItIs(name, reason));
  values.set(name, scalarNode(at, text));
}

/** A value, and why its variables are still in it. */
type PutIn = (
  name: string,
  written: Written,
) => { readonly text: string; readonly reason: string | null };

function createPutIn(outer: ReadonlyMap<string, string>): PutIn {
  const known = new Map(outer);
  let left = maxExpanded;
  return (name, { template, plain }) => {
    const scope = { values: known, braces: 'compose', isOpen: true } as const;
    const { text: expanded, faults } = expand(template, scope, left);
    const [fault] = faults;
    const text = fault === undefined ? expanded : plain;
    if (fault === undefined) left -= text.length;
    if (!outer.has(name)) known.set(name, text);
    return { text, reason: fault?.message ?? null };
  };
}

interface Written {
  /** With its variables. */
  readonly template: string;
  /** When there is nothing to put in. */
  readonly plain: string;
}

function parseValue(written: string): Parsed<Written> {
  const [mark] = /^["']/.exec(written) ?? [];
  if (mark === undefined) {
    const text = written.replace(/(?:^|\s)#.*$/s, '').trimEnd();
    return { value: { template: text, plain: text } };
  }
  const quoted = mark === "'" ? /^'([^']*)'(.*)$/s : /^"((?:[^"\\]|\\.)*)"(.*)$/s;
  const [, text, rest = ''] = quoted.exec(written) ?? [];
  if (text === undefined || !/^\s*(?:#|$)/.test(rest)) return { fault: unclosed };
  if (mark === "'") return { value: { template: escapeTemplate(text), plain: text } };
  return { value: { template: unescape(text, '$$'), plain: unescape(text, '$') } };
}

function unescape(text: string, dollar: string): string {
  const signs: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', $: dollar };
  return text.replace(/\\([nrt"\\$])/g, (_, sign: string) => signs[sign] ?? sign);
}

function bad(message: string): Fault {
  return { code: 'bad-environment', message };
}

const unclosed = bad('the value begins with a quotation mark and does not end with it on its line');

function asItIs(name: string, reason: string): Fault {
  return {
    code: 'no-effect',
    message: `the value of ${quote(name)} is taken as it is: ${reason}`,
    hint: 'Put it in single quotes if that is what you want.',
  };
}
