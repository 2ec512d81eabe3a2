import { shortDigest } from '../model/digest.ts';
import type { Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import type { Position } from '../model/problem.ts';
import { parseAffinity } from './affinity.ts';
import { createBundler } from './bundler.ts';
import { parseDuration } from './durations.ts';
import { parseLink } from './links.ts';
import type { MountContext } from './mounts.ts';
import { dnsFault } from './names.ts';
import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { parseAt, parseEach, type Section } from './section.ts';
import { ServiceEntry } from './service-schema.ts';
import type { Sources } from './sources.ts';
import { readSpec } from './spec.ts';
import { locate, locateKey, type MapNode, type TreeNode, type TreePath } from './tree.ts';
import { createSalvagingValidator } from './validate.ts';
import { besideOf, readVolumesFrom } from './volumes-from.ts';

/** A service whose dependencies have not been looked for in the rest of the grid yet. */
export interface ServiceDraft {
  /** With `dependsOn` as if all of them existed. */
  readonly service: Service;
  readonly dependencies: readonly Dependency[];
}

export interface Dependency {
  /** `stack/service` */
  readonly path: string;
  readonly stack: string;
  readonly at: Position;
}

export interface ServiceContext {
  readonly grid: string;
  readonly stack: string;
  /** All services of the stack, by name. */
  readonly names: readonly string[];
  readonly mounts: Omit<MountContext, 'bundler'>;
  readonly sources: Sources;
  readonly report: Report;
}

/** Kontena's default (kontena.md 4.6). */
const defaultMinHealth = 0.8;

const validate = createSalvagingValidator(ServiceEntry);

/** A service as it is written, everything it extends merged in → model. `key` is where its name stands. */
export function readService(
  key: TreeNode,
  name: string,
  node: MapNode,
  context: ServiceContext,
): ServiceDraft | null {
  const value = validate(node, context.report);
  if (value === null) return null;
  const section: Section<ServiceEntry> = { value, node, report: context.report };
  const { grid, stack } = context;
  const instances = value.instances ?? 1;
  const fault = dnsFault({ grid, stack, service: name, instances: Math.max(1, instances) });
  if (fault !== null) context.report.error(key, fault);
  warnOfInterval(section);
  const borrowings = readVolumesFrom(section, context.names);
  const dependencies = [
    ...readDependencies(section, stack),
    ...borrowings.map(({ value: { service }, path }) =>
      dependencyAt(section, { stack, service }, path),
    ),
  ];
  const bundler = createBundler(context.sources);
  const volumesFrom = borrowings.map((one) => one.value);
  const spec = readSpec(section, {
    injected: injectedVariables(name, context),
    mounts: { ...context.mounts, bundler },
    volumesFrom,
  });
  const files = bundler.files();
  const stateful = value.stateful ?? false;
  const service: Service = {
    stack,
    name,
    instances,
    stateful,
    affinity: parseEach(section, 'affinity', value.affinity, parseAffinity).map((a) => a.value),
    strategy: value.deploy?.strategy ?? 'ha',
    minHealth: value.deploy?.min_health ?? defaultMinHealth,
    ...(volumesFrom.length === 0 ? {} : { beside: besideOf(stack, volumesFrom) }),
    dependsOn: [...new Set(dependencies.map((d) => d.path))].toSorted(),
    spec,
    ...(files === null ? {} : { files }),
    // Where its data is kept depends on it, so a container of the other kind is another container.
    specHash: shortDigest(stateful ? { ...spec, stateful } : spec),
    position: { file: key.file, line: key.line, column: key.column },
  };
  return { service, dependencies };
}

/** Kontena's variables that are the same for all instances; the agent adds those that are not. */
function injectedVariables(
  name: string,
  { grid, stack }: ServiceContext,
): Readonly<Record<string, string>> {
  return {
    KONTENA_GRID_NAME: grid,
    KONTENA_PLATFORM_NAME: grid,
    KONTENA_SERVICE_ID: `${grid}/${servicePath({ stack, service: name })}`,
    KONTENA_SERVICE_NAME: name,
    KONTENA_STACK_NAME: stack,
  };
}

function warnOfInterval(section: Section<ServiceEntry>): void {
  const path = ['deploy', 'interval'];
  const interval = section.value.deploy?.interval;
  if (parseAt(section, path, interval, parseDuration) === null) return;
  const message = '"interval" is not acted on yet: the service is deployed when it changes';
  section.report.warn(locate(section.node, path), { code: 'not-supported-yet', message });
}

/** `links` and `depends_on` alike say what has to be ready first. */
function readDependencies(section: Section<ServiceEntry>, stack: string): readonly Dependency[] {
  const { node, report, value } = section;
  const parse = (text: string) => parseLink(text, stack);
  const links = parseEach(section, 'links', value.links, parse);
  for (const { value: link, path } of links) {
    if (link.alias === null || link.alias === link.service) continue;
    const message = `the alias ${quote(link.alias)} is not a name that containers can use`;
    const hint = `Use ${quote(link.stack === stack ? link.service : `${link.service}.${link.stack}`)} in the service's configuration.`;
    report.warn(locate(node, path), { code: 'no-effect', message, hint });
  }
  return [...links, ...readDependsOn(section, parse)].map(({ value: link, path }) =>
    dependencyAt(section, link, path),
  );
}

function dependencyAt(
  { node }: Section<ServiceEntry>,
  target: { readonly stack: string; readonly service: string },
  path: TreePath,
): Dependency {
  const { file, line, column } = locateKey(node, path);
  return { path: servicePath(target), stack: target.stack, at: { file, line, column } };
}

function readDependsOn(
  section: Section<ServiceEntry>,
  parse: (text: string) => ReturnType<typeof parseLink>,
): readonly { readonly value: { stack: string; service: string }; readonly path: TreePath }[] {
  const written = section.value.depends_on ?? [];
  if (isList(written)) return parseEach(section, 'depends_on', written, parse);
  return Object.keys(written).flatMap((name) => {
    const parsed = parse(name);
    const path = ['depends_on', name];
    if (parsed.fault === undefined) return [{ value: parsed.value, path }];
    section.report.error(locateKey(section.node, path), parsed.fault);
    return [];
  });
}

// Array.isArray does not narrow readonly arrays.
function isList(written: NonNullable<ServiceEntry['depends_on']>): written is readonly string[] {
  return Array.isArray(written);
}
