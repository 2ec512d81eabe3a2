import fc from 'fast-check';
import type { DesiredState } from '../../src/model/desired.ts';
import type { Affinity, Service } from '../../src/model/grid.ts';
import type { Job, ObservedJob } from '../../src/model/job.ts';
import type { ObservedNode, ObservedState } from '../../src/model/observed.ts';
import {
  aContainer,
  aFailure,
  aGrid,
  aNode,
  anAffinity,
  anAttempt,
  aPort,
  aService,
  aSpec,
  aTakenPort,
  aVolumeMount,
  desiring,
  NOW,
  someFacts,
} from '../support/builders.ts';

/** Small worlds with everything in them that decides anything: few names, so that things meet. */

export const SPECS = ['spec-a', 'spec-b', 'spec-c'] as const;

const rule: fc.Arbitrary<Affinity> = fc
  .constantFrom(
    'label==ssd',
    'label!=ssd',
    'label==~ssd',
    'label!=~az=1',
    'node!=n2',
    'node==/^n[0-3]$/',
    'node==~n%s',
  )
  .map(anAffinity);

const relation: fc.Arbitrary<Affinity> = fc
  .constantFrom('service!=web', 'service==~api', 'service!=/.*\\/db/', 'container!=~shop.web-1')
  .map(anAffinity);

const spec = fc.record({
  ports: fc.constantFrom([], [], [aPort(80)], [aPort(443)]),
  memory: fc.constantFrom(null, null, 1_000, 3_000),
  cpus: fc.constantFrom(null, null, 2, 8),
  mounts: fc.constantFrom([], [], [], [aVolumeMount()], [aVolumeMount({ scope: 'stack' })]),
});

const hostReport = fc.record({
  ports: fc.constantFrom([], [], [aTakenPort(80)], [aTakenPort(443, { protocol: 'udp' })]),
  volumes: fc.subarray(['shop.web.data-1', 'shop.web.data-2', 'shop.api.data-1', 'blog.db.data-1']),
});

interface ServiceOptions {
  readonly relations?: boolean;
  readonly strategies?: readonly Service['strategy'][];
  readonly demanding?: boolean;
  /** Services may be jobs. */
  readonly jobs?: boolean;
}

const jobRules = { timeout: null, retries: 0, history: 10 } as const;
const job: fc.Arbitrary<Job> = fc.constantFrom<Job[]>(
  { kind: 'on-deploy', ...jobRules },
  {
    kind: 'schedule',
    schedule: '0 3 * * *',
    timeZone: 'UTC',
    startWithin: 3_600,
    ...jobRules,
  },
);

export function services(options: ServiceOptions = {}): fc.Arbitrary<readonly Service[]> {
  const rules = options.relations === true ? fc.oneof(rule, relation) : rule;
  const service = fc
    .record({
      stack: fc.constantFrom('blog', 'shop'),
      name: fc.constantFrom('api', 'db', 'web'),
      instances: fc.integer({ min: 0, max: 5 }),
      stateful: fc.constantFrom(false, false, false, true),
      affinity: options.demanding === false ? fc.constant([]) : fc.array(rules, { maxLength: 2 }),
      strategy: fc.constantFrom(
        ...(options.strategies ?? (['ha', 'ha', 'random', 'daemon'] as const)),
      ),
      minHealth: fc.constantFrom(0, 0.5, 0.8, 1),
      specHash: fc.constantFrom(...SPECS),
      dependsOn: fc.subarray(['blog/db', 'shop/db', 'shop/api', 'shop/gone']),
      spec: (options.demanding === false ? fc.constant({}) : spec).map(aSpec),
      job: options.jobs === true ? fc.option(job) : fc.constant(null),
    })
    .map(({ job: given, ...fields }) =>
      given !== null && fields.strategy !== 'daemon'
        ? aService({ ...fields, instances: Math.min(1, fields.instances), job: given })
        : aService({ ...fields, instances: fields.strategy === 'daemon' ? 1 : fields.instances }),
    );
  return fc.uniqueArray(service, {
    maxLength: 5,
    selector: ({ stack, name }) => `${stack}/${name}`,
  });
}

interface NodeOptions {
  readonly statuses?: readonly ObservedNode['status'][];
  readonly drains?: boolean;
  /** Instances may have failed. */
  readonly failures?: boolean;
  /** Instances may be jobs, and agents too old for them. */
  readonly jobs?: boolean;
}

