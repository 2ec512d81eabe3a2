import { agentOptions } from './agent-options.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { masterStart } from './master-options.ts';
import { printJson, table } from './output.ts';
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
  await checkTogether(io, file);
  if (json) io.stdout(`${printJson({ file: file.path, settings: rows })}\n`);
  else io.stdout(`${printRows(rows)}\n`);
  if (!json) io.stderr(file.path === null ? 'no gridops.yml here\n' : `read ${file.path}\n`);
  return EXIT.done;
}

/** What only together is right or wrong; a section that nobody filled in is nobody's. */
async function checkTogether(io: Io, file: SettingsFile): Promise<void> {
  const master = await loadSettings({ section: 'master', flags: {}, file, io });
  if (master.values.repository !== null) await masterStart(master.values);
  const agent = await loadSettings({ section: 'agent', flags: {}, file, io });
  if (agent.values.master !== null) agentOptions(agent.values, io);
}

interface Row {
  readonly setting: string;
  readonly value: unknown;
  readonly source: string;
}

function toRow(section: SectionName, { name, setting, value, source }: LoadedSetting): Row {
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
  return names.map((section) => sectionDocs(section)).join('\n');
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
        (setting.choices === undefined ? '' : ` One of ${setting.choices.map(code).join(', ')}.`) +
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
