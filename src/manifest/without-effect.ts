import { quote } from './quote.ts';
import type { Fault } from './report.ts';
import type { Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate, locateKey, type TreePath } from './tree.ts';

/**
 * Says what of a Compose file has no effect here, and what happens instead: a file that Compose takes shall run, and nobody
 * shall be surprised by how.
 */
export function warnOfNoEffect(section: Section<ServiceEntry>, name: string, isJob: boolean): void {
  const { value, node, report } = section;
  for (const [path, message, hint] of [
    ...ofContainers(value, name),
    ...ofWorking(value),
    ...ofBuilding(value),
    ...ofDeploy(value.deploy ?? {}),
    ...ofDependencies(value.depends_on ?? []),
  ]) {
    const fault: Fault = { code: 'no-effect', message, ...(hint === undefined ? {} : { hint }) };
    report.warn(locateKey(node, path), fault);
  }
  if (isJob) checkRepeat(section);
  else checkRestart(section);
  checkPull(section);
}

type Remark = readonly [path: TreePath, message: string, hint?: string];
type Deploy = NonNullable<ServiceEntry['deploy']>;

function ofContainers({ container_name }: ServiceEntry, name: string): readonly Remark[] {
  if (container_name === undefined) return [];
  const message = `no container is called ${quote(container_name)}: containers are "<stack>.<service>-<n>"`;
  const hint =
    container_name === name
      ? 'In the grid it is found by that name all the same: the service is called so.'
      : `To be found by that name, write "networks: {default: {aliases: [${container_name}]}}".`;
  return [[['container_name'], message, hint]];
}

/** What is for somebody at a terminal. */
function ofWorking({ attach, develop, ports = [] }: ServiceEntry): readonly Remark[] {
  const ingress = ports.findIndex((port) => typeof port !== 'string' && port.mode === 'ingress');
  const hinted = ports.findIndex(
    (port) => typeof port !== 'string' && port.app_protocol !== undefined,
  );
  const remarks: readonly (readonly [boolean, Remark])[] = [
    [
      hinted !== -1,
      [
        ['ports', hinted, 'app_protocol'],
        '"app_protocol" has no effect: nothing here looks into what goes through a port',
      ],
    ],
    [
      attach !== undefined,
      [['attach'], '"attach" is for "docker compose up"; it has no effect here'],
    ],
    [
      develop !== undefined,
      [['develop'], '"develop" is for "docker compose watch"; it has no effect here'],
    ],
    [
      ingress !== -1,
      [
        ['ports', ingress, 'mode'],
        '"ingress" has no effect: a port is published on the nodes that have an instance, and on no others',
        'Write "mode: host".',
      ],
    ],
  ];
  return remarks.flatMap(([is, remark]) => (is ? [remark] : []));
}

/** What is beside `build` is for `gridops build`, as `build` is. */
function ofBuilding({ build, dockerfile, hooks }: ServiceEntry): readonly Remark[] {
  if (build !== undefined) return [];
  const hint = 'Say what is built: "build: FOLDER".';
  const remarks: readonly (readonly [unknown, TreePath])[] = [
    [dockerfile, ['dockerfile']],
    [hooks?.pre_build, ['hooks', 'pre_build']],
  ];
  return remarks.flatMap(([value, path]): readonly Remark[] => {
    const message = `${quote(String(path.at(-1)))} has no effect: without "build" gridops build builds nothing`;
    return value === undefined ? [] : [[path, message, hint]];
  });
}

const deployRemarks: readonly Remark[] = [
  [
    ['resources', 'reservations', 'cpus'],
    '"cpus" has no effect here: CPU time is not set aside for anyone',
    'Write "cpu_shares" to say who gets more when CPUs are short.',
  ],
  [
    ['placement', 'preferences'],
    '"preferences" has no effect: the strategy "ha" spreads by itself',
  ],
  [
    ['update_config', 'parallelism'],
    '"parallelism" has no effect: "min_health" says how many may be replaced at a time',
    'Write "deploy: {min_health: …}", a share from 0 to 1.',
  ],
  [
    ['update_config', 'delay'],
    '"delay" has no effect: the next instance follows when one is ready',
  ],
  [['update_config', 'monitor'], '"monitor" has no effect: an instance counts when it is ready'],
  [
    ['update_config', 'max_failure_ratio'],
    '"max_failure_ratio" has no effect: the first failure stops a rollout',
  ],
  [
    ['rollback_config'],
    '"rollback_config" has no effect: a rollback is carried out like any other rollout',
    'Write "deploy: {on_failure: rollback}" to have one when a new version fails.',
  ],
  [
    ['labels'],
    '"labels" has no effect here: there is no Swarm service that could carry them',
    'Write them below "labels" of the service to have them on its containers.',
  ],
];

