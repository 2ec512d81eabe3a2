import type { BuildContext, Dockerfile, ImageBuild, PreBuildHook } from '../model/image-build.ts';
import { hasMark } from '../model/secret.ts';
import { readArguments, readOptions } from './build-options.ts';
import { BuildEntry } from './build-schema.ts';
import { PreBuildHooks } from './hook-schema.ts';
import { parseImage } from './image.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed, Report } from './report.ts';
import type { ResolvedService } from './resolve-stack.ts';
import { parseEach, type Section } from './section.ts';
import { resolvePath } from './source-path.ts';
import {
  type Entry,
  locate,
  locateKey,
  type MapNode,
  mapNode,
  scalarNode,
  type TreeNode,
  valueAt,
} from './tree.ts';
import { createValidator } from './validate.ts';

type Build = Section<BuildEntry>;

const validateBuild = createValidator(BuildEntry);
const validateHooks = createValidator(PreBuildHooks);

export interface BuildReading {
  /** Whose it is: `grid/stack/service`. */
  readonly service: string;
  /** Texts that the master would have others for: they come from its seed. */
  readonly chance: readonly string[];
  readonly report: Report;
}

/** How the image of a service is built; `null` when it is not, or cannot be, which is reported. */
export function readServiceBuild(
  { node }: ResolvedService,
  reading: BuildReading,
): ImageBuild | null {
  const written = buildNode(node, reading.report);
  if (written === null) return null;
  const image = readImage(node, reading);
  const hooks = readHooks(node, reading);
  const value = areTextsKnown(written, reading) ? validateBuild(written, reading.report) : null;
  if (value === null || image === null) return null;
  const section: Build = { value, node: written, report: reading.report };
  const context = readContext(section);
  return {
    image,
    tags: readTags(section, image),
    services: [reading.service],
    context,
    dockerfile: readDockerfile(section, context),
    args: readArguments(section),
    options: readOptions(section),
    noCache: value.no_cache ?? false,
    pull: value.pull ?? true,
    hooks,
  };
}

/** `build` as a map, with what `dockerfile` beside it says inside. `null`: the service has none. */
function buildNode(service: MapNode, report: Report): MapNode | null {
  const build = valueAt(service, 'build');
  if (build === null || build.kind === 'list') return null;
  const map = build.kind === 'map' ? build : mapNode(build, new Map([entryOf('context', build)]));
  const former = valueAt(service, 'dockerfile');
  if (former === null) return map;
  const present = valueAt(map, 'dockerfile');
  if (present === null)
    return mapNode(map, new Map([...map.entries, entryOf('dockerfile', former)]));
  if (present.kind !== 'scalar' || former.kind !== 'scalar' || present.text !== former.text)
    report.error(former, twoDockerfiles);
  return map;
}

function entryOf(key: string, value: TreeNode): readonly [string, Entry] {
  return [key, { key: scalarNode(value, key), value }];
}

const twoDockerfiles: Fault = {
  code: 'conflicting-keys',
  message: 'the Dockerfile of this service is named twice',
  hint: 'Keep "dockerfile" inside of "build" only.',
};

/** Without one the compiler has said so already, as it has of what is no image. */
function readImage(service: MapNode, { chance, report }: BuildReading): string | null {
  const written = valueAt(service, 'image');
  if (written?.kind !== 'scalar' || parseImage(written.text).fault !== undefined) return null;
  const parsed = chance.some((text) => written.text.includes(text))
    ? { fault: ofChance }
    : parseTag(written.text);
  if (parsed.fault === undefined) return parsed.value;
  report.error(written, parsed.fault);
  return null;
}

function parseTag(text: string): Parsed<string> {
  const parsed = parseImage(text);
  if (!text.includes('@') || parsed.fault !== undefined) return parsed;
  const message = `${quote(text)} says by its digest what is in the image: that is known after it was built`;
  const hint = 'Name a tag, "[registry/]name:tag", or take out "build".';
  return { fault: { code: 'not-possible', message, hint } };
}

