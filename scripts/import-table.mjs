import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { main, SetupError } from './command.mjs';

/**
 * Prints the import table of `.oxlintrc.json` as Markdown; with `--write` puts it into ARCHITECTURE.md, with `--json` prints
 * it as data for the test that plants forbidden imports.
 */
const ROOT = path.resolve(import.meta.dirname, '..');
const PAGE = path.join(ROOT, 'ARCHITECTURE.md');
const BEGIN = '<!-- import-table:begin -->';
const END = '<!-- import-table:end -->';

/** Rows in the order of the file: `{ of, folders, files, packages }`. `of` is a folder or, for an exception, a file. */
export function importTable(configuration) {
  const rows = [];
  for (const { files, rules } of JSON.parse(withoutComments(configuration)).overrides) {
    const group = rules['no-restricted-imports']?.[1].patterns[0].group;
    const of = /^src\/(.+?)(?:\/\*\*)?$/.exec(files[0])?.[1];
    if (group !== undefined && of !== '**') rows.push({ of, ...readGroup(group) });
  }
  return rows;
}

/** `["**", "!./**", "!../{model,runtime}/**", "!node:*"]` → what it allows. */
function readGroup(group) {
  const allowed = group.filter((entry) => entry.startsWith('!')).map((entry) => entry.slice(1));
  const ours = allowed.filter((entry) => entry.startsWith('../')).flatMap(expand);
  return {
    folders: ours.filter(isFolder).map((entry) => entry.slice('../'.length, -'/**'.length)),
    files: ours.filter((entry) => !isFolder(entry)).map((entry) => entry.slice('../'.length)),
    packages: [
      ...new Set(
        allowed
          .filter((entry) => !entry.startsWith('.'))
          .map((entry) => entry.replace(/^node:\*.*/, 'node:*').replace(/\/\*\*$/, '')),
      ),
    ],
  };
}

function isFolder(entry) {
  return entry.endsWith('/**');
}

function expand(pattern) {
  const [, before, names, after] = /^(.*)\{(.+)\}(.*)$/.exec(pattern) ?? [];
  return names === undefined
    ? [pattern]
    : names.split(',').map((name) => `${before}${name}${after}`);
}

/** Comments of JSONC, but not what looks like one inside a string (`"src/**"`). */
function withoutComments(text) {
  return text.replace(/("(?:\\.|[^"\\])*")|\/\/[^\n]*/g, (_, string) => string ?? '');
}

function markdown(rows) {
  return ['| In `src/` | may import of ours | packages |', '|---|---|---|', ...rows.map(line)].join(
    '\n',
  );
}

function line(row) {
  const ours = [...row.folders, ...row.files];
  return `| \`${row.of}\` | ${ours.join(', ') || '–'} | ${row.packages.join(', ') || '–'} |`;
}

function write(table) {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new SetupError(`ARCHITECTURE.md lacks ${BEGIN} and ${END}.`);
  writeFileSync(PAGE, `${before}${BEGIN}\n${table}\n${END}${after}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await main(async () => {
    const rows = importTable(readFileSync(path.join(ROOT, '.oxlintrc.json'), 'utf8'));
    if (process.argv[2] === '--write') write(markdown(rows));
    else console.log(process.argv[2] === '--json' ? JSON.stringify(rows) : markdown(rows));
  });