function ofDeploy(deploy: Deploy): readonly Remark[] {
  const { update_config: update, endpoint_mode } = deploy;
  const remarks = deployRemarks.filter(([path]) => isThere(deploy, path));
  const more: Remark[] = [];
  if (update?.failure_action === 'continue') {
    const message =
      '"failure_action: continue" has no effect: a rollout that fails stops and leaves the rest as it was';
    more.push([['update_config', 'failure_action'], message]);
  }
  if (update?.order === 'stop-first')
    more.push([
      ['update_config', 'order'],
      '"order: stop-first" has no effect: ports and volumes decide which goes first',
    ]);
  if (endpoint_mode === 'vip')
    more.push([
      ['endpoint_mode'],
      '"endpoint_mode: vip" has no effect: a name has the addresses of all instances',
    ]);
  return [...remarks, ...more].map(([path, ...words]) => [['deploy', ...path], ...words]);
}

function isThere(deploy: Deploy, path: TreePath): boolean {
  let value: unknown = deploy;
  for (const key of path)
    value =
      typeof value === 'object' && value !== null
        ? (value as Readonly<Record<string, unknown>>)[String(key)]
        : undefined;
  return value !== undefined;
}

function ofDependencies(written: NonNullable<ServiceEntry['depends_on']>): readonly Remark[] {
  if (Array.isArray(written)) return [];
  const entries = Object.entries(written as Exclude<typeof written, readonly string[]>);
  return entries.flatMap(([name, { restart }]): readonly Remark[] => {
    if (restart !== true) return [];
    const message = `"restart: true" has no effect: a new ${quote(name)} does not restart the services that use it`;
    return [[['depends_on', name, 'restart'], message]];
  });
}

/** Agents start again what exits, whatever its code: that is what keeps an instance there. */
function checkRestart({ value, node, report }: Section<ServiceEntry>): void {
  const policy = value.deploy?.restart_policy;
  const places = [
    { path: ['restart'], text: value.restart?.replace(/:.*/, '') },
    { path: ['deploy', 'restart_policy', 'condition'], text: policy?.condition },
  ];
  for (const { path, text } of places) {
    if (text === 'no' || text === 'false' || text === 'none')
      report.error(locate(node, path), never);
    if (text === 'on-failure') report.warn(locate(node, path), onFailure);
  }
  for (const key of ['delay', 'max_attempts', 'window'] as const) {
    if (policy?.[key] === undefined) continue;
    const message = `${quote(key)} has no effect: agents try again with growing pauses, and never give up`;
    report.warn(locateKey(node, ['deploy', 'restart_policy', key]), { code: 'no-effect', message });
  }
}

/** A job's run is not started again, and repeated only as often as somebody says. */
function checkRepeat({ value, node, report }: Section<ServiceEntry>): void {
  const { restart, deploy, job } = value;
  const policy = deploy?.restart_policy;
  const isCounted = job?.retries === undefined;
  const forever = ['always', 'unless-stopped', 'on-failure'];
  if (forever.includes(restart ?? '') || (restart?.startsWith('on-failure') && !isCounted))
    report.warn(locate(node, ['restart']), notAgain);
  const condition = policy?.condition;
  const isRepeated = condition === 'on-failure' && policy?.max_attempts !== undefined && isCounted;
  if (condition !== undefined && condition !== 'none' && !isRepeated)
    report.warn(locate(node, ['deploy', 'restart_policy', 'condition']), notAgain);
  for (const key of ['delay', 'window'] as const) {
    if (policy?.[key] === undefined) continue;
    const message = `${quote(key)} has no effect: a run that failed is repeated with growing pauses`;
    report.warn(locateKey(node, ['deploy', 'restart_policy', key]), { code: 'no-effect', message });
  }
}

const notAgain: Fault = {
  code: 'no-effect',
  message: 'this has no effect: the service is a job, which is not started again when it has ended',
  hint: 'Write "job: {retries: 3}" to have a run that failed repeated.',
};

const never: Fault = {
  code: 'not-possible',
  message: 'a service cannot stay down: an instance whose container exits is started again',
  hint: 'Leave this out for what has to keep running. What runs once and ends is a job: write "job: {run: on-deploy}", or "job: {schedule: …}".',
};

const onFailure: Fault = {
  code: 'no-effect',
  message: '"on-failure" is taken for "always": what exits with code 0 is started again as well',
  hint: 'Write "always" for what has to keep running. What runs once and ends is a job: write "job: {run: on-deploy}".',
};

function checkPull({ value, node, report }: Section<ServiceEntry>): void {
  const policy = value.pull_policy ?? 'missing';
  if (policy === 'missing' || policy === 'if_not_present') return;
  const at = locate(node, ['pull_policy']);
  if (policy === 'build') {
    const message = 'images are not built on nodes';
    const hint = 'Take it out, and run "gridops build" before the commit is pushed.';
    report.error(at, { code: 'not-possible', message, hint });
  } else if (policy === 'never') {
    const message = '"never" is taken for "missing": a node pulls an image that it does not have';
    report.warn(at, { code: 'no-effect', message });
  } else {
    const message = `${quote(policy)} is taken for "missing": a tag that has moved is not noticed`;
    const hint =
      'Give each image a tag of its own, or write its digest: then a commit is a deploy.';
    report.warn(at, { code: 'no-effect', message, hint });
  }
}
