import { describe, expect, test } from 'vitest';
import { shortDigest } from '../../src/model/digest.ts';
import {
  brief,
  codes,
  compileService,
  compileStackFile,
  STACK_FILE,
  theProblem,
  theService,
} from './source-tree.ts';

describe('a spec hash', () => {
  const hashOf = (lines: string) => theService(compileService(lines)).specHash;

  test('differs when the service becomes stateful: its data is kept elsewhere then', () => {
    expect(hashOf('stateful: true')).not.toBe(hashOf(''));
    expect(hashOf('stateful: false')).toBe(hashOf(''));
  });

  test('is the same whatever becomes of its drift', () => {
    expect(hashOf('drift: report')).toBe(hashOf(''));
    expect(theService(compileService('drift: report')).drift).toBe('report');
    expect(theService(compileService('')).drift).toBeUndefined();
  });

  test('is the same for every spelling of a mount', () => {
    expect(hashOf('volumes: [/data/]')).toBe(hashOf('volumes: [/data]'));
    expect(hashOf('volumes: ["/srv//x:/data//in/"]')).toBe(hashOf('volumes: ["/srv//x:/data/in"]'));
  });
});

describe('a service', () => {
  test('with an image only has the defaults', () => {
    const service = theService(compileService(''));
    const spec = {
      image: 'web:1',
      command: null,
      entrypoint: null,
      env: {
        KONTENA_GRID_NAME: 'demo',
        KONTENA_PLATFORM_NAME: 'demo',
        KONTENA_SERVICE_ID: 'demo/shop/web',
        KONTENA_SERVICE_NAME: 'web',
        KONTENA_STACK_NAME: 'shop',
      },
      user: null,
      ports: [],
      mounts: [],
      networkMode: 'bridge',
      hostPid: false,
      privileged: false,
      readOnly: false,
      capAdd: [],
      capDrop: [],
      memory: null,
      memorySwap: null,
      shmSize: null,
      cpus: null,
      cpuShares: null,
      stopSignal: null,
      stopGracePeriod: 10,
      logging: null,
      waitForPort: null,
      healthCheck: null,
      labels: {},
    };
    expect(service).toEqual({
      stack: 'shop',
      name: 'web',
      instances: 1,
      stateful: false,
      affinity: [],
      strategy: 'ha',
      minHealth: 0.8,
      dependsOn: [],
      spec,
      specHash: shortDigest(spec),
      position: { file: STACK_FILE, line: 2, column: 3 },
    });
  });

  test.each([
    ['instances: 3', { instances: 3 }],
    ['instances: "3"', { instances: 3 }],
    ['instances: 0', { instances: 0 }],
    ['stateful: yes', { stateful: true }],
    ['stateful: no', { stateful: false }],
    ['stateful: On', { stateful: true }],
    [
      'deploy: {strategy: daemon, min_health: 1, wait_for_port: 80}',
      { strategy: 'daemon', minHealth: 1 },
    ],
    ['deploy: {on_failure: rollback}', { onFailure: 'rollback' }],
    ['deploy: {update_config: {failure_action: rollback}}', { onFailure: 'rollback' }],
    ['deploy: {update_config: {failure_action: pause}}', { onFailure: 'hold' }],
    [
      'affinity: [label!=reserved]',
      { affinity: [{ key: 'label', negated: true, soft: false, value: 'reserved' }] },
    ],
  ])('%s is understood', (lines, expected) => {
    expect(theService(compileService(lines))).toMatchObject(expected);
  });

  test.each([
    [
      'command: redis-server --appendonly yes',
      { command: ['redis-server', '--appendonly', 'yes'] },
    ],
    ['command: ["sh", "-c", "echo $$HOME"]', { command: ['sh', '-c', 'echo $HOME'] }],
    ['command: 300', { command: ['300'] }],
    ['command: []', { command: null }],
    ['command: ""', { command: null }],
    ['logging: {options: {a: b}}', { logging: { driver: '', options: { a: 'b' } } }],
    ['logging: {}', { logging: null }],
    ['entrypoint: /bin/sleep', { entrypoint: ['/bin/sleep'] }],
    ['entrypoint: [/bin/sh, -c]', { entrypoint: ['/bin/sh', '-c'] }],
    ['ports: ["443:443", 80:8080]', { ports: [{ nodePort: 80 }, { nodePort: 443 }] }],
    ['ports: [22:22]', { ports: [{ nodePort: 22, containerPort: 22 }] }],
    ['ports:', { ports: [] }],
    [
      'mem_limit: 512m\nmemswap_limit: 1g\nshm_size: 64m',
      { memory: 536_870_912, memorySwap: 1_073_741_824, shmSize: 67_108_864 },
    ],
    ['mem_limit: 6291456\nmemswap_limit: -1', { memory: 6_291_456, memorySwap: -1 }],
    ['cpus: 1\ncpu_shares: 512', { cpus: 1, cpuShares: 512 }],
    ['cpus: "0.5"', { cpus: 0.5 }],
    ['cpus: 0.01', { cpus: 0.01 }],
    ['user: 1000', { user: '1000' }],
    ['user: 1000:1000', { user: '1000:1000' }],
    [
      'privileged: true\nread_only: yes\npid: host',
      { privileged: true, readOnly: true, hostPid: true },
    ],
    ['cap_add: [net_admin, CAP_SYS_TIME, NET_ADMIN]', { capAdd: ['NET_ADMIN', 'SYS_TIME'] }],
    ['cap_drop: [ALL]', { capDrop: ['ALL'] }],
    ['network_mode: host', { networkMode: 'host' }],
    ['stop_signal: sigquit', { stopSignal: 'SIGQUIT' }],
    ['stop_signal: 9', { stopSignal: '9' }],
    ['stop_grace_period: 1m30s', { stopGracePeriod: 90 }],
    ['stop_grace_period: 0s', { stopGracePeriod: 0 }],
    [
      'logging: {driver: fluentd, options: {fluentd-address: "h:1", async: true}}',
      { logging: { driver: 'fluentd', options: { 'fluentd-address': 'h:1', async: 'true' } } },
    ],
    ['logging: {driver: syslog}', { logging: { driver: 'syslog', options: {} } }],
    ['labels: {a: 1, b: yes, c: }', { labels: { a: '1', b: 'yes', c: '' } }],
    ['labels: [a=1=2, b]', { labels: { a: '1=2', b: '' } }],
    ['deploy: {wait_for_port: 8080}', { waitForPort: 8080 }],
    [
      'health_check: {protocol: tcp, port: 80}',
      {
        healthCheck: {
          protocol: 'tcp',
          port: 80,
          uri: '/',
          timeout: 10,
          interval: 60,
          initialDelay: 10,
        },
      },
    ],
    [
      'health_check: {protocol: http, port: 80, uri: /health?a=b, timeout: 1, interval: 2, initial_delay: 0}',
      {
        healthCheck: {
          protocol: 'http',
          port: 80,
          uri: '/health?a=b',
          timeout: 1,
          interval: 2,
          initialDelay: 0,
        },
      },
    ],
    [
      'health_check: {protocol: http, port: 80, uri: /health?a=b, timeout: 1, interval: 2, initial_delay: 0, retries: 5}',
      {
        healthCheck: {
          protocol: 'http',
          port: 80,
          uri: '/health?a=b',
          timeout: 1,
          interval: 2,
          initialDelay: 0,
          retries: 5,
        },
      },
    ],
    [
      'volumes: [/z, /srv:/a:ro]',
      {
        mounts: [
          { kind: 'bind', target: '/a', readOnly: true },
          { kind: 'anonymous', target: '/z' },
        ],
      },
    ],
    ['x-note: {anything: [goes]}', {}],
  ])('%s becomes part of the spec', (lines, expected) => {
    expect(theService(compileService(lines)).spec).toMatchObject(expected);
  });

  test.each([
    ['imge: x', 'error unknown-key 4:5'],
    ['certificates: [{subject: a.example}]', 'error unknown-certificate 4:30'],
    ['secrets: [{secret: S, name: N, type: env}]', 'error unknown-secret 4:24'],
    ['deploy: {strategy: hi}', 'error wrong-value 4:24'],
    ['deploy: {min_health: 1.5}', 'error wrong-value 4:26'],
    ['deploy: {on_failure: retry}', 'error wrong-value 4:26'],
    [
      'deploy: {on_failure: hold, update_config: {failure_action: rollback}}',
      'error conflicting-keys 4:64',
    ],
    ['deploy: {interval: soon}', 'error bad-duration 4:24'],
    ['deploy: {interval: 30s}', 'error bad-duration 4:24'],
    ['instances: many', 'error wrong-type 4:16'],
    ['instances: -1', 'error wrong-value 4:16'],
    ['instances: 1.5', 'error wrong-type 4:16'],
    ['instances: 010', 'error wrong-type 4:16'],
    ['instances:', 'error wrong-type 4:15'],
    ['stateful: maybe', 'error wrong-type 4:15'],
    ['command: "it\'s"', 'error bad-command 4:14'],
    ['entrypoint: []', 'error bad-command 4:17'],
    ['entrypoint: ""', 'error bad-command 4:17'],
    ['command: {a: b}', 'error wrong-type 4:14'],
    ['ports: [80]', 'error bad-port 4:13'],
    ['ports: {a: 1}', 'error wrong-type 4:12'],
    ['ports: [{target: 80}]', 'error bad-port 4:13'],
    ['ports: ["80:1", "80:2"]', 'error duplicate-port 4:21'],
    ['network_mode: host\nports: ["80:80"]', 'warning no-effect 5:12'],
    ['network_mode: service:db', 'error not-supported-yet 4:19'],
    ['network_mode: none\nports: ["80:80"]', 'warning no-effect 5:12'],
    ['network_mode: none\ndeploy: {wait_for_port: 80}', 'error wrong-value 5:29'],
    ['pid: container', 'error wrong-value 4:10'],
    ['volumes: [/a, "/b:/a/"]', 'error duplicate-mount 4:19'],
    ['volumes: [data:/a]', 'error unknown-volume 4:15'],
    ['mem_limit: 5m', 'error bad-size 4:16'],
    ['mem_limit: lots', 'error bad-size 4:16'],
    ['memswap_limit: 1g', 'error bad-size 4:20'],
    ['mem_limit: 1g\nmemswap_limit: 512m', 'error bad-size 5:20'],
    ['cpus: 0', 'error wrong-value 4:11'],
    ['cpus: 0.009', 'error wrong-value 4:11'],
    ['cpu_shares: -1', 'error wrong-value 4:17'],
    ['affinity: [abc==dfg]', 'error bad-affinity 4:16'],
    ['cap_add: [net admin]', 'error wrong-value 4:15'],
    ['stop_signal: TERM', 'error wrong-value 4:18'],
    ['stop_grace_period: a while', 'error bad-duration 4:24'],
    ['labels: {io.kontena.stack.name: other}', 'error reserved-label 4:14'],
    ['labels: [io.gridops.node=other]', 'error reserved-label 4:14'],
    ['labels: [a=1, a=2]', 'error duplicate-key 4:19'],
    ['health_check: {protocol: http}', 'error missing-key 4:5'],
    ['health_check: {protocol: ftp, port: 1}', 'error wrong-value 4:30'],
    ['health_check: {protocol: http, port: 0}', 'error wrong-value 4:42'],
    ['health_check: {protocol: http, port: 1, uri: health}', 'error wrong-value 4:50'],
    ['health_check: {protocol: http, port: 1, interval: 5}', 'error bad-health-check 4:55'],
    ['health_check: {protocol: tcp, port: 1, uri: /a}', 'warning no-effect 4:49'],
    ['links: [db:database]\nx: y', 'error unknown-key 5:5'],
    ['environment: {KONTENA_STACK_NAME: mine}', 'warning no-effect 4:19'],
  ])('%s is a problem', (lines, expected) => {
    const compiled = compileService(lines, '  db: {image: db}');
    expect(compiled.problems.map(brief)).toContain(expected);
    const isError = compiled.problems.some((p) => p.severity === 'error');
    expect(compiled.failed).toEqual(isError ? ['shop'] : []);
    expect(compiled.stacks.map((s) => s.name)).toEqual(isError ? [] : ['shop']);
  });

  test.each(['instances:', 'links:\n  -'])('%j lacks a value', (lines) => {
    expect(theProblem(compileService(lines))).toMatchObject({
      code: 'wrong-type',
      hint: 'Give it a value, or take it out.',
    });
  });

  test('without an image is a problem', () => {
    expect(theProblem(compileStackFile('services:\n  web:\n    instances: 2'))).toMatchObject({
      code: 'missing-key',
    });
    expect(theProblem(compileStackFile('services:\n  web:'))).toMatchObject({
      code: 'missing-key',
    });
  });

  test('that is no map is a problem', () => {
    expect(codes(compileStackFile('services:\n  web: nginx'))).toEqual(['wrong-type']);
    expect(codes(compileStackFile('services:\n  web: [nginx]'))).toEqual(['wrong-type']);
  });

  test('with several wrong keys has them reported at once', () => {
    const lines = 'imge: x\nports: ["80"]\ninstances: many\nmem_limit: lots';
    expect(codes(compileService(lines))).toEqual([
      'unknown-key',
      'bad-port',
      'wrong-type',
      'bad-size',
    ]);
  });

  test('has the same hash however its lists and maps are ordered', () => {
    const a = compileService(
      'ports: ["80:80", "81:81"]\nenvironment: {A: 1, B: 2}\ncap_add: [A, B]\nvolumes: [/a, /b]',
    );
    const b = compileService(
      'volumes: [/b, /a]\ncap_add: [B, A]\nenvironment: [B=2, A=1]\nports: ["81:81", "80:80"]',
    );
    expect(theService(a).specHash).toBe(theService(b).specHash);
  });

  test('keeps its hash when only placement and scale change', () => {
    const a = theService(compileService('instances: 1'));
    const b = theService(
      compileService(
        'instances: 5\naffinity: [node==a]\ndeploy: {min_health: 0, on_failure: rollback}',
      ),
    );
    expect(a.specHash).toBe(b.specHash);
  });

  test('whose instance has a name too long for DNS is a problem', () => {
    const compiled = compileStackFile(`services:\n  ${'a'.repeat(62)}: {image: a}`);
    expect(codes(compiled)).toEqual(['name-too-long']);
    expect(codes(compileStackFile(`services:\n  ${'a'.repeat(61)}: {image: a}`))).toEqual([]);
  });

  test.each(['a b', '-web', 'a.b', 'a'.repeat(65), '$web', 'ä'])('cannot be called %j', (name) => {
    expect(codes(compileStackFile(`services:\n  "${name}": {image: a}`))).toContain('invalid-name');
  });

  test('that is named like an instance of another is warned of', () => {
    const compiled = compileStackFile(
      'services:\n  web: {image: a, instances: 2}\n  web-2: {image: a}\n  web-3: {image: a}',
    );
    expect(compiled.problems.map(brief)).toEqual(['warning ambiguous-name 3:3']);
  });
});

