import { shortDigest } from '../model/digest.ts';
import type { Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import type { Job } from '../model/job.ts';
import type { Position } from '../model/problem.ts';
import { createBundler } from './bundler.ts';
import { parseDuration } from './durations.ts';
import { readJob } from './job.ts';
import { readBalancing } from './load-balancing.ts';
import type { MountContext } from './mounts.ts';
import { dnsFault } from './names.ts';
import { readOnFailure } from './on-failure.ts';
import { readPlacement } from './placement.ts';
import type { Report } from './report.ts';
import { parseAt, type Section } from './section.ts';
import { type Dependency, dependencyAt, readLinks } from './service-links.ts';
import { ServiceEntry } from './service-schema.ts';
import { readSecretVariables, type SecretContext, secretSources } from './service-secrets.ts';
import type { Sources } from './sources.ts';
import { readSpec } from './spec.ts';
import { locate, type MapNode, type TreeNode, valueAt } from './tree.ts';
import { createSalvagingValidator } from './validate.ts';
import { besideOf, readVolumesFrom } from './volumes-from.ts';
import { warnOfNoEffect } from './without-effect.ts';

/** A service whose dependencies have not been looked for in the rest of the grid yet. */
export interface ServiceDraft {
  /** With `dependsOn` as if all of them existed. */
  readonly service: Service;
  readonly dependencies: readonly Dependency[];
  /** Where variables are written that mean something behind a load balancer only. `null`: nowhere. */
  readonly balancedAt: Position | null;
}

export interface ServiceContext {
  readonly grid: string;
  readonly stack: string;
  /** All services of the stack, by name. */
  readonly names: readonly string[];
  /** Those of them that are load balancers. */
  readonly balancers: readonly string[];
  /** The one that answers to the stack's name. */
  readonly exposed: string | null;
  /** Those that others wait for to complete. */
  readonly completed: readonly string[];
  readonly mounts: Omit<MountContext, 'bundler'>;
  readonly secrets: SecretContext;
  readonly sources: Sources;
  readonly report: Report;
}

/** Kontena's default (kontena.md 4.6). */
const defaultMinHealth = 0.8;

const leastInterval = 60;

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
  const { grid, stack, secrets: secretContext } = context;
  const instances = value.instances ?? 1;
  const fault = dnsFault({ grid, stack, service: name, instances: Math.max(1, instances) });
  if (fault !== null) context.report.error(key, fault);
  const interval = readInterval(section);
  const placement = readPlacement(section, context);
  const isAwaited = context.completed.includes(name);
  const job = readJob(section, { isAwaited, strategy: placement.strategy });
  warnOfNoEffect(section, name, job !== null);
  const borrowings = readVolumesFrom(section, context);
  const links = readLinks(section, context);
  const dependencies = [
    ...links.dependencies,
    ...borrowings.map(({ value: { service: lender }, path }) =>
      dependencyAt(section, { stack, service: lender }, path),
    ),
  ];
  const bundler = createBundler(context.sources);
  const volumesFrom = borrowings.map((one) => one.value);
  const written = readSpec(section, {
    injected: injectedVariables(name, context),
    secrets: readSecretVariables(section, secretContext),
    mounts: { ...context.mounts, bundler },
    volumesFrom,
    links: links.aliases,
    names: context.exposed === name ? [stack, `${stack}.${grid}.kontena.local`] : [],
  });
  const { spec, ...balancing } = readBalancing(section, written, {
    stack,
    isBalancer: context.balancers.includes(name),
    links: links.linked,
    balancers: context.balancers,
  });
  const files = bundler.files();
  const { book } = secretContext;
  const marked = [spec, balancing];
  const { value: secrets = null, fault: tooMany } = secretSources(marked, { grid, book });
  if (tooMany !== undefined) context.report.error(key, tooMany);
  const stateful = value.stateful ?? false;
  const onFailure = readOnFailure(section);
  const service: Service = {
    stack,
    name,
    instances,
    stateful,
    ...placement,
    minHealth: value.deploy?.min_health ?? defaultMinHealth,
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(volumesFrom.length === 0 ? {} : { beside: besideOf(stack, volumesFrom) }),
    dependsOn: [...new Set(dependencies.map((d) => d.path))].toSorted(),
    spec,
    ...(files === null ? {} : { files }),
    ...(secrets === null ? {} : { secrets }),
    ...balancing,
    ...(job === null ? {} : { job }),
    // Where its data is kept depends on it, so a container of the other kind is another container.
    // And what is a job is no container of a service, nor the other way round.
    specHash: shortDigest(stateful || job !== null ? { ...spec, ...kindOf(stateful, job) } : spec),
    ...(interval === null ? {} : { interval }),
    position: { file: key.file, line: key.line, column: key.column },
    ...(value.drift === undefined ? {} : { drift: value.drift }),
  };
  return { service, dependencies, balancedAt: balancedAt(node) };
}

function kindOf(stateful: boolean, job: Job | null) {
  return { ...(stateful ? { stateful } : {}), ...(job === null ? {} : { job: job.kind }) };
}

function balancedAt(node: MapNode): Position | null {
  const environment = valueAt(node, 'environment');
  if (environment?.kind !== 'map') return null;
  const found = [...environment.entries].find(([name]) => name.startsWith('KONTENA_LB_'));
  return found?.[1].key ?? null;
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

/** Seconds; `null`: it is deployed when it changes. */
function readInterval(section: Section<ServiceEntry>): number | null {
  const path = ['deploy', 'interval'];
  const interval = parseAt(section, path, section.value.deploy?.interval, parseDuration);
  if (interval === null) return null;
  if (interval < leastInterval) {
    const message = 'an interval of less than a minute would deploy without end';
    section.report.error(locate(section.node, path), { code: 'bad-duration', message });
    return null;
  }
  if (section.value.stateful !== true) return interval;
  const message = 'a stateful service is not deployed by itself: "interval" has no effect';
  section.report.warn(locate(section.node, path), { code: 'no-effect', message });
  return null;
}
