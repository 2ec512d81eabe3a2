import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ContainerExtras } from '../../src/model/extras.ts';
import { brief, compileService, theProblem, theService } from './source-tree.ts';

const specOf = (lines: string) => theService(compileService(lines)).spec;

type Row = readonly [lines: string, extras: ContainerExtras];

const process: readonly Row[] = [
  ['working_dir: /srv/app', { workingDir: '/srv/app' }],
  ['init: false', { init: false }],
  ['init: true\npid: host', { init: true }],
  ['tty: yes\nstdin_open: true', { tty: true, stdinOpen: true }],
  ['group_add: [video, 44, video]', { groups: ['44', 'video'] }],
  [
    'ulimits: {nproc: 65535, nofile: {soft: 100, hard: 200}, memlock: -1}',
    {
      ulimits: [
        { name: 'memlock', soft: -1, hard: -1 },
        { name: 'nofile', soft: 100, hard: 200 },
        { name: 'nproc', soft: 65_535, hard: 65_535 },
      ],
    },
  ],
  ['sysctls: {net.core.somaxconn: 1024}', { sysctls: { 'net.core.somaxconn': '1024' } }],
  [
    'sysctls: [net.ipv4.ip_forward=1, a.b=2]',
    { sysctls: { 'a.b': '2', 'net.ipv4.ip_forward': '1' } },
  ],
  [
    'security_opt: ["seccomp:unconfined", "no-new-privileges:true", "label:user:USER"]',
    {
      securityOptions: ['label=user:USER', 'no-new-privileges=true', 'seccomp=unconfined'],
    },
  ],
  ['annotations: [com.example.a=1]', { annotations: { 'com.example.a': '1' } }],
  ['ipc: shareable', { ipc: 'shareable' }],
  ['uts: host', { uts: 'host' }],
  ['userns_mode: host', { userns: 'host' }],
  ['cgroup: private\ncgroup_parent: /limits', { cgroup: 'private', cgroupParent: '/limits' }],
  ['runtime: runc', { runtime: 'runc' }],
  ['platform: linux/arm64/v8', { platform: 'linux/arm64/v8' }],
];

const networking: readonly Row[] = [
  ['hostname: box\ndomainname: example.com', { hostname: 'box', domainname: 'example.com' }],
  [
    'extra_hosts: ["b:10.0.0.2", "a=10.0.0.1", "six:::1", "six=[fe80::2]", "node:host-gateway"]',
    {
      extraHosts: ['a:10.0.0.1', 'b:10.0.0.2', 'node:host-gateway', 'six:::1', 'six:fe80::2'],
    },
  ],
  [
    'extra_hosts: {a: 10.0.0.1, b: [10.0.0.2, "::1"]}',
    { extraHosts: ['a:10.0.0.1', 'b:10.0.0.2', 'b:::1'] },
  ],
  ['dns: 1.1.1.1', { dns: ['1.1.1.1'] }],
  ['dns: [9.9.9.9, 1.1.1.1]', { dns: ['9.9.9.9', '1.1.1.1'] }],
  ['dns_search: [b.example, a.example]', { dnsSearch: ['b.example', 'a.example'] }],
  ['dns_opt: [use-vc, ndots:3]', { dnsOptions: ['use-vc', 'ndots:3'] }],
  ['mac_address: 02:42:AC:11:65:43', { macAddress: '02:42:ac:11:65:43' }],
  ['networks: {default: {aliases: [db, cache]}}', { aliases: ['cache', 'db'] }],
  ['expose: [3000, "8000-8001/udp"]', { expose: ['3000/tcp', '8000/udp', '8001/udp'] }],
];

