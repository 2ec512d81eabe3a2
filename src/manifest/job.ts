import type { Strategy } from '../model/grid.ts';
import { type Job, jobBounds } from '../model/job.ts';
import { parseDuration } from './durations.ts';
import type { JobEntry } from './job-schema.ts';
import { quote } from './quote.ts';
import type { Fault } from './report.ts';
import { parseCron, parseTimeZone } from './schedule.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate, locateKey, type MapNode, type TreePath, valueAt } from './tree.ts';

/** Names of the services that others wait for to complete. In Compose that is what makes a job of one. */
export function completedServices(
  services: readonly { readonly node: MapNode }[],
): readonly string[] {
  const names = services.flatMap(({ node }) => {
    const dependencies = valueAt(node, 'depends_on');
    if (dependencies?.kind !== 'map') return [];
    return [...dependencies.entries].flatMap(([name, { value }]) =>
      value.kind === 'map' && isCompletion(value) ? [name] : [],
    );
  });
  return [...new Set(names)];
}

/** A service as a job; `null`: it is none. `isAwaited`: others wait for it to complete. */
export function readJob(
  section: Section<ServiceEntry>,
  { isAwaited, strategy }: { readonly isAwaited: boolean; readonly strategy: Strategy },
): Job | null {
  const written = section.value.job;
  if (written === undefined && !isAwaited) return null;
  checkSense(section, strategy);
  checkKind(section, written ?? { run: 'on-deploy' }, isAwaited);
  const rules = {
    timeout: parseAt(section, ['job', 'timeout'], written?.timeout, parseDuration),
    retries: written?.retries ?? retriesOf(section),
    history: written?.history ?? defaults.history,
  };
  if (written?.schedule === undefined) return { kind: 'on-deploy', ...rules };
  return {
    kind: 'schedule',
    schedule: parseAt(section, ['job', 'schedule'], written.schedule, parseCron) ?? '',
    timeZone:
      parseAt(section, ['job', 'timezone'], written.timezone, parseTimeZone) ?? defaults.timeZone,
    startWithin: startWithin(section, written),
    ...rules,
  };
}

const defaults = { timeZone: 'UTC', startWithin: 3_600, history: 10 } as const;
/** Seconds. Nothing starts on the dot: with less, a node that is busy would miss runs. */
const MIN_START_WITHIN = 10;

function isCompletion(dependency: MapNode): boolean {
  const condition = valueAt(dependency, 'condition');
  return condition?.kind === 'scalar' && condition.text === 'service_completed_successfully';
}

function checkKind(section: Section<ServiceEntry>, job: JobEntry, isAwaited: boolean): void {
  const { node, report } = section;
  if (job.schedule === undefined && job.run === undefined)
    report.error(locateKey(node, ['job']), withoutKind);
  if (job.schedule !== undefined && job.run !== undefined)
    report.error(locateKey(node, ['job', 'run']), twoKinds);
  if (job.schedule !== undefined && isAwaited)
    report.error(locateKey(node, ['job', 'schedule']), neverComplete);
  for (const key of ['timezone', 'start_within'] as const)
    if (job.schedule === undefined && job[key] !== undefined)
      report.error(locateKey(node, ['job', key]), {
        code: 'conflicting-keys',
        message: `${quote(key)} is about a schedule, and the job has none`,
      });
}

/** Keys that are about containers which stay up. */
const serving: readonly TreePath[] = [
  ['health_check'],
  ['deploy', 'wait_for_port'],
  ['deploy', 'min_health'],
  ['deploy', 'interval'],
  ['deploy', 'on_failure'],
  ['hooks', 'pre_start'],
  ['hooks', 'post_start'],
  ['hooks', 'pre_stop'],
  ['post_start'],
  ['pre_stop'],
];

function checkSense({ value, node, report }: Section<ServiceEntry>, strategy: Strategy): void {
  const { deploy, hooks, instances, healthcheck } = value;
  const all: Readonly<Record<string, unknown>> = { ...value, ...deploy, ...hooks };
  const wrong = serving.filter((path) => all[String(path.at(-1))] !== undefined);
  const hasCheck = healthcheck !== undefined && healthcheck.disable !== true;
  for (const path of hasCheck ? [...wrong, ['healthcheck']] : wrong)
    report.error(locateKey(node, path), {
      code: 'conflicting-keys',
      message: `${quote(String(path.at(-1)))} is about containers that stay up; this service is a job`,
      hint: 'Take it out. A job is ready when it has ended with exit code 0.',
    });
  if ((instances ?? deploy?.replicas ?? 1) > 1)
    report.error(
      locate(node, instances === undefined ? ['deploy', 'replicas'] : ['instances']),
      onlyOne,
    );
  if (strategy === 'daemon')
    report.error(
      locateKey(node, ['deploy', deploy?.strategy === undefined ? 'mode' : 'strategy']),
      onlyOne,
    );
}

/** What Compose has for it: `restart: on-failure:3`, or a restart policy with a number. */
function retriesOf({ value, node, report }: Section<ServiceEntry>): number {
  const [, written] = /^on-failure:(\d+)$/.exec(value.restart ?? '') ?? [];
  const policy = value.deploy?.restart_policy;
  const ofPolicy = policy?.condition === 'on-failure' ? policy.max_attempts : undefined;
  const retries = written === undefined ? (ofPolicy ?? 0) : Number(written);
  if (retries <= jobBounds.retries) return retries;
  const path = written === undefined ? ['deploy', 'restart_policy', 'max_attempts'] : ['restart'];
  report.error(locate(node, path), {
    code: 'wrong-value',
    message: `a run of a job is repeated ${jobBounds.retries} times at most`,
  });
  return 0;
}

function startWithin(section: Section<ServiceEntry>, { start_within }: JobEntry): number {
  const path = ['job', 'start_within'];
  const seconds = parseAt(section, path, start_within, parseDuration) ?? defaults.startWithin;
  if (seconds >= MIN_START_WITHIN) return seconds;
  section.report.error(locate(section.node, path), {
    code: 'wrong-value',
    message: `a run may be late by ${MIN_START_WITHIN} s at least: nothing starts on the dot`,
  });
  return defaults.startWithin;
}

const withoutKind: Fault = {
  code: 'missing-key',
  message: 'nothing says when the job runs',
  hint: 'Write "schedule", such as "0 3 * * *", or "run: on-deploy".',
};

const twoKinds: Fault = {
  code: 'conflicting-keys',
  message: 'a job runs by a schedule or with deploys, not both',
  hint: 'Write two services, one of which extends the other.',
};

const neverComplete: Fault = {
  code: 'conflicting-keys',
  message: 'another service waits for this one to complete, and a schedule never does',
  hint: 'Write "run: on-deploy", or wait for "service_started".',
};

const onlyOne: Fault = {
  code: 'conflicting-keys',
  message: 'a job has one instance: each run is on one node',
  hint: 'Take it out. "instances: 0" switches the job off.',
};
