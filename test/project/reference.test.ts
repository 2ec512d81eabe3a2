import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { configDocs } from '../../src/cli/config.ts';
import { ConfigEntry, SecretEntry } from '../../src/manifest/config-schema.ts';
import {
  GridFile,
  StackEntry,
  StackFile,
  VariableEntry,
  VolumeEntry,
} from '../../src/manifest/schema.ts';
import { ServiceEntry } from '../../src/manifest/service-schema.ts';

const root = path.resolve(import.meta.dirname, '../..');
const page = read('docs/grid-repository.md');

describe('docs/grid-repository.md', () => {
  it.each([
    ['grid.yml', GridFile],
    ['a stack of grid.yml', StackEntry],
    ['kontena.yml', StackFile],
    ['a service', ServiceEntry],
    ['a volume', VolumeEntry],
    ['a config', ConfigEntry],
    ['a secret', SecretEntry],
    ['a variable', VariableEntry],
  ])('explains every key of %s', (_, schema) => {
    const missing = keysOf(schema).filter((key) => !explains(key));

    expect(missing).toEqual([]);
  });

  it('explains every problem code, and no other', () => {
    const documented = [...page.matchAll(/^\| <a id="([a-z0-9-]+)"><\/a>/gm)].map(
      (match) => match[1],
    );

    expect(documented).toEqual(problemCodes());
  });
});

describe('docs/settings.md', () => {
  it('is what `gridops config docs` prints', () => {
    const settings = read('docs/settings.md');

    expect(settings).toContain(`<!-- settings:begin -->\n${configDocs()}<!-- settings:end -->`);
  });
});

interface Schema {
  readonly properties?: Readonly<Record<string, object>>;
}

/** Keys with the keys of the maps in them: `deploy.strategy`. */
function keysOf(schema: Schema): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const inner = keysOf(value);
    return inner.length === 0 || key === 'extends' || key === 'external'
      ? [key]
      : inner.map((name) => `${key}.${name}`);
  });
}

/** In the first column of a table, or in backticks in the text of one. */
function explains(key: string): boolean {
  return page.includes(`\`${key}\``);
}

/** What stands behind `code:` in the compiler's sources; the codes of its checks are written out there, each as a word. */
function problemCodes(): readonly string[] {
  const sources = readdirSync(path.join(root, 'src/manifest'))
    .map((name) => read(`src/manifest/${name}`))
    .join('\n');
  const codes = [...sources.matchAll(/\bcode:\s+([^,;\n]+)/g)].flatMap((match) =>
    [...(match[1] ?? '').matchAll(/'([a-z0-9]+(?:-[a-z0-9]+)+)'/g)].map((word) => word[1] ?? ''),
  );
  return [...new Set(codes)].toSorted();
}

function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}