const resources: readonly Row[] = [
  [
    'devices: ["/dev/b:/dev/c:mr", /dev/a, "/dev/r:r"]',
    {
      devices: [
        { source: '/dev/a', target: '/dev/a', permissions: 'rwm' },
        { source: '/dev/b', target: '/dev/c', permissions: 'rm' },
        { source: '/dev/r', target: '/dev/r', permissions: 'r' },
      ],
    },
  ],
  [
    'devices: [{source: /dev/a, target: /dev/b, permissions: rw}]',
    { devices: [{ source: '/dev/a', target: '/dev/b', permissions: 'rw' }] },
  ],
  ['device_cgroup_rules: ["c 1:3 mr", "b *:* r"]', { deviceRules: ['b *:* r', 'c 1:3 mr'] }],
  ['gpus: all', { gpus: [{ driver: '', count: -1, ids: [], capabilities: ['gpu'], options: {} }] }],
  [
    'gpus: [{driver: nvidia, device_ids: ["1", "0"], capabilities: [gpu, utility], options: {a: b}}]',
    {
      gpus: [
        {
          driver: 'nvidia',
          count: 0,
          ids: ['0', '1'],
          capabilities: ['gpu', 'utility'],
          options: { a: 'b' },
        },
      ],
    },
  ],
  ['tmpfs: /run', { tmpfs: { '/run': '' } }],
  [
    'tmpfs: ["/tmp/:size=64m,mode=1777", /run]',
    { tmpfs: { '/run': '', '/tmp': 'mode=1777,size=64m' } },
  ],
  ['storage_opt: {size: 10G}', { storageOptions: { size: '10G' } }],
  ['mem_reservation: 256m', { memoryReservation: 268_435_456 }],
  ['mem_swappiness: 0', { memorySwappiness: 0 }],
  ['oom_kill_disable: true\noom_score_adj: -500', { oomKillDisable: true, oomScoreAdj: -500 }],
  ['pids_limit: 100', { pidsLimit: 100 }],
  ['pids_limit: 0', { pidsLimit: -1 }],
  ['cpuset: 0-3,6', { cpuset: '0-3,6' }],
  ['cpu_period: 50ms\ncpu_quota: 25000', { cpuPeriod: 50_000, cpuQuota: 25_000 }],
  [
    'cpu_rt_period: 1s\ncpu_rt_runtime: 95000us',
    { cpuRealtimePeriod: 1_000_000, cpuRealtimeRuntime: 95_000 },
  ],
  [
    'blkio_config: {weight: 300, weight_device: [{path: /dev/sda, weight: 400}], device_read_bps: [{path: /dev/sda, rate: 12mb}], device_read_iops: [{path: /dev/sda, rate: 120}], device_write_bps: [{path: /dev/sda, rate: 1024k}], device_write_iops: [{path: /dev/sda, rate: 30}]}',
    {
      blkio: {
        weight: 300,
        weightDevice: [{ path: '/dev/sda', amount: 400 }],
        readBps: [{ path: '/dev/sda', amount: 12_582_912 }],
        readIops: [{ path: '/dev/sda', amount: 120 }],
        writeBps: [{ path: '/dev/sda', amount: 1_048_576 }],
        writeIops: [{ path: '/dev/sda', amount: 30 }],
      },
    },
  ],
];

const healthcheck: readonly Row[] = [
  ['healthcheck: {}', { healthcheck: {} }],
  [
    'healthcheck: {test: curl -f http://localhost, interval: 1m30s, timeout: 500ms, retries: 5, start_period: 1m, start_interval: 2s}',
    {
      healthcheck: {
        test: ['CMD-SHELL', 'curl -f http://localhost'],
        interval: 90_000,
        timeout: 500,
        retries: 5,
        startPeriod: 60_000,
        startInterval: 2_000,
      },
    },
  ],
  [
    'healthcheck: {test: [CMD, pg_isready, -q]}',
    { healthcheck: { test: ['CMD', 'pg_isready', '-q'] } },
  ],
  ['healthcheck: {test: [NONE]}', { healthcheck: { test: ['NONE'] } }],
  ['healthcheck: {disable: true}', { healthcheck: { test: ['NONE'] } }],
  ['healthcheck: {test: x, retries: 0}', { healthcheck: { test: ['CMD-SHELL', 'x'] } }],
  ['healthcheck: {interval: 0s}', { healthcheck: {} }],
];