describe('environment', () => {
  const env = (lines: string, files = {}) => {
    const { env: all } = theService(compileService(lines, '', files)).spec;
    return Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith('KONTENA_')));
  };
  const beside = (name: string) => `grids/demo/stacks/shop/${name}`;

  test.each([
    [
      'environment: {A: 1, B: yes, C: 1.10, D: null, E: "", F: 010}',
      { A: '1', B: 'yes', C: '1.10', D: '', E: '', F: '010' },
    ],
    ['environment: [A=1, "B=a=b", C=]', { A: '1', B: 'a=b', C: '' }],
    ['environment:', {}],
    ['environment: {}', {}],
  ])('%s is read', (lines, expected) => expect(env(lines)).toEqual(expected));

  test('comes sorted, with what gridops adds', () => {
    const names = Object.keys(theService(compileService('environment: {Z: 1, A: 2}')).spec.env);
    expect(names).toEqual(names.toSorted());
    expect(names).toHaveLength(7);
  });

  test('files are bounded in number, and each is read once', () => {
    const files = { [beside('a.env')]: 'no equals sign\nA=1\n' };
    const named = (count: number) =>
      compileService(
        `env_file: [${Array.from({ length: count }, () => 'a.env').join(', ')}]`,
        '',
        files,
      );

    expect(named(100).problems.map(brief)).toEqual(['error bad-environment 1:1']);
    expect(named(101).problems.map(brief)).toEqual(['error bad-environment 4:15']);
  });

  test('files are read below what is written, the first of them first', () => {
    const files = {
      [beside('a.env')]: '# comment\n\nA=file a\n  B=spaces around  \r\nC="quotes stay"\n',
      [beside('b.env')]: '\uFEFFA=file b\nD=$NOT_A_VARIABLE\nE=a#b\n',
    };
    expect(env('env_file: [a.env, b.env]\nenvironment: {B: written}', files)).toEqual({
      A: 'file a',
      B: 'written',
      C: '"quotes stay"',
      D: '$NOT_A_VARIABLE',
      E: 'a#b',
    });
    expect(env('env_file: ./a.env', files)).toMatchObject({ A: 'file a' });
  });

  test.each([
    ['environment: [A]', 'error bad-environment 4:19'],
    ['environment: [A: 1]', 'error bad-environment 4:19'],
    ['environment: [" A = 1"]', 'error bad-environment 4:19'],
    ['environment: [=1]', 'error bad-environment 4:19'],
    ['environment: [A=1, A=2]', 'error duplicate-key 4:24'],
    ['environment: {A B: 1}', 'error bad-environment 4:19'],
    ['environment: {A: [1]}', 'error wrong-type 4:22'],
    ['environment: text', 'error wrong-type 4:18'],
    ['env_file: {a: b}', 'error wrong-type 4:15'],
    ['env_file: [[a]]', 'error wrong-type 4:16'],
    ['env_file: missing.env', 'error file-missing 4:15'],
    ['env_file: ../../../../../etc/passwd', 'error bad-path 4:15'],
    ['env_file: /etc/passwd', 'error bad-path 4:15'],
    ['env_file: C:\\secret', 'error bad-path 4:15'],
    ['env_file: ..%2f..%2fsecret', 'error file-missing 4:15'],
    ['env_file: "a\\0.env"', 'error bad-path 4:15'],
    ['env_file: https://example.com/a.env', 'error bad-path 4:15'],
    ['env_file: ""', 'error bad-path 4:15'],
    ['env_file: ../../../other/secret.env', 'error file-missing 4:15'],
    ['env_file: link.env', 'error file-refused 4:15'],
    ['env_file: folder/a.env', 'error file-refused 4:15'],
  ])('%s is a problem', (lines, expected) => {
    const files = {
      [beside('link.env')]: { refused: 'symlink' },
      [beside('folder')]: { refused: 'symlink' },
    } as const;
    expect(compileService(lines, '', files).problems.map(brief)).toEqual([expected]);
  });

  test('problems in a file are placed in the file', () => {
    const compiled = compileService('env_file: a.env', '', {
      [beside('a.env')]: 'A=1\nno equals\n  B C=2\n',
    });
    expect(compiled.problems).toMatchObject([
      {
        code: 'bad-environment',
        stack: 'shop',
        position: { file: beside('a.env'), line: 2, column: 1 },
      },
      {
        code: 'bad-environment',
        stack: 'shop',
        position: { file: beside('a.env'), line: 3, column: 3 },
      },
    ]);
  });

  test('a value may have 128 KiB with its name, and not more', () => {
    const most = 'x'.repeat(128 * 1024 - 3);
    expect(codes(compileService(`environment: {A: ${most}}`))).toEqual([]);
    expect(codes(compileService(`environment: {A: ${most}xx}`))).toEqual(['bad-environment']);
  });

  test('is bounded in all, whatever brings it in', () => {
    const many = Array.from({ length: 3_000 }, (_, i) => `A${i}=1`).join('\n');
    expect(codes(compileService('env_file: a.env', '', { [beside('a.env')]: many }))).toEqual([
      'bad-environment',
    ]);
    expect(
      codes(compileService('env_file: a.env', '', { [beside('a.env')]: '#\n'.repeat(20_000) })),
    ).toEqual(['bad-environment']);
  });
});

