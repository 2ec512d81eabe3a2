import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerOptions } from '../../src/agent/container-options.ts';
import { DockerClient } from '../../src/agent/docker.ts';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import { containerName } from '../../src/model/identity.ts';
import { compileStackFile, theService } from '../manifest/source-tree.ts';
import { ensureTestImages, TEST_IMAGES } from '../support/test-images.ts';
import {
  bridgedContainers,
  DOCKER_SOCKET,
  docker,
  removeGrid,
  testGrid,
  withoutDocker,
} from './docker-host.ts';

/** What this host's kernel or engine may lack: checked on the request only. */
const everything = `
volumes:
  data: {scope: stack}
services:
  db: {image: "${TEST_IMAGES.web1}"}
  web:
    image: ${TEST_IMAGES.web1}
    command: serve --quickly
    entrypoint: [/bin/sh, -c]
    environment: {COLOR: green}
    user: 1000:1000
    labels: {com.example.team: shop}
    ports: ["127.0.0.1:18099:80", "18090-18091:90-91/udp"]
    expose: [3000]
    volumes: ["data:/data", "/etc/hostname:/etc/node:ro"]
    links: ["db:database"]
    depends_on: [db]
    networks: {default: {aliases: [front]}}
    stop_signal: SIGQUIT
    stop_grace_period: 1m30s
    read_only: true
    privileged: false
    cap_add: [NET_ADMIN]
    cap_drop: [MKNOD]
    mem_limit: 64m
    memswap_limit: 128m
    mem_reservation: 32m
    mem_swappiness: 10
    oom_kill_disable: false
    oom_score_adj: 100
    shm_size: 16m
    cpu_shares: 512
    cpu_period: 50ms
    cpu_quota: 25ms
    cpuset: "0"
    pids_limit: 100
    logging: {driver: json-file, options: {max-size: 1m}}
    working_dir: /tmp
    init: false
    tty: true
    stdin_open: true
    hostname: box
    domainname: example.com
    group_add: ["44"]
    ulimits: {nofile: {soft: 100, hard: 200}}
    sysctls: {net.core.somaxconn: 1024}
    security_opt: ["no-new-privileges:true", "systempaths=unconfined"]
    ipc: shareable
    cgroup: host
    cgroup_parent: /gridops-test
    userns_mode: host
    runtime: runc
    platform: linux/amd64
    extra_hosts: ["db.example.com=10.0.0.7", "node=host-gateway"]
    dns: [10.0.0.2]
    dns_search: [example.com]
    dns_opt: ["ndots:3"]
    mac_address: 02:42:0a:63:00:07
    devices: ["/dev/null:/dev/nothing:rw"]
    device_cgroup_rules: ["c 1:3 mr"]
    tmpfs: ["/run:size=1m,mode=1777"]
    blkio_config: {weight: 300}
    healthcheck: {test: [CMD, "true"], interval: 5s, timeout: 2s, retries: 4, start_period: 10s}
`;

const needy = `
services:
  web:
    image: web
    gpus: all
    annotations: {com.example.a: "1"}
    storage_opt: {size: 10G}
    cpu_rt_period: 1s
    cpu_rt_runtime: 95ms
    uts: host
    healthcheck: {start_interval: 1s}
    oom_kill_disable: true
    blkio_config: {device_read_bps: [{path: /dev/sda, rate: 1m}], weight_device: [{path: /dev/sda, weight: 100}]}
`;

function instanceOf(file: string, service = 'web'): AssignedInstance {
  const { stack, name, stateful, spec, specHash } = theService(compileStackFile(file), service);
  const revision = 'a'.repeat(40);
  return {
    stack,
    service: name,
    number: 1,
    stateful,
    spec,
    specHash,
    revision,
    mode: 'stop-first',
  };
}

