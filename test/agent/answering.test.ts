import { describe, expect, it } from 'vitest';
import { LocalAnswering, upstreamsOf } from '../../src/agent/answering.ts';
import type { ServiceInstance } from '../../src/discovery/service-watch.ts';

const service = { stack: 'shop', service: 'web' };

function anInstance(number: number, overrides: Partial<ServiceInstance> = {}): ServiceInstance {
  return {
    number,
    container: `c${number}`,
    address: `10.81.128.${number}`,
    port: 80,
    ready: true,
    condition: 'ready',
    node: 1,
    stale: false,
    ...overrides,
  };
}

function told(instances: readonly ServiceInstance[]): readonly string[] {
  return upstreamsOf({ ...service, instances }).map(
    ({ number, ready, draining }) =>
      `${number}${ready ? ' ready' : ''}${draining ? ' draining' : ''}`,
  );
}

describe('who answers for a service behind a load balancer', () => {
  it('is who is ready; others are known, and asked for nothing', () => {
    expect(told([anInstance(1), anInstance(2, { condition: 'running' })])).toEqual([
      '1 ready',
      '2',
    ]);
  });

  it('is whoever runs where nobody is ready', () => {
    expect(told([anInstance(1, { condition: 'running' })])).toEqual(['1 ready']);
  });

  it('is nobody unhealthy, and who is about to be stopped stays known for what it has to finish', () => {
    expect(
      told([
        anInstance(1),
        anInstance(2, { condition: 'draining' }),
        anInstance(3, { condition: 'unhealthy' }),
      ]),
    ).toEqual(['1 ready', '2 draining']);
  });

  it('is on a silent node only where no other is left', () => {
    const silent = anInstance(2, { stale: true });
    expect(told([anInstance(1), silent])).toEqual(['1 ready']);
    expect(told([silent])).toEqual(['2 ready']);
  });

  it('is not known on a host alone before everything was looked at', () => {
    const local = new LocalAnswering();
    const calls: number[] = [];
    const end = local.onChange(() => calls.push(1));
    const one = {
      ...service,
      number: 1,
      container: 'c1',
      address: '172.18.0.2',
      port: null,
      names: [],
      links: [],
      servers: [],
      ready: true,
      healthy: true,
      draining: false,
    };
    local.publish('shop/web-1', { containers: [one], askers: [] });
    expect(local.of(service)).toBeNull();
    local.begin();
    expect(local.of(service)).toMatchObject([{ number: 1, address: '172.18.0.2', ready: true }]);
    expect(local.of({ stack: 'shop', service: 'db' })).toEqual([]);
    local.publish('shop/web-1', { containers: [], askers: [] });
    expect(local.of(service)).toEqual([]);
    end();
    local.publish('shop/web-1', { containers: [one], askers: [] });
    expect(calls).toHaveLength(3);
  });
});
