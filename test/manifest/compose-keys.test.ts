import { describe, expect, test } from 'vitest';
import { parseConstraint } from '../../src/manifest/placement.ts';
import {
  brief,
  codes,
  compileFiles,
  compileService,
  compileStackFile,
  theProblem,
  theService,
} from './source-tree.ts';

describe('a former spelling', () => {
  test.each([
    ['net: host', { networkMode: 'host' }],
    ['log_driver: syslog', { logging: { driver: 'syslog', options: {} } }],
    ['log_opts: {max-size: 1m}', { logging: { driver: '', options: { 'max-size': '1m' } } }],
    [
      'log_driver: fluentd\nlog_opt: {tag: web}',
      { logging: { driver: 'fluentd', options: { tag: 'web' } } },
    ],
    [
      'logging: {driver: fluentd}\nlog_opts: {tag: web}',
      { logging: { driver: 'fluentd', options: { tag: 'web' } } },
    ],
    ['mem_limit: 64m\nmem_swaplimit: 128m', { memorySwap: 134_217_728 }],
    [
      'deploy: {resources: {limits: {cpus: "0.5", memory: 64M, pids: 10}}}',
      { cpus: 0.5, memory: 67_108_864, extras: { pidsLimit: 10 } },
    ],
    [
      'deploy: {resources: {reservations: {memory: 32M, devices: [{capabilities: [gpu], count: 1}]}}}',
      {
        extras: {
          memoryReservation: 33_554_432,
          gpus: [{ driver: '', count: 1, ids: [], capabilities: ['gpu'], options: {} }],
        },
      },
    ],
    ['ports: [22:22]', { ports: [{ nodePort: 22, containerPort: 22 }] }],
    ['ports: ["80-81:90-91"]', { ports: [{ containerPort: 90 }, { containerPort: 91 }] }],
    [
      'ports: [{target: 80, published: 8080, host_ip: 127.0.0.1, protocol: udp, mode: host, name: web}]',
      { ports: [{ ip: '127.0.0.1', nodePort: 8080, containerPort: 80, protocol: 'udp' }] },
    ],
    ['mem_limit: 1.5g', { memory: 1_610_612_736 }],
    ['mem_limit: 67108864b', { memory: 67_108_864 }],
  ])('%s is understood', (lines, expected) => {
    expect(theService(compileService(lines)).spec).toMatchObject(expected);
  });

  test.each([
    ['scale: 3', { instances: 3 }],
    ['scale: 3\ninstances: 3', { instances: 3 }],
    ['deploy: {replicas: 2}', { instances: 2 }],
    ['deploy: {mode: global}', { strategy: 'daemon' }],
    ['deploy: {mode: replicated}', { strategy: 'ha' }],
    ['deploy: {mode: replicated, strategy: random}', { strategy: 'random' }],
    [
      'affinity: [label==ssd]\ndeploy: {placement: {constraints: [node.labels.az == eu, "node.hostname!=a"]}}',
      {
        affinity: [
          { key: 'label', negated: false, soft: false, value: 'ssd' },
          { key: 'label', negated: false, soft: false, value: 'az=eu' },
          { key: 'node', negated: true, soft: false, value: 'a' },
        ],
      },
    ],
  ])('%s places instances', (lines, expected) => {
    expect(theService(compileService(lines))).toMatchObject(expected);
  });

  test.each([
    ['net: host\nnetwork_mode: bridge', 'error conflicting-keys 4:10'],
    ['scale: 2\ninstances: 3', 'error conflicting-keys 4:12'],
    ['scale: 2\ndeploy: {replicas: 3}', 'error conflicting-keys 5:24'],
    ['cpus: 1\ndeploy: {resources: {limits: {cpus: 2}}}', 'error conflicting-keys 5:41'],
    ['deploy: {resources: {limits: {cpus: lots}}}', 'error wrong-type 4:41'],
    ['deploy: {resources: {limits: {cpus: 0.001}}}', 'error wrong-value 4:41'],
    ['deploy: {resources: {limits: {memory: 1m}}}', 'error bad-size 4:43'],
    ['deploy: {mode: global, strategy: ha}', 'error conflicting-keys 4:20'],
    ['deploy: {mode: global-job}', 'error wrong-value 4:20'],
    ['deploy: {placement: {constraints: [node.role==manager]}}', 'error bad-affinity 4:40'],
    ['deploy: text', 'error wrong-type 4:13'],
    ['deploy: {resources: text}', 'error wrong-type 4:25'],
  ])('%s is a problem where it is written', (lines, expected) => {
    expect(compileService(lines).problems.map(brief)).toEqual([expected]);
  });

  test('gives way to what the extending service says in another spelling', () => {
    const compiled = compileStackFile(
      'services:\n  base: {image: a, net: host, scale: 3}\n  web: {extends: base, network_mode: bridge, deploy: {replicas: 2}}\n',
    );
    expect(theService(compiled)).toMatchObject({ instances: 2, spec: { networkMode: 'bridge' } });
  });

  test.each(['node.labels.a==b', 'node.labels.a == b ', 'node.hostname != x'])(
    'of a constraint may have blanks: %j',
    (text) => expect(parseConstraint(text).fault).toBeUndefined(),
  );
});