describe.skipIf(withoutDocker)('every key of a service', () => {
  const scope = { grid: testGrid(), node: 'node-1', publishAddress: '127.0.0.1' };
  let shown: { Config: object; HostConfig: object; NetworkSettings: { Networks: object } };

  beforeAll(async () => {
    await ensureTestImages();
    const containers = bridgedContainers(new DockerClient({ address: DOCKER_SOCKET }));
    const instance = instanceOf(everything);
    // Runs beside each other on one engine must not meet.
    const name = `${scope.grid}.${containerName(instance)}`;
    const id = await containers.create(scope, instance, name);
    [shown] = JSON.parse(await docker('inspect', id)) as [typeof shown];
  }, 60_000);

  afterAll(async () => await removeGrid(scope.grid));

  it('is in the container’s own configuration', () => {
    expect(shown.Config).toMatchObject({
      Image: TEST_IMAGES.web1,
      Cmd: ['serve', '--quickly'],
      Entrypoint: ['/bin/sh', '-c'],
      Env: expect.arrayContaining(['COLOR=green']),
      User: '1000:1000',
      Labels: expect.objectContaining({ 'com.example.team': 'shop' }),
      ExposedPorts: { '80/tcp': {}, '90/udp': {}, '91/udp': {}, '3000/tcp': {} },
      StopSignal: 'SIGQUIT',
      StopTimeout: 90,
      WorkingDir: '/tmp',
      Tty: true,
      OpenStdin: true,
      Hostname: 'box',
      Domainname: 'example.com',
      Healthcheck: {
        Test: ['CMD', 'true'],
        Interval: 5e9,
        Timeout: 2e9,
        Retries: 4,
        StartPeriod: 10e9,
      },
    });
  });

  it('is in what the engine gives it of the host', () => {
    expect(shown.HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      Privileged: false,
      CapAdd: [expect.stringMatching(/^(CAP_)?NET_ADMIN$/)],
      CapDrop: [expect.stringMatching(/^(CAP_)?MKNOD$/)],
      Memory: 67_108_864,
      MemorySwap: 134_217_728,
      MemoryReservation: 33_554_432,
      MemorySwappiness: 10,
      OomScoreAdj: 100,
      ShmSize: 16_777_216,
      CpuShares: 512,
      CpuPeriod: 50_000,
      CpuQuota: 25_000,
      CpusetCpus: '0',
      PidsLimit: 100,
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
      Init: false,
      GroupAdd: ['44'],
      Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
      Sysctls: { 'net.core.somaxconn': '1024' },
      SecurityOpt: ['no-new-privileges=true'],
      MaskedPaths: [],
      ReadonlyPaths: [],
      IpcMode: 'shareable',
      CgroupnsMode: 'host',
      CgroupParent: '/gridops-test',
      UsernsMode: 'host',
      Runtime: 'runc',
      ExtraHosts: ['db.example.com:10.0.0.7', 'node:host-gateway'],
      Dns: ['10.0.0.2'],
      DnsSearch: ['shop.GRID.kontena.local', 'GRID.kontena.local', 'example.com'].map((domain) =>
        domain.replace('GRID', scope.grid),
      ),
      DnsOptions: ['timeout:1', 'ndots:3'],
      Devices: [
        {
          PathOnHost: '/dev/null',
          PathInContainer: '/dev/nothing',
          CgroupPermissions: 'rw',
        },
      ],
      DeviceCgroupRules: ['c 1:3 mr'],
      Tmpfs: { '/run': 'mode=1777,size=1m' },
      PortBindings: {
        '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18099' }],
        '90/udp': [{ HostIp: '127.0.0.1', HostPort: '18090' }],
        '91/udp': [{ HostIp: '127.0.0.1', HostPort: '18091' }],
      },
      Binds: ['/etc/hostname:/etc/node:ro'],
      Mounts: [expect.objectContaining({ Source: 'shop.data', Target: '/data' })],
    });
  });

  it('is in how it is known in the grid’s network', () => {
    const [endpoint] = Object.values(shown.NetworkSettings.Networks) as object[];

    expect(endpoint).toMatchObject({
      Aliases: expect.arrayContaining(['front', 'web.shop']),
      Links: ['db.shop:database'],
    });
    expect(JSON.stringify(shown)).toContain('02:42:0a:63:00:07');
  });

  it('that an old engine would drop without a word is refused there', async () => {
    const client = new DockerClient({ address: DOCKER_SOCKET });
    const image = TEST_IMAGES.web1;
    const text = `services: {web: {image: "${image}", annotations: {com.example.a: "1"}}}`;
    const created = bridgedContainers(client).create(
      scope,
      instanceOf(text),
      `${scope.grid}.annotated`,
    );

    if (await client.speaks(43)) expect(await created).toMatch(/^[0-9a-f]+$/);
    else await expect(created).rejects.toMatchObject({ code: 'engine-refused' });
  });

  it('that not every host can honour is in the request', () => {
    const instance = instanceOf(needy);
    const request = containerOptions({
      scope,
      instance,
      imageVolumes: [],
      attachment: { kind: 'bridge', network: 'n' },
    });

    expect(request).not.toHaveProperty('Hostname');
    expect(request).toMatchObject({
      Healthcheck: { StartInterval: 1e9 },
      HostConfig: {
        DeviceRequests: [
          { Driver: '', Count: -1, DeviceIDs: [], Capabilities: [['gpu']], Options: {} },
        ],
        Annotations: { 'com.example.a': '1' },
        StorageOpt: { size: '10G' },
        CpuRealtimePeriod: 1_000_000,
        CpuRealtimeRuntime: 95_000,
        UTSMode: 'host',
        OomKillDisable: true,
        BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1_048_576 }],
        BlkioWeightDevice: [{ Path: '/dev/sda', Weight: 100 }],
      },
    });
  });
});