describe('variables in a service', () => {
  const declare =
    'variables:\n  n: {type: integer, default: 3}\n  on: {type: boolean, default: true}\n  key: {default: K}\n';

  test('take the type that the key wants', () => {
    const compiled = compileStackFile(
      `${declare}services:\n  web:\n    image: "web:$n"\n    instances: $n\n    stateful: "\${on}"\n    environment: {$key: "$GRID/$STACK"}\n`,
    );
    expect(theService(compiled)).toMatchObject({
      instances: 3,
      stateful: true,
      spec: { image: 'web:3', env: { K: 'demo/shop' } },
    });
  });

  test('that are undefined are one problem each, where they stand', () => {
    const compiled = compileStackFile(
      'services:\n  web:\n    image: web:$tag\n    instances: ${count}\n',
    );
    expect(compiled.problems.map(brief)).toEqual([
      'error undefined-variable 3:12',
      'error undefined-variable 4:16',
    ]);
  });

  test('cannot bring in structure, only text', () => {
    const compiled = compileStackFile(
      'variables:\n  v: {default: "x\\n    privileged: true"}\nservices:\n  web:\n    image: web\n    user: $v\n',
    );
    expect(theService(compiled).spec).toMatchObject({
      user: 'x\n    privileged: true',
      privileged: false,
    });
  });

  test('cannot make two keys the same', () => {
    const compiled = compileStackFile(
      `${declare}services:\n  web: {image: web, environment: {$key: 1, K: 2}}\n`,
    );
    expect(codes(compiled)).toEqual(['duplicate-key']);
  });

  test('do not stand in notes', () => {
    expect(
      codes(
        compileStackFile(
          'stack: a/$b\ndescription: costs $5\nx-a: $c\nservices: {web: {image: web}}',
        ),
      ),
    ).toEqual([]);
  });
});

test('the interval of a service is read; a stateful one is told that it has none', () => {
  const interval = 'deploy: {interval: 1d}';
  expect(theService(compileService(interval))).toMatchObject({ interval: 86_400 });
  const stateful = compileService(`stateful: true\n${interval}`);
  expect(stateful.stacks[0]?.services[0]).not.toHaveProperty('interval');
  expect(stateful.problems.map(brief)).toEqual(['warning no-effect 5:24']);
});
