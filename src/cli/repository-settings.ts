import { GridError } from '../model/error.ts';
import type { Io } from './io.ts';
import { repositoryNameForm } from './repository-name.ts';
import { masterSettings, type Setting, type Settings, type Values } from './settings.ts';
import type { SettingsFile, WrittenRepository } from './settings-file.ts';
import { type LoadedSetting, readWritten } from './settings-load.ts';

/** Settings of the master as a whole; all others are those of a repository. */
const ofMaster = ['data', 'listen', 'public_url', 'api_token', 'log_level'] as const;

type OfMaster = (typeof ofMaster)[number];

/** What each item of `master.repositories` has beside the settings that `master` itself has for one repository. */
export const itemSettings = {
  name: {
    type: 'text',
    default: null,
    description: 'What it is called: in `grid.yml`, on pages and in messages.',
  },
  holds: {
    type: 'choice',
    choices: ['grids', 'stacks', 'both'],
    default: 'grids',
    description:
      'What is used of it: its folder `grids/`; stack files that `grid.yml` of other repositories names; or both.',
  },
  used_by: {
    type: 'list',
    default: '',
    description:
      'Names of the repositories whose grids may take stacks from this one; if absent all may.',
  },
} as const satisfies Settings;

export type RepositorySettings = Omit<Values<typeof masterSettings>, OfMaster>;

/** One of several. */
export type NamedRepository = RepositorySettings & {
  readonly name: string;
  readonly holds: string;
  readonly used_by: readonly string[];
};

export interface LoadedRepository {
  readonly values: NamedRepository;
  readonly settings: readonly LoadedSetting[];
}

/** All that an item may have. */
export function repositoryTable(): Settings {
  const table: Settings = masterSettings;
  const own = Object.entries(table).filter(([name]) => !isOfMaster(name));
  return { ...itemSettings, ...Object.fromEntries(own) };
}

/**
 * The items of `master.repositories`, in their order. `master` is what the section itself comes out as: what it says of one
 * repository would be in force for none of them. Throws `GridError` `invalid-configuration` with every fault.
 */
export async function loadRepositories(of: {
  readonly file: SettingsFile;
  readonly master: readonly LoadedSetting[];
  readonly io: Io;
}): Promise<readonly LoadedRepository[]> {
  const { file, master, io } = of;
  if (file.repositories.length === 0) return [];
  const faults = master
    .filter(({ name, source }) => !isOfMaster(name) && source !== 'default')
    .map(({ name, source }) => `${source}: beside \`repositories\`, give ${name} in each of them`);
  const loaded: LoadedRepository[] = [];
  const names = new Set<string>();
  for (const written of file.repositories) {
    const one = await load(written, { file, io, faults });
    const fault = nameFault(one.values.name, names);
    if (fault !== null) faults.push(`${written.place}: ${fault}`);
    names.add(one.values.name);
    loaded.push(one);
  }
  if (faults.length === 0) return loaded;
  throw new GridError({
    code: 'invalid-configuration',
    message: ['the settings are not right:', ...faults.map((fault) => `  ${fault}`)].join('\n'),
    hint: '`gridops config docs` lists every setting, `gridops config check` shows what is in force.',
  });
}

async function load(
  written: WrittenRepository,
  of: { readonly file: SettingsFile; readonly io: Io; readonly faults: string[] },
): Promise<LoadedRepository> {
  const settings: LoadedSetting[] = [];
  for (const [name, setting] of Object.entries<Setting>(repositoryTable())) {
    const { file, io } = of;
    const loaded = await readWritten(name, setting, { values: written.values, file, io });
    if ('fault' in loaded) of.faults.push(loaded.fault);
    else settings.push({ name, setting, ...loaded });
  }
  const values = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
  return { settings, values: values as NamedRepository };
}

function nameFault(name: string | null, names: ReadonlySet<string>): string | null {
  if (name === null) return 'a repository of several needs a name';
  if (!repositoryNameForm.test(name))
    return 'a name is up to 63 small letters, digits and "-", with none of these at its ends';
  return names.has(name) ? `there are two repositories ${name}` : null;
}

function isOfMaster(name: string): boolean {
  return ofMaster.some((one) => one === name);
}
