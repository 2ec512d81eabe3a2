import { agentOptions } from './agent-options.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { masterStart } from './master-options.ts';
import { printJson, table } from './output.ts';
import {
  itemSettings,
  type LoadedRepository,
  loadRepositories,
  repositoryTable,
} from './repository-settings.ts';
import { flagOf, type SectionName, type Setting, sections, variableOf } from './settings.ts';
import { readSettingsFile, type SettingsFile } from './settings-file.ts';
import { type Flags, type LoadedSetting, loadSettings } from './settings-load.ts';

const names = Object.keys(sections) as SectionName[];

/** Which settings are in force and where each is from. Secrets are only said to be set. Throws when one is wrong. */
export async function checkConfig(io: Io, flags: Flags, json: boolean): Promise<ExitCode> {
  const config = flags['config'];
  const file = await readSettingsFile(io, typeof config === 'string' ? config : undefined);
  const rows: Row[] = [];
  for (const section of names) {
    const { settings } = await loadSettings({ section, flags: {}, file, io });
    rows.push(...settings.map((loaded) => toRow(section, loaded)));
  }
  const repositories = await checkTogether(io, file);
  for (const { values, settings } of repositories)
    rows.push(...settings.map((loaded) => toRow(`master.repositories.${values.name}`, loaded)));
  if (json) io.stdout(`${printJson({ file: file.path, settings: rows })}\n`);
  else io.stdout(`${printRows(rows)}\n`);
  if (!json) io.stderr(file.path === null ? 'no gridops.yml here\n' : `read ${file.path}\n`);
  return EXIT.done;
}

/** What only together is right or wrong; a section that nobody filled in is nobody's. */
async function checkTogether(io: Io, file: SettingsFile): Promise<readonly LoadedRepository[]> {
  const master = await loadSettings({ section: 'master', flags: {}, file, io });
  const repositories = await loadRepositories({ file, master: master.settings, io });
  if (master.values.repository !== null || repositories.length > 0)
    await masterStart(
      master.values,
      repositories.map((one) => one.values),
    );
  const agent = await loadSettings({ section: 'agent', flags: {}, file, io });
  if (agent.values.master !== null) agentOptions(agent.values, io);
  return repositories;
}

interface Row {
  readonly setting: string;
  readonly value: unknown;
  readonly source: string;
}

function toRow(section: string, { name, setting, value, source }: LoadedSetting): Row {
  const shown = setting.secret === true && value !== null ? '(set)' : value;
  return { setting: `${section}.${name}`, value: shown, source };
}

function printRows(rows: readonly Row[]): string {
  const shown = rows.map(({ setting, value, source }) => [setting, printValue(value), source]);
  return table(['SETTING', 'VALUE', 'FROM'], shown);
}

function printValue(value: unknown): string {
  if (value === null) return '-';
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.join(',');
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  const { host, port } = value as { host: string; port: number };
  return `${host}:${port}`;
}

/** The documentation's table of all settings, as Markdown. */
export function configDocs(): string {
  return [...names.map((section) => sectionDocs(section)), repositoriesDocs()].join('\n');
}

function repositoriesDocs(): string {
  const own = Object.keys(itemSettings);
  const shared = Object.keys(repositoryTable()).filter((name) => !own.includes(name));
  const rows = Object.entries<Setting>(itemSettings).map(([name, setting]) => {
    const { default: normal } = setting;
    const about = setting.description + choicesDocs(setting);
    return `| ${code(name)} | ${normal === null || normal === '' ? '' : code(normal)} | ${about} |`;
  });
  return [
    '## `master.repositories`',
    '',
    'A list, in place of one `repository`. Each item has these keys, and those that `master` has for one repository:',
    `${shared.map(code).join(', ')}. A secret can be in a file: \`<name>_file\`.`,
    '',
    '| In `gridops.yml` | Default | |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function choicesDocs({ choices }: Setting): string {
  return choices === undefined ? '' : ` One of ${choices.map(code).join(', ')}.`;
}

function sectionDocs(section: SectionName): string {
  const rows = Object.entries<Setting>(sections[section]).map(([name, setting]) => {
    const file = setting.secret === true;
    const cells = [
      code(name) + (file ? `, ${code(`${name}_file`)}` : ''),
      code(`--${flagOf(name, setting)}`) +
        (file ? `, ${code(`--${flagOf(name, setting)}-file`)}` : ''),
      code(variableOf(name, setting)) +
        (file ? `, ${code(`${variableOf(name, setting)}_FILE`)}` : ''),
      setting.default === null || setting.default === '' ? '' : code(setting.default),
      setting.description +
        choicesDocs(setting) +
        (setting.range === undefined ? '' : ` From ${setting.range.join(' to ')}.`),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `## \`${section}\``,
    '',
    '| In `gridops.yml` | Flag | Environment | Default | |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
