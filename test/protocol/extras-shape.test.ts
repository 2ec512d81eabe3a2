import type Type from 'typebox';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { ContainerExtras } from '../../src/model/extras.ts';
import { decodeAssignment } from '../../src/protocol/codec.ts';
import type { ContainerExtras as Shape } from '../../src/protocol/extras-shape.ts';
import { aSpec } from '../support/builders.ts';

type Wire = Type.Static<typeof Shape>;

function assignmentWith(extras: object): string {
  const spec = { ...aSpec(), extras };
  const id = { stack: 'shop', service: 'web', number: 1 };
  const instance = {
    ...id,
    stateful: false,
    spec,
    specHash: 'a',
    revision: 'b',
    mode: 'start-first',
  };
  const assignment = { grid: 'demo', node: 'node-1', generation: 1, roster: ['node-1'], kept: [] };
  return JSON.stringify({ ...assignment, instances: [instance] });
}

describe('extras on the wire', () => {
  it('have the fields of the model, no more and no fewer', () => {
    expectTypeOf<keyof Wire>().toEqualTypeOf<keyof ContainerExtras>();
    expectTypeOf<Wire>().toExtend<ContainerExtras>();
  });

  const whole: Required<ContainerExtras> = {
    init: false,
    tty: true,
    stdinOpen: true,
    workingDir: '/srv',
    hostname: 'box',
    domainname: 'example.com',
    groups: ['44'],
    ulimits: [{ name: 'nofile', soft: 1, hard: -1 }],
    sysctls: { a: 'b' },
    securityOptions: ['no-new-privileges'],
    annotations: { a: 'b' },
    ipc: 'none',
    uts: 'host',
    userns: 'host',
    cgroup: 'private',
    cgroupParent: '/a',
    runtime: 'runc',
    platform: 'linux/amd64',
    extraHosts: ['a:::1'],
    dns: ['::1'],
    dnsSearch: ['a'],
    dnsOptions: ['ndots:1'],
    macAddress: '02:42:ac:11:65:43',
    aliases: ['a'],
    links: [{ target: 'db.shop', alias: 'a' }],
    expose: ['80/tcp'],
    devices: [{ source: '/dev/a', target: '/dev/b', permissions: 'rwm' }],
    deviceRules: ['c 1:3 mr'],
    gpus: [{ driver: '', count: -1, ids: [], capabilities: ['gpu'], options: { a: 'b' } }],
    tmpfs: { '/run': '' },
    storageOptions: { size: '1G' },
    memoryReservation: 1,
    memorySwappiness: 0,
    oomKillDisable: true,
    oomScoreAdj: -1,
    pidsLimit: -1,
    cpuset: '0',
    cpuPeriod: 1,
    cpuQuota: 1,
    cpuRealtimePeriod: 1,
    cpuRealtimeRuntime: 1,
    blkio: { weight: 10, readBps: [{ path: '/dev/a', amount: 1 }] },
    healthcheck: { test: ['NONE'], retries: 1, startInterval: 1 },
  };

  it('survive the codec, all of them and none', () => {
    for (const extras of [whole, {}])
      expect(decodeAssignment(assignmentWith(extras)).instances[0]?.spec.extras).toEqual(extras);
  });

  it.each(Object.keys(whole))('are refused when %s is of another type', (field) => {
    expect(() => decodeAssignment(assignmentWith({ [field]: [[null]] }))).toThrow(/extras/);
  });
});
