import type {
  Backend,
  BackendSettings,
  BalancerSettings,
  Balancing,
} from '../../src/model/balancing.ts';
import { shortDigest } from '../../src/model/digest.ts';

export function aBackendSettings(overrides: Partial<BackendSettings> = {}): BackendSettings {
  return {
    mode: 'http',
    internalPort: 80,
    externalPort: null,
    balance: 'roundrobin',
    virtualHosts: [],
    virtualPaths: ['/'],
    keepVirtualPath: false,
    cookie: null,
    customSettings: [],
    basicAuth: null,
    check: null,
    ...overrides,
  };
}

export function aBackend(service: string, overrides: Partial<BackendSettings> = {}): Backend {
  return { stack: 'shop', service, ...aBackendSettings(overrides) };
}

/** By connections, on a port of the load balancer. */
export function aTcpBackend(service: string, externalPort: number): Backend {
  return aBackend(service, { mode: 'tcp', externalPort, virtualPaths: [] });
}

export function aBalancerSettings(overrides: Partial<BalancerSettings> = {}): BalancerSettings {
  return {
    healthUri: null,
    statsPassword: null,
    ciphers: null,
    customSettings: [],
    acceptProxy: false,
    http2: true,
    certificates: [],
    challenges: {},
    ...overrides,
  };
}

export function aBalancing(
  backends: readonly Backend[],
  settings: Partial<BalancerSettings> = {},
): Balancing {
  const all = { settings: aBalancerSettings(settings), backends };
  return { hash: shortDigest(all), ...all };
}
