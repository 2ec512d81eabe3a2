import { describe, expect, it } from 'vitest';
import { containerOptions } from '../../src/agent/container-options.ts';
import type { PlacedInstance } from '../../src/agent/containers.ts';
import { hookOptions } from '../../src/agent/hook-options.ts';
import { parseLabels, parseVolumeLabels } from '../../src/agent/labels.ts';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import { shortDigest } from '../../src/model/digest.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import { aHook, aPort, aVolumeMount } from '../support/builders.ts';
import { web } from './bench.ts';

const scope = { grid: 'demo', node: 'node-1', publishAddress: '127.0.0.11' };

function optionsOf(
  { lenders = [], ...overrides }: Partial<PlacedInstance & ContainerSpec> = {},
  imageVolumes: readonly string[] = [],
) {
  return containerOptions({
    scope,
    instance: { ...web('web:1', overrides), lenders },
    imageVolumes,
    attachment: { kind: 'bridge' as const, network: 'gridops-demo' },
  });
}

describe('the options of a container', () => {
  it('give it Kontena’s names, on the grid’s network', () => {
    const options = optionsOf();

    expect(options).toMatchObject({
      Image: 'web:1',
      Hostname: 'web-1',
      Domainname: 'shop.demo.kontena.local',
      HostConfig: {
        NetworkMode: 'gridops-demo',
        DnsSearch: ['shop.demo.kontena.local', 'demo.kontena.local'],
        Init: true,
      },
    });
    expect(options.NetworkingConfig?.EndpointsConfig).toEqual({
      'gridops-demo': {
        Aliases: [
          'web',
          'web-1',
          'web.shop',
          'web.shop.demo.kontena.local',
          'web-1.shop.demo.kontena.local',
          'shop-web.kontena.local',
          'shop-web-1.kontena.local',
        ],
      },
    });
  });

  it('leave everything to the image and the engine that the spec does not say', () => {
    const options = optionsOf();

    for (const key of ['Cmd', 'Entrypoint', 'User', 'StopSignal'])
      expect(options).not.toHaveProperty(key);
    for (const key of ['Memory', 'CpuQuota', 'LogConfig', 'RestartPolicy', 'PidMode', 'ShmSize'])
      expect(options.HostConfig).not.toHaveProperty(key);
  });

  it('tell it its node and its number', () => {
    const { Env } = optionsOf({ number: 3, env: { COLOR: 'a=b', KONTENA_NODE_NAME: 'lie' } });

    expect(Env).toEqual([
      'COLOR=a=b',
      'KONTENA_NODE_NAME=node-1',
      'KONTENA_SERVICE_INSTANCE_NUMBER=3',
    ]);
  });

  it('carry our labels, which the service cannot override', () => {
    const { Labels } = optionsOf({ labels: { 'io.gridops.node': 'other', color: 'green' } });

    expect(Labels).toMatchObject({
      color: 'green',
      'io.gridops.node': 'node-1',
      'io.gridops.revision': 'c0ffee',
      'io.gridops.stateful': 'false',
      'io.kontena.grid.name': 'demo',
      'io.kontena.stack.name': 'shop',
      'io.kontena.service.name': 'web',
      'io.kontena.service.instance_number': '1',
      'io.kontena.container.name': 'shop.web-1',
      'io.kontena.container.type': 'container',
      'io.kontena.container.stop_grace_period': '10',
    });
  });

  it('publish ports on their own address, or else on the node’s', () => {
    const ports = [aPort(80), aPort(443, { ip: '10.0.0.1' }), aPort(53, { protocol: 'udp' })];

    const options = optionsOf({ ports });

    expect(options.HostConfig.PortBindings).toEqual({
      '8080/tcp': [
        { HostIp: '127.0.0.11', HostPort: '80' },
        { HostIp: '10.0.0.1', HostPort: '443' },
      ],
      '8080/udp': [{ HostIp: '127.0.0.11', HostPort: '53' }],
    });
    expect(options.ExposedPorts).toEqual({ '8080/tcp': {}, '8080/udp': {} });
  });

  it('in the host’s network have no names, ports or aliases of their own', () => {
    const options = optionsOf({ networkMode: 'host', ports: [aPort(80)] });

    expect(options.HostConfig.NetworkMode).toBe('host');
    for (const key of ['Hostname', 'Domainname', 'ExposedPorts', 'NetworkingConfig'])
      expect(options).not.toHaveProperty(key);
    expect(options.HostConfig).not.toHaveProperty('PortBindings');
  });

  it('pass on limits, rights and the rest of the spec', () => {
    const options = optionsOf({
      command: ['serve', '-v'],
      entrypoint: ['/init'],
      user: '1000:1000',
      stopSignal: 'SIGQUIT',
      stopGracePeriod: 2.5,
      hostPid: true,
      privileged: true,
      readOnly: true,
      capAdd: ['NET_ADMIN'],
      capDrop: ['ALL'],
      memory: 64,
      memorySwap: 128,
      shmSize: 32,
      cpus: 1.5,
      cpuShares: 512,
      logging: { driver: 'syslog', options: { tag: 'web' } },
    });

    expect(options).toMatchObject({
      Cmd: ['serve', '-v'],
      Entrypoint: ['/init'],
      User: '1000:1000',
      StopSignal: 'SIGQUIT',
      StopTimeout: 3,
      HostConfig: {
        PidMode: 'host',
        Init: false,
        Privileged: true,
        ReadonlyRootfs: true,
        CapAdd: ['NET_ADMIN'],
        CapDrop: ['ALL'],
        Memory: 64,
        MemorySwap: 128,
        ShmSize: 32,
        CpuPeriod: 100_000,
        CpuQuota: 150_000,
        CpuShares: 512,
        LogConfig: { Type: 'syslog', Config: { tag: 'web' } },
      },
    });
  });

  it('leave out a domain name that the kernel would not take', () => {
    const options = optionsOf({
      stack: 'a-stack-with-a-name-that-goes-on-and-on-and-on-and-on-until-it-ends',
    });

    expect(options).not.toHaveProperty('Domainname');
  });
});

