import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { GridError } from '../model/error.ts';
import type { Io } from './io.ts';
import {
  flagOf,
  type SectionName,
  type Setting,
  type Settings,
  sections,
  type Values,
  variableOf,
} from './settings.ts';
import type { SettingsFile, Written } from './settings-file.ts';
import { parseSetting } from './settings-parse.ts';

/** Flags as given, by their name without dashes; a flag that was given several times is a list. */
export type Flags = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface LoadedSetting {
  readonly name: string;
  readonly setting: Setting;
  readonly value: unknown;
  /** Where it was set: `flag --listen`, `environment GRIDOPS_LISTEN`, `gridops.yml:3:11` or `default`. */
  readonly source: string;
}

export interface Loaded<T extends Settings> {
  readonly values: Values<T>;
  readonly settings: readonly LoadedSetting[];
}

export interface LoadOptions<S extends SectionName> {
  readonly section: S;
  readonly flags: Flags;
  readonly file: SettingsFile;
  readonly io: Io;
}

/**
 * Flags before environment before `gridops.yml` before the default, for each setting by itself. Throws `GridError`
 * `invalid-configuration` that names every wrong one at once, never with its value.
 */
export async function loadSettings<S extends SectionName>(
  options: LoadOptions<S>,
): Promise<Loaded<(typeof sections)[S]>> {
  const faults: string[] = [];
  const settings: LoadedSetting[] = [];
  for (const [name, setting] of Object.entries<Setting>(sections[options.section])) {
    const loaded = await load(name, setting, options);
    if ('fault' in loaded) faults.push(loaded.fault);
    else settings.push({ name, setting, ...loaded });
  }
  if (faults.length > 0) throw wrong(faults);
  const values = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
  return { settings, values: values as Values<(typeof sections)[S]> };
}

interface Given {
  readonly text: string;
  readonly source: string;
  /** The text is the path of a file that holds the value. */
  readonly isFile: boolean;
  /** Folder that a relative path starts from. */
  readonly folder: string;
}

async function load(
  name: string,
  setting: Setting,
  options: LoadOptions<SectionName>,
): Promise<{ value: unknown; source: string } | { fault: string }> {
  for (const level of levels(name, setting, options)) {
    const here = level.filter((one) => one.text !== '');
    if (here.length === 0) continue;
    const [only, other] = here;
    if (only === undefined || other !== undefined)
      return { fault: `${here.map(({ source }) => source).join(' and ')}: give one of them` };
    return await readGiven(setting, only);
  }
  return await readDefault(setting, options.io);
}

async function readDefault(
  setting: Setting,
  io: Io,
): Promise<{ value: unknown; source: string } | { fault: string }> {
  if (setting.default === null) return { value: null, source: 'default' };
  const { default: text } = setting;
  return await readGiven(setting, { text, source: 'default', isFile: false, folder: io.cwd });
}

/** One setting of an item of a list in the file: neither flag nor variable can mean it. */
export async function readWritten(
  name: string,
  setting: Setting,
  of: {
    readonly values: ReadonlyMap<string, Written>;
    readonly file: SettingsFile;
    readonly io: Io;
  },
): Promise<{ value: unknown; source: string } | { fault: string }> {
  const ends = setting.secret === true ? (['', '_file'] as const) : ([''] as const);
  const given = ends.flatMap((end) => {
    const written = of.values.get(`${name}${end}`);
    return written === undefined || written.text === ''
      ? []
      : [candidate(written.text, written.place, end, of.file.folder)];
  });
  const [only, other] = given;
  if (only === undefined) return await readDefault(setting, of.io);
  if (other === undefined) return await readGiven(setting, only);
  return { fault: `${given.map(({ source }) => source).join(' and ')}: give one of them` };
}

/** The strongest first; a secret and its file are on one level. */
function levels(name: string, setting: Setting, options: LoadOptions<SectionName>): Given[][] {
  const { flags, io, file, section } = options;
  const flag = flagOf(name, setting);
  const variable = variableOf(name, setting);
  const ends = setting.secret === true ? (['', '_file'] as const) : ([''] as const);
  return [
    ends.map((end) => {
      const own = `${flag}${end.replace('_', '-')}`;
      return candidate(flagText(flags[own]), `flag --${own}`, end, io.cwd);
    }),
    ends.map((end) => {
      const own = `${variable}${end.toUpperCase()}`;
      return candidate(io.env[own], `environment ${own}`, end, io.cwd);
    }),
    ends.map((end) => {
      const written = file.values.get(`${section}.${name}${end}`);
      return candidate(written?.text, written?.place ?? '', end, file.folder);
    }),
  ];
}

function candidate(
  text: string | undefined,
  source: string,
  end: '' | '_file',
  folder: string,
): Given {
  return { text: text ?? '', source, isFile: end === '_file', folder };
}

function flagText(value: Flags[string]): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value.join(',');
}

async function readGiven(
  setting: Setting,
  given: Given,
): Promise<{ value: unknown; source: string } | { fault: string }> {
  const { source } = given;
  const text = given.isFile ? await readSecret(resolve(given.folder, given.text)) : given.text;
  if (text === null) return { fault: `${source}: cannot read the file ${given.text}` };
  if (text === '' && given.isFile) return { fault: `${source}: the file is empty` };
  if (setting.type === 'path') return { value: resolve(given.folder, text), source };
  const parsed = parseSetting(setting, text);
  return 'fault' in parsed
    ? { fault: `${source}: ${parsed.fault}` }
    : { value: parsed.value, source };
}

/** Editors and `echo` end a file with a line break that is not part of the secret. */
async function readSecret(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return null;
  }
}

function wrong(faults: readonly string[]): GridError {
  return new GridError({
    code: 'invalid-configuration',
    message: ['the settings are not right:', ...faults.map((fault) => `  ${fault}`)].join('\n'),
    hint: '`gridops config docs` lists every setting, `gridops config check` shows what is in force.',
  });
}
