import { describe, expect, test } from 'vitest';
import { containerOptions } from '../../src/agent/container-options.ts';
import type { Service } from '../../src/model/grid.ts';
import { isConverged } from '../../src/model/plan.ts';
import {
  aHostReport,
  aNode,
  aNodeRunning,
  anAffinity,
  anAssignedInstance,
  aPort,
  aService,
  aSpec,
  aVolumeMount,
} from '../support/builders.ts';
import { places, planOf } from './planning.ts';

const a = aNode({ name: 'a' });
const b = aNode({ name: 'b' });

function withVolumes(name: string, volumes: readonly string[], overrides = {}) {
  return aNode({ name, host: aHostReport({ volumes }), ...overrides });
}

const web = aService({ spec: aSpec({ mounts: [aVolumeMount()] }) });

describe('an instance with a volume of its own', () => {
  test('is placed where that volume is', () => {
    const nodes = [a, withVolumes('c', ['shop.web.data-1']), b];
    expect(places(planOf({ services: [web], nodes }))).toEqual({ 'shop/web-1': 'c' });
  });

  test('is placed by the number that the volume has', () => {
    const nodes = [
      withVolumes('a', ['shop.web.data-3']),
      b,
      withVolumes('c', ['shop.web.data-1', 'shop.web.data-2']),
    ];
    const three = { ...web, instances: 3 };
    expect(places(planOf({ services: [three], nodes }))).toEqual({
      'shop/web-1': 'c',
      'shop/web-2': 'c',
      'shop/web-3': 'a',
    });
  });

  test('goes elsewhere when there is no room', () => {
    const busy = aService({ name: 'busy', spec: aSpec({ ports: [aPort(80)] }) });
    const wanting = aService({ spec: aSpec({ mounts: [aVolumeMount()], ports: [aPort(80)] }) });
    const c = aNodeRunning('c', [[busy, 1]], {
      host: aHostReport({ volumes: ['shop.web.data-1'] }),
    });
    expect(places(planOf({ services: [wanting, busy], nodes: [a, c] }))).toEqual({
      'shop/web-1': 'a',
    });
  });

  test('goes by hard rules all the same, and rather by its volume than by soft ones', () => {
    const nodes = [withVolumes('c', ['shop.web.data-1']), aNode({ name: 'a', labels: ['ssd'] })];
    const asking = (rule: string) => ({ ...web, affinity: [anAffinity(rule)] });
    expect(places(planOf({ services: [asking('label==ssd')], nodes }))).toEqual({
      'shop/web-1': 'a',
    });
    expect(places(planOf({ services: [asking('label==~ssd')], nodes }))).toEqual({
      'shop/web-1': 'c',
    });
  });

  test('goes rather where all of its volumes are than where one is', () => {
    const both = aService({
      spec: aSpec({ mounts: [aVolumeMount(), aVolumeMount({ name: 'log' })] }),
    });
    const nodes = [
      withVolumes('a', ['shop.web.data-1']),
      withVolumes('b', ['shop.web.data-1', 'shop.web.log-1']),
    ];
    expect(places(planOf({ services: [both], nodes }))).toEqual({ 'shop/web-1': 'b' });
  });

  test('is placed as ever where nobody tells of volumes', () => {
    expect(places(planOf({ services: [web], nodes: [b, a] }))).toEqual({ 'shop/web-1': 'a' });
  });

  test('stays where it is, wherever its volume may be, too', () => {
    const nodes = [aNodeRunning('a', [[web, 1]]), withVolumes('b', ['shop.web.data-1'])];
    expect(isConverged(planOf({ services: [web], nodes }))).toBe(true);
  });
});

test.each([
  ['an external volume', { external: true }, 'data', 'c'],
  ['a volume that a stack shares on a node', { scope: 'stack' as const }, 'shop.data', 'a'],
  ['a volume that the grid shares on a node', { scope: 'grid' as const }, 'data', 'a'],
])('%s draws an instance only where it could start on no other node', (_, volume, name, node) => {
  const service = aService({ spec: aSpec({ mounts: [aVolumeMount(volume)] }) });
  const nodes = [a, withVolumes('c', [name])];
  expect(places(planOf({ services: [service], nodes }))).toEqual({ 'shop/web-1': node });
});

describe('a stateful instance', () => {
  const mounts = [{ kind: 'anonymous', target: '/var/lib/data' }] as const;
  const service = (stateful: boolean): Service => aService({ stateful, spec: aSpec({ mounts }) });
  const data = (of: Service): string => {
    const instance = anAssignedInstance(of);
    const scope = { grid: 'demo', node: 'c', publishAddress: '' };
    const attachment = { kind: 'none' } as const;
    const made = containerOptions({ scope, instance, imageVolumes: [], attachment });
    return made.HostConfig.Mounts[0]?.Source ?? '';
  };

  test('that is seen nowhere is placed where the data is that its agent kept', () => {
    const nodes = [a, withVolumes('c', [data(service(true))])];
    expect(places(planOf({ services: [service(true)], nodes }))).toEqual({ 'shop/web-1': 'c' });
    expect(places(planOf({ services: [service(false)], nodes }))).toEqual({ 'shop/web-1': 'a' });
  });
});
