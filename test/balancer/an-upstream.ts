import type { Upstream } from '../../src/balancer/upstream.ts';

/** A ready container of a service of the stack `shop`, on this machine. */
export function anUpstream(
  service: string,
  port: number,
  overrides: Partial<Upstream> = {},
): Upstream {
  return {
    stack: 'shop',
    service,
    number: 1,
    container: `${service}-${port}`,
    address: '127.0.0.1',
    port,
    ready: true,
    draining: false,
    ...overrides,
  };
}