describe('the extras of a spec', () => {
  test.each([...process, ...networking, ...resources, ...healthcheck])(
    'hold what %s says',
    (lines, extras) => {
      expect(specOf(lines).extras).toEqual(extras);
    },
  );

  test.each([
    'init: true',
    'init: false\npid: host',
    'tty: false\nstdin_open: false\noom_kill_disable: false',
    'group_add: []\nulimits: {}\nsysctls: {}\nsecurity_opt: []\ndns: []\ntmpfs: []\nexpose: []',
    'devices: []\ngpus: []\nextra_hosts: {}\nstorage_opt: {}\nblkio_config: {}\nnetworks: [default]',
    'restart: always\npull_policy: if_not_present',
    'restart: unless-stopped\nnetworks:\n  default:\n',
    'deploy: {restart_policy: {condition: any}, update_config: {order: start-first}}',
    'deploy: {endpoint_mode: dnsrr, update_config: {failure_action: pause}}',
  ])('are not there, and the hash is the same, with %j', (lines) => {
    const plain = theService(compileService(''));
    const service = theService(compileService(lines));

    expect(service.spec).not.toHaveProperty('extras');
    if (!lines.includes('pid: host')) expect(service.specHash).toBe(plain.specHash);
  });

  test.each([
    ['attach: false', 4, 5],
    ['develop: {watch: [{path: .}]}', 4, 5],
    ['ports: [{target: 80, published: 80, mode: ingress}]', 4, 41],
    ['ports: [{target: 80, published: 80, app_protocol: http}]', 4, 41],
  ])('say that %s has no effect', (lines, line, column) => {
    const { problems } = compileService(lines);
    expect(problems).toMatchObject([{ code: 'no-effect', position: { line, column } }]);
  });

  test('have the same hash in any order of what has none', () => {
    const items = (list: readonly string[]) => `[${list.map((one) => `"${one}"`).join(', ')}]`;
    const lists = {
      group_add: ['a', 'b', '3'],
      sysctls: ['a.b=1', 'c.d=2', 'e.f=3'],
      security_opt: ['no-new-privileges', 'seccomp=unconfined'],
      extra_hosts: ['a=10.0.0.1', 'b=::1', 'c=host-gateway'],
      expose: ['80', '81/udp', '90-92'],
      devices: ['/dev/a', '/dev/b:/dev/c:r', '/dev/d:/dev/e'],
      tmpfs: ['/a', '/b:size=1m,mode=700', '/c'],
      device_cgroup_rules: ['c 1:3 mr', 'a *:* rwm'],
    };
    const shuffled = Object.entries(lists).map(([key, list]) =>
      fc.shuffledSubarray(list, { minLength: list.length }).map((one) => `${key}: ${items(one)}`),
    );
    const hash = theService(
      compileService(
        Object.entries(lists)
          .map(([key, list]) => `${key}: ${items(list)}`)
          .join('\n'),
      ),
    ).specHash;

    fc.assert(
      fc.property(fc.tuple(...shuffled), (lines) => {
        expect(theService(compileService(lines.join('\n'))).specHash).toBe(hash);
      }),
      { numRuns: 30 },
    );
  });

  test('come from whatever text there is without anything being thrown', () => {
    const lines = [...process, ...networking, ...resources, ...healthcheck].map(([line]) => line);
    const keys = [...new Set(lines.map((line) => line.split(':')[0] ?? '')), 'ports', 'links'];
    const text = fc.string({
      unit: fc.constantFrom(...Array.from('/:=-.,[]%a0 9~\u202e')),
      maxLength: 30,
    });

    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.array(text, { maxLength: 3 }), (key, texts) => {
        for (const value of [texts, texts[0] ?? '', { [texts[0] ?? 'a']: texts }])
          compileService(`${key}: ${JSON.stringify(value)}`);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['working_dir: app', 'error wrong-value 4:18'],
    ['ulimits: {nofiles: 1}', 'error invalid-name 4:15'],
    ['ulimits: {nofile: {soft: 2, hard: 1}}', 'error bad-limit 4:23'],
    ['ulimits: {nofile: {soft: 2}}', 'error missing-key 4:15'],
    ['ulimits: {nofile: -2}', 'error wrong-value 4:23'],
    ['sysctls: [a]', 'error bad-pair 4:15'],
    ['sysctls: {a b: 1}', 'error bad-pair 4:15'],
    ['sysctls: [a=1, a=2]', 'error duplicate-key 4:20'],
    ['annotations: {a: }', 'error bad-pair 4:19'],
    ['security_opt: [seccomp=./profile.json]', 'error bad-security-option 4:20'],
    ['security_opt: [selinux]', 'error bad-security-option 4:20'],
    ['ipc: "service:db"', 'error wrong-value 4:10'],
    ['platform: windows', 'error wrong-value 4:15'],
    ['uts: host\nhostname: a', 'error conflicting-keys 5:5'],
    ['hostname: -a', 'error wrong-value 4:15'],
    ['extra_hosts: [a]', 'error bad-host 4:19'],
    ['extra_hosts: ["a:b"]', 'error bad-host 4:19'],
    ['extra_hosts: {a: "300.1.1.1"}', 'error bad-host 4:22'],
    ['dns: dns.example.com', 'error bad-host 4:10'],
    ['dns_search: "a b"', 'error wrong-value 4:17'],
    ['dns_opt: ["ndots 2"]', 'error wrong-value 4:15'],
    ['mac_address: "1:2"', 'error wrong-value 4:18'],
    ['instances: 2\nmac_address: "02:42:ac:11:65:43"', 'error conflicting-keys 5:5'],
    ['networks: [backend]', 'warning no-effect 4:5'],
    ['networks: {default: {ipv4_address: 10.0.0.2}}', 'error not-possible 4:26'],
    ['networks: {default: {priority: 1}}', 'warning no-effect 4:26'],
    ['networks: {default: {aliases: [a b]}}', 'error invalid-name 4:36'],
    ['network_mode: host\nnetworks: {default: {aliases: [a]}}', 'warning no-effect 5:5'],
    ['network_mode: host\nmac_address: "02:42:ac:11:65:43"', 'warning no-effect 5:5'],
    ['expose: [web]', 'error bad-port 4:14'],
    ['expose: [1-900, 1000-1900]', 'error wrong-value 4:5'],
    ['ports: ["1-900:1-900", "1000-1900:1000-1900"]', 'error bad-port 4:28'],
    ['devices: [nvidia.com/gpu=all]', 'error bad-device 4:15'],
    ['devices: ["/dev/a:/dev/b:x"]', 'error bad-device 4:15'],
    ['devices: [/dev/a, "/dev/b:/dev/a"]', 'error bad-device 4:23'],
    ['device_cgroup_rules: ["c 1:3 rr"]', 'error wrong-value 4:27'],
    ['gpus: some', 'error wrong-value 4:11'],
    ['gpus: [{count: 1, device_ids: [a]}]', 'error conflicting-keys 4:12'],
    ['tmpfs: run', 'error bad-tmpfs 4:12'],
    ['tmpfs: /', 'error bad-tmpfs 4:12'],
    ['tmpfs: "/run:size=big"', 'error bad-tmpfs 4:12'],
    ['tmpfs: [/data/]\nvolumes: [/data]', 'error duplicate-mount 4:13'],
    ['mem_limit: 128m\nmem_reservation: 256m', 'error bad-size 5:22'],
    ['mem_swappiness: 101', 'error wrong-value 4:21'],
    ['oom_score_adj: 1001', 'error wrong-value 4:20'],
    ['cpuset: a', 'error wrong-value 4:13'],
    ['cpus: 1\ncpu_quota: 50000', 'error conflicting-keys 5:5'],
    ['cpu_period: 2s', 'error bad-duration 4:17'],
    ['cpu_quota: 5', 'error bad-duration 4:16'],
    ['blkio_config: {weight: 5}', 'error wrong-value 4:28'],
    ['blkio_config: {device_read_iops: [{path: /dev/a, rate: 1m}]}', 'error bad-size 4:60'],
    ['healthcheck: {test: [curl, localhost]}', 'error bad-health-check 4:25'],
    ['healthcheck: {test: [CMD]}', 'error bad-health-check 4:25'],
    ['healthcheck: {test: []}', 'error bad-health-check 4:25'],
    ['healthcheck: {disable: true, test: x}', 'warning no-effect 4:40'],
    ['healthcheck: {interval: often}', 'error bad-duration 4:29'],
    ['healthcheck: {retries: -1}', 'error wrong-value 4:28'],
    [
      'health_check: {protocol: tcp, port: 80}\nhealthcheck: {test: x}',
      'error conflicting-keys 5:5',
    ],
  ])('cannot be had from %s', (lines, expected) => {
    expect(compileService(lines).problems.map(brief)).toContain(expected);
  });

  test.each([
    ['a device rule', `device_cgroup_rules: ["c ${'1'.repeat(60)}:3 r"]`, '4:27'],
    ['a tmpfs', `tmpfs: "/run:${'uid=1,'.repeat(700)}ro"`, '4:12'],
    ['a device', `devices: ["/${'x'.repeat(5_000)}"]`, '4:15'],
  ])('are no longer than agents take: %s', (_, lines, place) => {
    expect(brief(theProblem(compileService(lines)))).toBe(`error wrong-value ${place}`);
  });
});