describe('label files', () => {
  const files = {
    'grids/demo/stacks/shop/a.labels': '# team\ncom.example/team=shop\na=file\n',
    'grids/demo/stacks/shop/b.labels': 'a=other\nb=2\n',
    'grids/demo/stacks/shop/bad.labels': 'io.gridops.node=x\n',
  };
  const labels = (lines: string) => theService(compileService(lines, '', files)).spec.labels;

  test.each(['{a: written}', '[a=written]'])('are below what labels: %s says', (written) => {
    expect(labels(`label_file: [a.labels, b.labels]\nlabels: ${written}`)).toEqual({
      a: 'written',
      b: '2',
      'com.example/team': 'shop',
    });
  });

  test('are read by the rules of the file that names them', () => {
    const quoted = { 'grids/demo/stacks/shop/q.labels': 'a="one" # note\n' };
    expect(theService(compileService('label_file: q.labels', '', quoted)).spec.labels).toEqual({
      a: '"one" # note',
    });
    const compose = compileFiles({
      'grids/demo/stacks/shop/compose.yaml': 'services: {web: {image: web, label_file: q.labels}}',
      ...quoted,
    });
    expect(theService(compose).spec.labels).toEqual({ a: 'one' });
  });

  test('are read in their order', () => {
    expect(labels('label_file: [a.labels, b.labels]')).toMatchObject({ a: 'file' });
    expect(labels('label_file: ./b.labels')).toEqual({ a: 'other', b: '2' });
  });

  test.each([
    ['label_file: none.labels', 'error file-missing 4:17'],
    ['label_file: /etc/passwd', 'error bad-path 4:17'],
    ['label_file: {a: b}', 'error wrong-type 4:17'],
    ['label_file: bad.labels', 'error reserved-label 1:1'],
  ])('are problems at their place: %s', (lines, expected) => {
    expect(compileService(lines, '', files).problems.map(brief)).toEqual([expected]);
  });
});

describe('what has no effect', () => {
  test.each([
    ['container_name: web', '4:5'],
    ['pull_policy: always', '4:18'],
    ['pull_policy: every_12h', '4:18'],
    ['pull_policy: never', '4:18'],
    ['restart: on-failure:5', '4:14'],
    ['deploy: {restart_policy: {condition: on-failure}}', '4:42'],
    ['deploy: {restart_policy: {delay: 5s}}', '4:31'],
    ['deploy: {restart_policy: {max_attempts: 3}}', '4:31'],
    ['deploy: {update_config: {parallelism: 2}}', '4:30'],
    ['deploy: {update_config: {delay: 10s}}', '4:30'],
    ['deploy: {update_config: {failure_action: continue}}', '4:30'],
    ['deploy: {update_config: {order: stop-first}}', '4:30'],
    ['deploy: {rollback_config: {parallelism: 1}}', '4:14'],
    ['deploy: {endpoint_mode: vip}', '4:14'],
    ['deploy: {labels: {a: b}}', '4:14'],
    ['deploy: {placement: {preferences: [{spread: node.labels.zone}]}}', '4:26'],
    ['deploy: {resources: {reservations: {cpus: 0.5}}}', '4:41'],
  ])('%s is said to have none, and the service is deployed', (lines, place) => {
    const compiled = compileService(lines);

    expect(compiled.problems.map(brief)).toEqual([`warning no-effect ${place}`]);
    expect(compiled.failed).toEqual([]);
  });

  test.each(['restart: true', 'required: false'])('of depends_on is said: %s', (flag) => {
    const compiled = compileService(`depends_on: {db: {${flag}}}`, '  db: {image: db}\n');

    expect(compiled.problems.map(brief)).toEqual(['warning no-effect 4:23']);
  });
});

describe('what cannot be', () => {
  test.each([
    ['restart: no', '4:14'],
    ['restart: "no"', '4:14'],
    ['deploy: {restart_policy: {condition: none}}', '4:42'],
    ['pull_policy: build', '4:18'],
    ['isolation: process', '4:5'],
    ['credential_spec: {file: a}', '4:5'],
    ['use_api_socket: true', '4:5'],
    ['cpu_count: 2', '4:5'],
    ['cpu_percent: 50', '4:5'],
    ['models: [a]', '4:5'],
    ['provider: {type: a}', '4:5'],
    ['volume_driver: nfs', '4:5'],
    ['deploy: {placement: {max_replicas_per_node: 1}}', '4:26'],
    ['deploy: {resources: {limits: {generic_resources: []}}}', '4:35'],
  ])('%s is a problem with words of its own and a way out', (lines, place) => {
    const problem = theProblem(compileService(lines));

    expect(brief(problem)).toBe(`error not-possible ${place}`);
    expect(problem.hint).toMatch(/\.$/);
  });

  test('is not mistaken for a slip', () => {
    expect(codes(compileService('isolaton: a'))).toEqual(['unknown-key']);
  });
});
