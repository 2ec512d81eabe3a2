import type { Hook, HookKind } from '../model/hook.ts';
import { compareText } from '../model/identity.ts';
import { readVariables } from './environment.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate, locateKey, type TreePath } from './tree.ts';

/** Hooks travel with each assignment and stand in a label of each container. */
const maxHooksLength = 64 * 1024;

/** In the words of the file. */
const keys = {
  'pre-start': 'pre_start',
  'post-start': 'post_start',
  'pre-stop': 'pre_stop',
} as const;

type Written = NonNullable<NonNullable<ServiceEntry['hooks']>['pre_start']>[number];
type WrittenInCompose = NonNullable<ServiceEntry['post_start']>[number];

/** `hooks`, and Compose's `post_start` and `pre_stop` after them, as one list in the order of their kinds. */
export function readHooks(section: Section<ServiceEntry>): readonly Hook[] {
  const { post_start: started, pre_stop: stopping } = section.value;
  const hooks = [
    ...readKind(section, 'pre-start'),
    ...readKind(section, 'post-start'),
    ...readCompose(section, 'post-start', started ?? []),
    ...readKind(section, 'pre-stop'),
    ...readCompose(section, 'pre-stop', stopping ?? []),
  ];
  if (JSON.stringify(hooks).length <= maxHooksLength) return hooks;
  const key = section.value.hooks === undefined ? keys[hooks[0]?.kind ?? 'pre-stop'] : 'hooks';
  const message = `the hooks have more than ${maxHooksLength} characters together`;
  const hint = 'Put what they do into scripts of the image.';
  section.report.error(locateKey(section.node, [key]), { code: 'bad-hook', message, hint });
  return [];
}

function readKind(section: Section<ServiceEntry>, kind: HookKind): readonly Hook[] {
  const key = keys[kind];
  const names = new Set<string>();
  return (section.value.hooks?.[key] ?? []).map((written, index) => {
    const path = ['hooks', key, index];
    if (names.has(written.name)) {
      const message = `there is another ${key} hook ${quote(written.name)} above`;
      const hint = 'Oneshot hooks are remembered by their names: each needs one of its own.';
      section.report.error(locate(section.node, [...path, 'name']), {
        code: 'duplicate-key',
        message,
        hint,
      });
    }
    names.add(written.name);
    return readHook(section, path, { kind, written });
  });
}

function readHook(
  section: Section<ServiceEntry>,
  path: TreePath,
  { kind, written }: { readonly kind: HookKind; readonly written: Written },
): Hook {
  return {
    kind,
    name: written.name,
    command: shell(written.cmd),
    instances: readInstances(section, [...path, 'instances'], written.instances),
    oneshot: written.oneshot ?? false,
    user: null,
    privileged: false,
    workingDirectory: null,
    env: {},
  };
}

/** Compose's hooks have no names: they are called after their place, with a character that no name of ours begins with. */
function readCompose(
  section: Section<ServiceEntry>,
  kind: 'post-start' | 'pre-stop',
  hooks: readonly WrittenInCompose[],
): readonly Hook[] {
  return hooks.map((written, index) => {
    const path = [keys[kind], index];
    return {
      kind,
      name: `#${index + 1}`,
      command: readCommand(section, [...path, 'command'], written.command),
      instances: null,
      oneshot: false,
      user: written.user ?? null,
      privileged: written.privileged ?? false,
      workingDirectory: written.working_dir ?? null,
      env: readEnv(section, [...path, 'environment'], written.environment),
    };
  });
}

function readCommand(
  { node, report }: Section<ServiceEntry>,
  path: TreePath,
  written: WrittenInCompose['command'],
): readonly string[] {
  if (typeof written === 'string') return shell(written);
  if (written.length === 0)
    report.error(locate(node, path), { code: 'bad-command', message: '"command" has no words' });
  return [...written];
}

/** Validated, so that what is not a list is a map of scalars. */
function readEnv(
  { node, report }: Section<ServiceEntry>,
  path: TreePath,
  written: WrittenInCompose['environment'],
): Readonly<Record<string, string>> {
  const found = locate(node, path);
  if (written === undefined || found.kind === 'scalar') return {};
  const entries = [...readVariables(found, report)].map(([name, { value }]) => {
    return [name, value.kind === 'scalar' ? value.text : ''] as const;
  });
  return Object.fromEntries(entries.toSorted(([a], [b]) => compareText(a, b)));
}

/** `"*"`, `1`, `"1,2"` or a list; `null`: all instances. */
function readInstances(
  section: Section<ServiceEntry>,
  path: TreePath,
  written: Written['instances'] = '*',
): readonly number[] | null {
  const texts = typeof written === 'string' ? written.split(',') : written;
  if (texts.length === 0) section.report.error(locate(section.node, path), noInstances);
  if (texts.length > maxInstances) section.report.error(locate(section.node, path), tooMany);
  if (texts.some((text) => text.trim() === '*')) return null;
  const numbers = texts.map((text, index) => {
    const place = typeof written === 'string' ? path : [...path, index];
    return parseAt(section, place, text.trim(), parseNumber);
  });
  return [...new Set(numbers.filter((one) => one !== null))].toSorted((a, b) => a - b);
}

const noInstances = {
  code: 'bad-hook',
  message: 'no instance runs this hook',
  hint: 'Write numbers of instances, or "*" (with the quotes) for all.',
};

/** No more than an agent takes, in either form. */
const maxInstances = 1_000;

const tooMany = {
  code: 'bad-hook',
  message: `a hook names at most ${maxInstances} instances`,
  hint: 'Write "*" (with the quotes) for all, and decide in the hook by KONTENA_SERVICE_INSTANCE_NUMBER.',
};

function parseNumber(text: string): Parsed<number> {
  if (/^[1-9]\d{0,5}$/.test(text)) return { value: Number(text) };
  return {
    fault: {
      code: 'bad-hook',
      message: `${quote(text)} is not the number of an instance`,
      hint: 'Numbers begin with 1: write 1, "1,2", [1, 2], or "*" (with the quotes) for all.',
    },
  };
}

function shell(text: string): readonly string[] {
  return ['/bin/sh', '-c', text];
}
