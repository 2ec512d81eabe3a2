import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuild } from './build.mjs';
import { main, SetupError } from './command.mjs';

/**
 * Prints the tables of keys and problem codes that stand in docs; with `--write` puts each between its markers. They come from
 * the schemas and codes of the sources; a test compares.
 */
const ROOT = path.resolve(import.meta.dirname, '..');

function between(name, text) {
  return [`<!-- ${name}:begin -->`, text, `<!-- ${name}:end -->`].join('\n');
}

function write(page, parts) {
  const file = path.join(ROOT, page);
  let text = readFileSync(file, 'utf8');
  for (const [name, table] of Object.entries(parts)) {
    const [before, rest] = text.split(`<!-- ${name}:begin -->`);
    const after = rest?.split(`<!-- ${name}:end -->`)[1];
    if (after === undefined) throw new SetupError(`${page} lacks the markers of ${name}.`);
    text = before + between(name, table) + after;
  }
  writeFileSync(file, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await main(async () => {
    await ensureBuild(ROOT);
    const { references } = await import('../dist/manifest/reference.js');
    for (const [page, parts] of Object.entries(references()))
      if (process.argv[2] === '--write') write(page, parts);
      else for (const [name, table] of Object.entries(parts)) console.log(between(name, table));
  });