/** Each once, and the image's own name not again. */
function readTags(section: Build, image: string): readonly string[] {
  const tags = parseEach(section, 'tags', section.value.tags, parseTag).map((tag) => tag.value);
  return [...new Set(tags)].filter((tag) => tag !== image);
}

const ofChance: Fault = {
  code: 'not-possible',
  message: 'a value of chance is in the name of the image: only the master knows it',
  hint: 'Give the variable a value in grid.yml.',
};

function readHooks(service: MapNode, reading: BuildReading): readonly PreBuildHook[] {
  const all = valueAt(service, 'hooks');
  const written = all === null ? null : valueAt(all, 'pre_build');
  if (written === null || !areTextsKnown(written, reading)) return [];
  const hooks = validateHooks(written, reading.report) ?? [];
  return hooks.map(({ name, cmd }, index) => {
    const { file } = locate(written, [index, 'cmd']);
    return { name, command: cmd, folder: folderOf(file), service: reading.service };
  });
}

function folderOf(file: string): string {
  return file.split('/').slice(0, -1).join('/');
}

/** False after a text was reported that cannot be told to a command. */
function areTextsKnown(node: TreeNode, { report }: BuildReading): boolean {
  const seen = new Set<TreeNode>();
  let isKnown = true;
  function look(part: TreeNode): void {
    if (seen.has(part)) return;
    seen.add(part);
    if (part.kind === 'list') for (const item of part.items) look(item);
    if (part.kind === 'map') for (const entry of part.entries.values()) lookAt(entry);
    const fault = part.kind === 'scalar' ? textFault(part.text) : null;
    if (fault === null) return;
    report.error(part, fault);
    isKnown = false;
  }
  function lookAt({ key, value }: Entry): void {
    look(key);
    look(value);
  }
  look(node);
  return isKnown;
}

function textFault(text: string): Fault | null {
  if (hasMark(text)) return unknownHere;
  return text.includes('\0') ? nothingAfter : null;
}

const unknownHere: Fault = {
  code: 'secret-misplaced',
  message: 'a secret or a value of chance cannot be in a build: only master and nodes know it',
  hint: 'Write a build argument without a value: it is taken from the environment of whoever builds.',
};

const nothingAfter: Fault = {
  code: 'wrong-value',
  message: 'a character 0 ends a text: what follows would not reach the command',
};

/** What `docker build` takes for an address, and fetches itself. */
const remote = /^(?:(?:https?|git|ssh):\/\/|git@|github\.com\/)[^\s\p{Cc}]+$/u;

function readContext({ value, node, report }: Build): BuildContext {
  const { context = '.' } = value;
  if (remote.test(context)) return { kind: 'remote', address: context };
  const at = locate(node, ['context']);
  const path = resolvePath(at.file, context);
  if (path.fault !== undefined) report.error(at, path.fault);
  return { kind: 'folder', path: path.value ?? '' };
}

function readDockerfile({ value, node, report }: Build, context: BuildContext): Dockerfile | null {
  const { dockerfile, dockerfile_inline: text } = value;
  if (dockerfile !== undefined && text !== undefined)
    report.error(locateKey(node, ['dockerfile_inline']), bothDockerfiles);
  if (text !== undefined) return { kind: 'text', text };
  if (dockerfile === undefined) return null;
  const folder = context.kind === 'folder' && context.path !== '' ? `${context.path}/` : '';
  const path = resolvePath(`${folder}Dockerfile`, dockerfile);
  if (path.fault === undefined) return { kind: 'file', path: path.value };
  report.error(locate(node, ['dockerfile']), { ...path.fault, hint: besideContext });
  return null;
}

const besideContext = 'Write a path relative to the context, with "/" between folders.';

const bothDockerfiles: Fault = {
  code: 'conflicting-keys',
  message: '"dockerfile" and "dockerfile_inline" both say what the Dockerfile is',
  hint: 'Keep one of the two.',
};
