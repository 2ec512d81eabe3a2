import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../manifest/durations.ts';
import { flagOf, type SectionName, type Setting, sections, variableOf } from './settings.ts';
import type { Flags } from './settings-load.ts';
import type { Format } from './validate.ts';

/** A command's options as commander hands them on. */
export type Options = Readonly<Record<string, string | boolean | number | string[] | undefined>>;

/** The options of a section's settings; they are read by \`loadSettings\`, not by commander. */
export function addSettings(command: Command, section: SectionName): Command {
  command.option('--config <file>', 'settings file (default: ./gridops.yml if there is one)');
  for (const [name, setting] of Object.entries<Setting>(sections[section])) {
    const flag = flagOf(name, setting);
    const about = `${setting.description} (${variableOf(name, setting)}${defaultOf(setting)})`;
    const option = new Option(`--${flag} <${placeholder(setting)}>`, about);
    if (setting.type === 'list' || setting.type === 'urls') option.argParser(collect);
    command.addOption(option);
    if (setting.secret === true)
      command.option(
        `--${flag}-file <path>`,
        'The same, from a file that only its owner can read.',
      );
  }
  return command;
}

function placeholder(setting: Setting): string {
  return (
    setting.choices?.join('|') ??
    { address: 'host:port', list: 'value' }[setting.type as string] ??
    setting.type
  );
}

function defaultOf(setting: Setting): string {
  return setting.default === null || setting.default === '' ? '' : `, default ${setting.default}`;
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Commander's camelCase names back to the flags as they are written. */
export function flagsOf(options: Options): Flags {
  const flags: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(options)) {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (typeof value === 'string' || Array.isArray(value)) flags[flag] = value;
  }
  return flags;
}

export function limitOption(normal: number): Option {
  return new Option('-n, --limit <count>', `how many (1 to 500, default ${normal})`).argParser(
    (value) => {
      const count = Number(value);
      if (Number.isInteger(count) && count >= 1 && count <= 500) return count;
      throw new InvalidArgumentError('It must be a whole number from 1 to 500.');
    },
  );
}

/** Given once for each. */
export function serviceOption(): Option {
  return new Option('--service <name>', 'only this service; may be given more than once').argParser(
    collect,
  );
}

/** Given once for each. */
export function stackSourceOption(): Option {
  return new Option(
    '--stack-source <name=folder>',
    'a working tree of a repository that grid.yml takes stacks from; may be given more than once',
  ).argParser(collect);
}

const formats: readonly Format[] = ['text', 'json', 'github', 'sarif'];

export function formatOption(): Option {
  return new Option('--format <format>', 'for people, programs, GitHub Actions or code scanning')
    .choices(formats)
    .default('text');
}

/** `--json` is how every command says it. */
export function formatOf(options: Options): Format {
  if (options['json'] === true) return 'json';
  return formats.find((format) => format === options['format']) ?? 'text';
}

export function duration(value: string): number {
  const parsed = parseDuration(value);
  if (parsed.fault !== undefined) throw new InvalidArgumentError(parsed.fault.message);
  return parsed.value;
}

export function pageOf(options: Options, normal: number): { limit: number; before: string | null } {
  const { limit, before } = options;
  return { limit: typeof limit === 'number' ? limit : normal, before: optional(before) };
}

export function optional(value: Options[string]): string | null {
  return typeof value === 'string' ? value : null;
}

export function text(value: Options[string]): string {
  return typeof value === 'string' ? value : '';
}
