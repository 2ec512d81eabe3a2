import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/model/job.ts';
import type { Problem } from '../../src/model/problem.ts';
import { brief, compileService, compileStackFile, theProblem, theService } from './source-tree.ts';

function told({ problems }: { readonly problems: readonly Problem[] }): readonly string[] {
  return problems.map(brief);
}

function jobOf(lines: string): Job | undefined {
  const compiled = compileService(lines);
  expect(told(compiled)).toEqual([]);
  return theService(compiled).job;
}

const rules = { timeout: null, retries: 0, history: 10 };

describe('a job', () => {
  test('runs by a schedule, in UTC unless more is said', () => {
    expect(jobOf('job: {schedule: "0 3 * * *"}')).toEqual({
      kind: 'schedule',
      schedule: '0 3 * * *',
      timeZone: 'UTC',
      startWithin: 3_600,
      ...rules,
    });
  });

  test('has a time zone, a limit, repetitions and a memory', () => {
    const lines =
      'job: {schedule: "*/5 * * * *", timezone: Europe/Berlin, start_within: 10m, concurrency: forbid, timeout: 2h, retries: 3, history: 50}';

    expect(jobOf(lines)).toEqual({
      kind: 'schedule',
      schedule: '*/5 * * * *',
      timeZone: 'Europe/Berlin',
      startWithin: 600,
      timeout: 7_200,
      retries: 3,
      history: 50,
    });
  });

  test('runs with deploys', () => {
    expect(jobOf('job: {run: on-deploy}')).toEqual({ kind: 'on-deploy', ...rules });
  });

  test('can be switched off', () => {
    expect(theService(compileService('job: {run: on-deploy}\ninstances: 0')).instances).toBe(0);
  });

  test('is another container than the service was, and stays the same when it runs at other times', () => {
    const hashOf = (lines: string): string => theService(compileService(lines)).specHash;

    const hashes = [
      hashOf('stop_grace_period: 10s'),
      hashOf('job: {run: on-deploy}'),
      hashOf('job: {schedule: "0 3 * * *"}'),
    ];

    expect(new Set(hashes).size).toBe(3);
    expect(hashOf('job: {schedule: "0 4 * * *", retries: 1}')).toBe(hashes[2]);
  });

  test.each([
    ['job: {}', 'error missing-key 4:5'],
    ['job: {timeout: 1m}', 'error missing-key 4:5'],
    ['job: {schedule: "0 3 * * *", run: on-deploy}', 'error conflicting-keys 4:34'],
    ['job: {schedule: "61 3 * * *"}', 'error bad-schedule 4:21'],
    ['job: {schedule: "0 3 * * *", timezone: Europe/Berlni}', 'error bad-schedule 4:44'],
    ['job: {run: on-deploy, timezone: UTC}', 'error conflicting-keys 4:27'],
    ['job: {run: on-deploy, start_within: 1h}', 'error conflicting-keys 4:27'],
    ['job: {schedule: "0 3 * * *", start_within: 5s}', 'error wrong-value 4:48'],
    ['job: {run: daily}', 'error wrong-value 4:16'],
    ['job: {run: on-deploy, concurrency: allow}', 'error wrong-value 4:40'],
    ['job: {run: on-deploy, concurrency: replace}', 'error wrong-value 4:40'],
    ['job: {run: on-deploy, retries: 101}', 'error wrong-value 4:36'],
    ['job: {run: on-deploy, history: 0}', 'error wrong-value 4:36'],
    ['job: {run: on-deploy, timeout: soon}', 'error bad-duration 4:36'],
    ['instances: 2\njob: {run: on-deploy}', 'error conflicting-keys 4:16'],
    ['deploy: {strategy: daemon}\njob: {run: on-deploy}', 'error conflicting-keys 4:14'],
    ['deploy: {mode: global}\njob: {run: on-deploy}', 'error conflicting-keys 4:14'],
    ['deploy: {wait_for_port: 80}\njob: {run: on-deploy}', 'error conflicting-keys 4:14'],
    ['deploy: {min_health: 0.5}\njob: {run: on-deploy}', 'error conflicting-keys 4:14'],
    ['deploy: {interval: 1d}\njob: {run: on-deploy}', 'error conflicting-keys 4:14'],
    ['deploy: {interval: 1d}\njob: {schedule: "0 3 * * *"}', 'error conflicting-keys 4:14'],
    ['deploy: {on_failure: rollback}\njob: {run: on-deploy}', 'error conflicting-keys 4:14'],
    ['healthcheck: {test: [CMD, "true"]}\njob: {run: on-deploy}', 'error conflicting-keys 4:5'],
    [
      'health_check: {protocol: tcp, port: 80}\njob: {run: on-deploy}',
      'error conflicting-keys 4:5',
    ],
    [
      'hooks: {pre_start: [{name: a, cmd: b}]}\njob: {run: on-deploy}',
      'error conflicting-keys 4:13',
    ],
    ['pre_stop: [{command: a}]\njob: {run: on-deploy}', 'error conflicting-keys 4:5'],
    ['restart: on-failure:101\njob: {run: on-deploy}', 'error wrong-value 4:14'],
    ['restart: always\njob: {run: on-deploy}', 'warning no-effect 4:14'],
    ['restart: on-failure\njob: {run: on-deploy}', 'warning no-effect 4:14'],
    ['restart: on-failure:3\njob: {run: on-deploy, retries: 1}', 'warning no-effect 4:14'],
    ['deploy: {restart_policy: {condition: any}}\njob: {run: on-deploy}', 'warning no-effect 4:42'],
  ])('is refused or told of at its place: %s', (lines, expected) => {
    expect(told(compileService(lines))).toEqual([expected]);
  });

  test.each([
    'restart: "no"\njob: {run: on-deploy}',
    'deploy: {restart_policy: {condition: none}}\njob: {run: on-deploy}',
    'healthcheck: {disable: true}\njob: {run: on-deploy}',
  ])('has nothing against %j', (lines) => {
    expect(told(compileService(lines))).toEqual([]);
  });

  test.each([
    ['restart: on-failure:3', 3],
    ['deploy: {restart_policy: {condition: on-failure, max_attempts: 2}}', 2],
  ])('is repeated as Compose says it: %s', (lines, retries) => {
    expect(jobOf(`${lines}\njob: {run: on-deploy}`)).toMatchObject({ retries });
  });

  test('is hinted at where something shall not be started again', () => {
    expect(theProblem(compileService('restart: "no"')).hint).toContain('job: {run: on-deploy}');
  });

  test('lends no volumes', () => {
    const compiled = compileStackFile(`services:
  store: {image: a, job: {run: on-deploy}}
  web: {image: a, volumes_from: [store]}
`);

    expect(told(compiled)).toEqual(['error bad-volumes-from 3:34']);
  });
});