describe('a container without a network', () => {
  it('has no names, no ports and nothing of the grid’s network', () => {
    const options = optionsOf({ networkMode: 'none', ports: [aPort(80)] });

    expect(options.HostConfig).toMatchObject({ NetworkMode: 'none' });
    expect(options.HostConfig).not.toHaveProperty('PortBindings');
    expect(options.HostConfig).not.toHaveProperty('DnsSearch');
    expect(options).not.toHaveProperty('Hostname');
    expect(options).not.toHaveProperty('NetworkingConfig');
  });
});

describe('the volumes of a container', () => {
  const sources = (overrides: Partial<AssignedInstance & ContainerSpec>, imageVolumes?: string[]) =>
    optionsOf(overrides, imageVolumes).HostConfig.Mounts.map((mount) =>
      'Source' in mount ? mount.Source : '',
    );

  it('have Kontena’s names, by scope', () => {
    const mounts = [
      aVolumeMount(),
      aVolumeMount({ scope: 'stack' }),
      aVolumeMount({ scope: 'grid' }),
      aVolumeMount({ external: true, name: 'legacy' }),
    ];

    expect(sources({ mounts, number: 2 })).toEqual([
      'shop.web.data-2',
      'shop.data',
      'data',
      'legacy',
    ]);
  });

  it('are made with the driver of the spec and our labels', () => {
    const mounts = [aVolumeMount({ driver: 'nfs', driverOptions: { share: '/x' } })];

    expect(optionsOf({ mounts }).HostConfig.Mounts[0]).toMatchObject({
      Type: 'volume',
      Target: '/data',
      ReadOnly: false,
      VolumeOptions: {
        Labels: { 'io.kontena.grid.name': 'demo', 'io.kontena.stack.name': 'shop' },
        DriverConfig: { Name: 'nfs', Options: { share: '/x' } },
      },
    });
  });

  it('say whose they are where only one instance has them', () => {
    const labelsOf = (of: 'instance' | 'stack') =>
      optionsOf({ mounts: [aVolumeMount({ scope: of })], number: 2 }).HostConfig.Mounts.map(
        (mount) =>
          'VolumeOptions' in mount ? parseVolumeLabels(mount.VolumeOptions?.Labels ?? {}) : null,
      );

    const own = { stack: 'shop', service: 'web', number: 2, node: 'node-1' };
    expect(labelsOf('instance')).toEqual([own]);
    expect(labelsOf('stack')).toEqual([{ ...own, service: null, number: null, node: null }]);
  });

  it('that the image declares are not mounted a second time, however their path is written', () => {
    const mounts = [{ ...aVolumeMount(), target: '/data' }];

    expect(sources({ mounts, stateful: true }, ['/data/'])).toEqual(['shop.web.data-1']);
  });

  it('without a name are kept for a stateful instance and die with a stateless one', () => {
    const mounts = [{ kind: 'anonymous', target: '/cache' } as const];

    expect(sources({ mounts, stateful: true })).toEqual([`shop.web-1.${shortDigest('/cache')}`]);
    expect(sources({ mounts })).toEqual(['']);
  });

  it('that only the image declares are kept for a stateful instance too', () => {
    const mounts = [aVolumeMount()];

    expect(sources({ mounts, stateful: true }, ['/var/lib/db', '/data'])).toEqual([
      'shop.web.data-1',
      `shop.web-1.${shortDigest('/var/lib/db')}`,
    ]);
  });

  it('that the image declares are not kept where the service has a tmpfs', () => {
    const extras = { tmpfs: { '/cache/': 'size=1m' } };

    expect(sources({ extras, stateful: true }, ['/cache', '/data'])).toEqual([
      `shop.web-1.${shortDigest('/data')}`,
    ]);
  });

  it('bind host paths as Docker writes them', () => {
    const mounts = [
      { kind: 'bind', source: '/etc/tls', target: '/tls', readOnly: true } as const,
      { kind: 'bind', source: '/srv', target: '/srv', readOnly: false } as const,
    ];

    expect(optionsOf({ mounts }).HostConfig.Binds).toEqual(['/etc/tls:/tls:ro', '/srv:/srv']);
  });

  it('bind host paths with Docker’s flags, and strictly where no folder is to be made', () => {
    const base = { kind: 'bind', source: '/srv', readOnly: true } as const;
    const mounts = [
      { ...base, target: '/a', selinux: 'Z', propagation: 'rslave' } as const,
      { ...base, target: '/b', mustExist: true, propagation: 'rshared' } as const,
      { ...base, target: '/c', mustExist: true, selinux: 'z' } as const,
      { ...base, source: '/with:colon', target: '/d', mustExist: true } as const,
    ];

    const { HostConfig } = optionsOf({ mounts });

    expect(HostConfig.Binds).toEqual(['/srv:/a:ro,Z,rslave', '/srv:/c:ro,z']);
    expect(HostConfig.Mounts).toEqual([
      {
        Type: 'bind',
        Source: '/srv',
        Target: '/b',
        ReadOnly: true,
        BindOptions: { Propagation: 'rshared' },
      },
      { Type: 'bind', Source: '/with:colon', Target: '/d', ReadOnly: true },
    ]);
  });

  it('have what a volume is said to have', () => {
    const mount = {
      ...aVolumeMount({ labels: { team: 'a' } }),
      noCopy: true,
      subpath: 'x',
    } as const;

    expect(optionsOf({ mounts: [mount] }).HostConfig.Mounts[0]).toMatchObject({
      VolumeOptions: {
        NoCopy: true,
        Subpath: 'x',
        Labels: { team: 'a', 'io.kontena.grid.name': 'demo' },
      },
    });
  });

  it('can be memory', () => {
    const mounts = [
      { kind: 'tmpfs', target: '/a', readOnly: false, size: 1024, mode: 0o1777 } as const,
      { kind: 'tmpfs', target: '/b', readOnly: true, size: null, mode: null } as const,
    ];

    expect(optionsOf({ mounts }).HostConfig.Mounts).toMatchObject([
      { Type: 'tmpfs', Target: '/a', TmpfsOptions: { SizeBytes: 1024, Mode: 0o1777 } },
      { Type: 'tmpfs', Target: '/b', ReadOnly: true, TmpfsOptions: {} },
    ]);
  });

  it('can be those of another container', () => {
    const volumesFrom = [
      { service: 'store', number: null, readOnly: false },
      { service: 'tls', number: 1, readOnly: true },
    ];

    expect(optionsOf({ volumesFrom, lenders: ['c7', 'c9'] }).HostConfig.VolumesFrom).toEqual([
      'c7',
      'c9:ro',
    ]);
    expect(() => optionsOf({ volumesFrom, lenders: ['c7'] })).toThrow(/of tls was not looked up/);
    expect(optionsOf().HostConfig).not.toHaveProperty('VolumesFrom');
  });

  it('are not files that were never put in place', () => {
    const mounts = [{ kind: 'files', target: '/a', digest: 'a'.repeat(64) } as const];

    expect(() => optionsOf({ mounts })).toThrow(/not put in place/);
  });

  it('refuse a host path that would say something else', () => {
    const mounts = [{ kind: 'bind', source: '/etc:/x', target: '/tls', readOnly: true } as const];

    expect(() => optionsOf({ mounts })).toThrow(/must not hold a colon/);
  });
});

