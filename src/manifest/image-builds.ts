import type { ImageBuild } from '../model/image-build.ts';
import type { Position, Problem } from '../model/problem.ts';
import { marksWithin } from '../model/secret.ts';
import { placeholderSeed } from '../model/seed.ts';
import { deriveChance } from './chance.ts';
import { quote } from './quote.ts';
import { compareProblems, createReport, type Fault, type Report } from './report.ts';
import type { ResolvedStack } from './resolve-stack.ts';
import { readServiceBuild } from './service-build.ts';

/** A stack of a working tree, where values of chance are placeholders. */
export interface StackToBuild {
  readonly grid: string;
  readonly name: string;
  /** `null`: its file could not be found, which its problems say. */
  readonly resolved: ResolvedStack | null;
  /** What the compiler found in it. */
  readonly problems: readonly Problem[];
}

export interface ImageBuilds {
  /** In the order of the stacks and their services; each image once. */
  readonly builds: readonly ImageBuild[];
  /** Those of the stacks, and what is wrong with their builds. */
  readonly problems: readonly Problem[];
}

/** The images that services of these stacks name and say how to build. `wanted` holds names of services; `null`: all. */
export function imageBuilds(
  stacks: readonly StackToBuild[],
  wanted: ReadonlySet<string> | null = null,
): ImageBuilds {
  const all: Gathered = { builds: [], byName: new Map() };
  const problems = stacks.flatMap((stack) => {
    const report = createReport(stack.name, stack.problems);
    for (const found of buildsOf(stack, wanted, report)) add(all, found, report);
    return report.problems();
  });
  return { builds: all.builds, problems: problems.toSorted(compareProblems) };
}

interface Gathered {
  readonly builds: ImageBuild[];
  /** Where in the list the image of that name is. */
  readonly byName: Map<string, number>;
}

interface Found {
  readonly build: ImageBuild;
  readonly at: Position;
}

function buildsOf(
  { grid, name, resolved }: StackToBuild,
  wanted: ReadonlySet<string> | null,
  report: Report,
): readonly Found[] {
  if (resolved === null) return [];
  const chance = chanceTexts(grid, resolved);
  return resolved.services.flatMap((service): readonly Found[] => {
    if (wanted?.has(service.key.text) === false) return [];
    const path = `${grid}/${name}/${service.key.text}`;
    const build = readServiceBuild(service, { service: path, chance, report });
    const at = service.node.entries.get('build')?.key ?? service.key;
    return build === null ? [] : [{ build, at }];
  });
}

/** Shorter ones are in names without having been put there. */
const minChance = 4;

function chanceTexts(grid: string, { scope }: ResolvedStack): readonly string[] {
  const values = [...(scope?.secret ?? [])].map((name) => scope?.values.get(name));
  const texts = marksWithin(values).map((mark) => deriveChance(mark, grid, placeholderSeed) ?? '');
  return texts.filter((text) => text.length >= minChance);
}

/** The same build is one; another of a name that is taken is a problem. */
function add({ builds, byName }: Gathered, { build, at }: Found, report: Report): void {
  const same = byName.get(build.image);
  const known = same === undefined ? undefined : builds[same];
  if (same !== undefined && known !== undefined && recipeOf(known) === recipeOf(build)) {
    builds[same] = joined(known, build);
    return;
  }
  for (const name of new Set([build.image, ...build.tags])) {
    const other = builds[byName.get(name) ?? -1];
    if (other === undefined) byName.set(name, builds.length);
    else report.error(at, conflict(name, other));
  }
  builds.push(build);
}

/** Everything but who wants it, and what runs before. */
function recipeOf({ services: _services, hooks: _hooks, ...recipe }: ImageBuild): string {
  return JSON.stringify(recipe);
}

function joined(one: ImageBuild, other: ImageBuild): ImageBuild {
  const known = new Set(one.hooks.map(hookKey));
  const hooks = [...one.hooks, ...other.hooks.filter((hook) => !known.has(hookKey(hook)))];
  return { ...one, services: [...one.services, ...other.services], hooks };
}

function hookKey({ folder, command }: ImageBuild['hooks'][number]): string {
  return JSON.stringify([folder, command]);
}

function conflict(name: string, { services: [owner = ''] }: ImageBuild): Fault {
  return {
    code: 'conflicting-keys',
    message: `the image ${quote(name)} is built in another way for ${quote(owner)}`,
    hint: 'Give each an image of its own, or build both in the same way.',
  };
}