describe('a service that another one waits for to complete', () => {
  const stack = (migrate: string, condition = 'service_completed_successfully') => `services:
  migrate: {image: a${migrate}}
  web:
    image: a
    depends_on: {migrate: {condition: ${condition}}}
`;
  const kinds = (text: string) =>
    compileStackFile(text).stacks[0]?.services.map(({ name, job }) => [name, job?.kind]);

  test('is a job of deploys', () => {
    expect(kinds(stack(', restart: "no"'))).toEqual([
      ['migrate', 'on-deploy'],
      ['web', undefined],
    ]);
    expect(kinds(stack('', 'service_started'))).toEqual([
      ['migrate', undefined],
      ['web', undefined],
    ]);
  });

  test('may say more of it', () => {
    const text = stack(', job: {run: on-deploy, timeout: 1m}');

    expect(compileStackFile(text).stacks[0]?.services[0]?.job).toMatchObject({ timeout: 60 });
  });

  test('cannot run by a schedule', () => {
    expect(told(compileStackFile(stack(', job: {schedule: "0 3 * * *"}')))).toEqual([
      'error conflicting-keys 2:29',
    ]);
  });

  test('has to be of the same stack', () => {
    const compiled = compileStackFile(`services:
  web:
    image: a
    depends_on: {other/migrate: {condition: service_completed_successfully}}
`);

    expect(told(compiled)).toContain('error not-possible 4:45');
  });
});