export function nodes(options: NodeOptions = {}): fc.Arbitrary<readonly ObservedNode[]> {
  const node = fc
    .record({
      name: fc.constantFrom('n0', 'n1', 'n2', 'n3', 'n4', 'n5'),
      labels: fc.subarray(['ssd', 'az=1', 'ephemeral', 'region=eu']),
      memory: fc.constantFrom(2_000, 8_000),
      status: fc.constantFrom(...(options.statuses ?? (['online'] as const))),
      availability:
        options.drains === true
          ? fc.constantFrom('active', 'active', 'drain')
          : fc.constant('active'),
      age: fc.constantFrom(0, 20_000, 60_000, 300_000, 900_000),
      host: fc.option(hostReport),
      jobs: options.jobs === true ? fc.boolean() : fc.constant(false),
    })
    .map(({ labels, memory, age, host, jobs, ...fields }) =>
      aNode({
        ...fields,
        ...(host === null ? {} : { host }),
        availability: fields.availability,
        lastSeenAt: NOW - age,
        facts: someFacts({ labels, memory, ...(jobs ? { jobs } : {}) }),
      }),
    );
  return fc.uniqueArray(node, { minLength: 1, maxLength: 6, selector: ({ name }) => name });
}

const failures = [aFailure(), aFailure({ code: 'port-taken' })];

const container = fc.record({
  specHash: fc.constantFrom(...SPECS),
  ready: fc.boolean(),
  running: fc.boolean(),
});

const shownJob: fc.Arbitrary<ObservedJob> = fc.record({
  specHash: fc.constantFrom(...SPECS),
  succeeded: fc.boolean(),
  running: fc.constantFrom(null, { id: 'request/a', attempt: 1, startedAt: NOW }),
  nextAt: fc.constant(null),
  runs: fc.constant([]),
});

/** Nodes with instances scattered over them, some assigned, some not, some twice. */
export function observed(options: NodeOptions = {}): fc.Arbitrary<ObservedState> {
  const instance = fc.record({
    stack: fc.constantFrom('blog', 'shop', 'old'),
    service: fc.constantFrom('api', 'db', 'web'),
    number: fc.integer({ min: 1, max: 6 }),
    container: fc.option(container),
    attempt: fc.option(fc.constantFrom(...SPECS)),
    failure:
      options.failures === true ? fc.option(fc.constantFrom(...failures)) : fc.constant(null),
    assigned: fc.option(fc.constantFrom(...SPECS)),
    job: options.jobs === true ? fc.option(shownJob) : fc.constant(null),
  });
  const contents = fc.uniqueArray(instance, {
    maxLength: 6,
    selector: ({ stack, service, number }) => `${stack}/${service}-${number}`,
  });
  return fc
    .tuple(nodes(options), fc.array(contents, { minLength: 6, maxLength: 6 }))
    .map(([all, instances]) => ({
      nodes: all.map((node, at) => {
        const here = instances[at] ?? [];
        return {
          ...node,
          instances: here.map(
            ({ stack, service, number, container: found, attempt, failure, job: shown }) => ({
              stack,
              service,
              number,
              current:
                found === null || shown !== null
                  ? null
                  : aContainer({ id: `${node.name} ${stack}`, ...found }),
              attempt: attempt === null ? null : anAttempt({ specHash: attempt, failure }),
              ...(shown === null ? {} : { job: shown }),
            }),
          ),
          assigned: here.flatMap(({ stack, service, number, assigned: specHash }) =>
            specHash === null ? [] : [{ stack, service, number, specHash, stateful: false }],
          ),
        };
      }),
    }));
}

export function desired(options: ServiceOptions = {}): fc.Arbitrary<DesiredState> {
  return fc
    .tuple(
      services(options),
      fc.constantFrom([], ['label!=reserved']),
      fc.constantFrom([], ['blog']),
    )
    .map(([all, defaults, held]) =>
      desiring(all, {
        grid: aGrid({ pruneBudget: 1, defaultAffinity: defaults.map(anAffinity) }),
        held,
      }),
    );
}

/** The same state with its lists in another order. */
export function shuffled(state: ObservedState): fc.Arbitrary<ObservedState> {
  const whole = <T>(list: readonly T[]) =>
    fc.shuffledSubarray([...list], { minLength: list.length });
  const one = (node: ObservedNode) =>
    fc
      .tuple(whole(node.instances), whole(node.assigned))
      .map(([instances, assigned]) => ({ ...node, instances, assigned }));
  return fc
    .tuple(...state.nodes.map(one))
    .chain((all) => whole(all).map((some) => ({ nodes: some })));
}