describe('the options of a hook’s container', () => {
  const hook = aHook('pre-start', 'migrate', { command: ['/bin/sh', '-c', 'migrate up'] });
  const run = { hook: 'pre-start/migrate', container: 'c1', oneshot: true };
  const input = (overrides: Partial<AssignedInstance & ContainerSpec>) => ({
    scope,
    instance: web('web:1', overrides),
    imageVolumes: [],
    attachment: { kind: 'bridge' as const, network: 'gridops-demo' },
  });

  it('are the instance’s, but for the command', () => {
    const instance = input({
      env: { A: 'b' },
      user: 'app',
      command: ['serve'],
      mounts: [aVolumeMount()],
      memory: 1_000_000,
    });
    const own = containerOptions(instance);

    const options = hookOptions(instance, { name: 'x', hook, run });

    expect(options).toMatchObject({
      Image: 'web:1',
      User: 'app',
      Env: own.Env,
      Entrypoint: ['/bin/sh', '-c', 'migrate up'],
      HostConfig: { Mounts: own.HostConfig.Mounts, Memory: 1_000_000 },
    });
    expect(options).not.toHaveProperty('Cmd');
  });

  it('give it no terminal: its log is told line by line, and nobody types', () => {
    const options = hookOptions(input({ extras: { tty: true, stdinOpen: true } }), {
      name: 'x',
      hook,
      run,
    });

    expect(options).not.toHaveProperty('Tty');
    expect(options).not.toHaveProperty('OpenStdin');
  });

  it('let nobody take it for the instance', () => {
    const instance = input({
      ports: [aPort(80)],
      labels: { 'traefik.enable': 'true' },
      waitForPort: 80,
      hooks: [aHook('post-start', 'warm')],
      extras: {
        hostname: 'box',
        domainname: 'example.com',
        aliases: ['front'],
        links: [{ target: 'db.shop', alias: 'database' }],
      },
    });

    const options = hookOptions(instance, { name: 'x', hook, run });

    expect(options).not.toHaveProperty('Hostname');
    expect(options).not.toHaveProperty('Domainname');
    expect(options).not.toHaveProperty('ExposedPorts');
    expect(options.HostConfig).not.toHaveProperty('PortBindings');
    expect(options.NetworkingConfig).toEqual({
      EndpointsConfig: { 'gridops-demo': { Links: ['db.shop:database'] } },
    });
    expect(options.Labels).not.toHaveProperty('traefik.enable');
    expect(options.Labels).toMatchObject({ 'io.kontena.container.type': 'service_hook' });
    expect(parseLabels(options.Labels)).toMatchObject({
      hookRun: run,
      hooks: [],
      waitForPort: null,
    });
  });
});

