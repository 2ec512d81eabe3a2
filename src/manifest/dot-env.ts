import type { Position } from '../model/problem.ts';
import type { TextFile } from '../model/source.ts';
import { environmentFault } from './environment-names.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed, Report } from './report.ts';
import { type ScalarNode, scalarNode } from './tree.ts';

/** More lines of one file than an environment can have are not looked at. */
const maxLines = 10_000;

/**
 * A file of variables by Compose's rules, `.env` or one of `env_file`; they are not Kontena's:
 *
 *     line  = [ "export" ] name "=" value [ comment ]
 *     value = "'" text "'" | '"' text with \n \r \t \" \\ \$ '"' | text without " #"
 *
 * Of a name written twice the last counts. Values over several lines are refused, and variables in values are not put in.
 */
export function parseDotEnv(file: TextFile, report: Report): ReadonlyMap<string, ScalarNode> {
  const values = new Map<string, ScalarNode>();
  const lines = file.text.replace(/^\uFEFF/, '').split('\n', maxLines + 1);
  for (const [index, line] of lines.entries()) {
    const at = { file: file.path, line: index + 1, column: 1 };
    if (report.isFull()) break;
    if (index === maxLines) {
      const message = `the file has more than ${maxLines} lines`;
      report.error(at, { code: 'bad-environment', message });
      break;
    }
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name, written = ''] = /^\s*(?:export\s+)?([^\s=]+)\s*=(.*)$/s.exec(line) ?? [];
    if (name === undefined) {
      const message = `${quote(line.trim())} has no "=" and no value`;
      report.error(at, { code: 'bad-environment', message });
      continue;
    }
    const value = parseValue(written.trim());
    const fault = value.fault ?? environmentFault(name, value.value);
    if (fault !== null) report.error(at, fault);
    else values.set(name, scalarNode(at, value.value ?? ''));
    if (/\$[A-Za-z_{]/.test(written) && !written.trim().startsWith("'")) warn(at, name, report);
  }
  return values;
}

function parseValue(written: string): Parsed<string> {
  const [mark] = /^["']/.exec(written) ?? [];
  if (mark === undefined) return { value: written.replace(/(?:^|\s)#.*$/s, '').trimEnd() };
  const quoted = mark === "'" ? /^'([^']*)'(.*)$/s : /^"((?:[^"\\]|\\.)*)"(.*)$/s;
  const [, text, rest = ''] = quoted.exec(written) ?? [];
  if (text === undefined || !/^\s*(?:#|$)/.test(rest)) return { fault: unclosed };
  return { value: mark === "'" ? text : text.replace(/\\([nrt"\\$])/g, unescape) };
}

function unescape(_: string, letter: string): string {
  return { n: '\n', r: '\r', t: '\t' }[letter] ?? letter;
}

const unclosed: Fault = {
  code: 'bad-environment',
  message: 'the value begins with a quotation mark and does not end with it on its line',
};

function warn(at: Position, name: string, report: Report): void {
  const message = `the value of ${quote(name)} is taken as it is: variables in such a file are not put in`;
  const hint = 'Put it in single quotes if that is what you want.';
  report.warn(at, { code: 'no-effect', message, hint });
}
