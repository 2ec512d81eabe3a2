import type { TextFile } from '../model/source.ts';
import { parseDotEnv } from './dot-env.ts';
import { environmentFault } from './environment-names.ts';
import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { type Entry, scalarNode } from './tree.ts';

/** More lines of one file than an environment can have are not looked at. */
const maxLines = 10_000;

/**
 * Lines `NAME=value`; blank ones and those that begin with `#` are left out. Values are taken as they are: no quotes, no
 * variables, no comments at the end, as Kontena and `docker run --env-file` do. Of a name written twice the first counts.
 */
export function parseEnvFile(file: TextFile, report: Report): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  const lines = file.text.replace(/^\uFEFF/, '').split('\n', maxLines + 1);
  for (const [index, line] of lines.entries()) {
    const at = {
      file: file.path,
      line: index + 1,
      column: 1 + (line.length - line.trimStart().length),
    };
    if (index === maxLines) {
      report.error(at, {
        code: 'bad-environment',
        message: `the file has more than ${maxLines} lines`,
      });
      break;
    }
    const entry = parseLine(line.trim(), at, report);
    if (entry !== null && !entries.has(entry.key.text)) entries.set(entry.key.text, entry);
  }
  return entries;
}

/** The same by Compose's rules: quotes are taken off, and so are comments at the end. */
export function parseComposeEnvFile(file: TextFile, report: Report): ReadonlyMap<string, Entry> {
  const values = parseDotEnv(file, report);
  return new Map(
    Array.from(values, ([name, value]) => [name, { key: scalarNode(value, name), value }]),
  );
}

function parseLine(line: string, at: Parameters<Report['error']>[0], report: Report): Entry | null {
  if (line === '' || line.startsWith('#')) return null;
  const equals = line.indexOf('=');
  const name = equals === -1 ? line : line.slice(0, equals);
  const value = line.slice(equals + 1);
  const fault =
    equals === -1
      ? { code: 'bad-environment', message: `${quote(line)} has no "=" and no value` }
      : environmentFault(name, value);
  if (fault === null) return { key: scalarNode(at, name), value: scalarNode(at, value) };
  report.error(at, fault);
  return null;
}