describe('the labels of a container', () => {
  it('tell the hooks that run inside of it, as far as they concern the instance', () => {
    const inside = aHook('pre-stop', 'drain', { instances: [2], user: 'root' });
    const others = [aHook('pre-start', 'migrate'), aHook('post-start', 'warm', { instances: [1] })];

    const { Labels } = optionsOf({ number: 2, hooks: [inside, ...others] });

    expect(parseLabels(Labels)).toMatchObject({ hooks: [inside], hookRun: null });
    expect(optionsOf().Labels).not.toHaveProperty('io.gridops.hooks');
  });

  it('tell the health check, with how many failures it bears', () => {
    const check = { protocol: 'tcp', port: 80, uri: '/', timeout: 1, interval: 2 } as const;
    for (const healthCheck of [
      { ...check, initialDelay: 0 },
      { ...check, initialDelay: 0, retries: 5 },
    ])
      expect(parseLabels(optionsOf({ healthCheck }).Labels)).toMatchObject({ healthCheck });
  });

  it.each(['{', 'null', '[1, null, {"name": "x"}]'])(
    'are not believed when they say %s',
    (text) => {
      const Labels = { ...optionsOf().Labels, 'io.gridops.hooks': text };

      expect(parseLabels(Labels)).toMatchObject({ hooks: [] });
    },
  );
});
