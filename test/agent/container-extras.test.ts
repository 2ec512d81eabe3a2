import { describe, expect, it } from 'vitest';
import { extraConfig, extraHostConfig } from '../../src/agent/container-extras.ts';
import { containerOptions } from '../../src/agent/container-options.ts';
import type { ContainerExtras } from '../../src/model/extras.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import { web } from './bench.ts';

const scope = { grid: 'demo', node: 'node-1', publishAddress: '127.0.0.11' };

function optionsOf(extras: ContainerExtras, overrides: Partial<ContainerSpec> = {}) {
  const instance = web('web:1', { extras, ...overrides });
  return containerOptions({
    scope,
    instance,
    imageVolumes: [],
    attachment: { kind: 'bridge', network: 'gridops-demo' },
  });
}

describe('the extras of a container', () => {
  it('say nothing to the engine where the service says nothing', () => {
    expect(extraConfig({})).toEqual({});
    expect(extraHostConfig({})).toEqual({});
  });

  it('take the place of the names that it would have', () => {
    const options = optionsOf({ hostname: 'box', domainname: 'example.com' });

    expect(options).toMatchObject({ Hostname: 'box', Domainname: 'example.com' });
  });

  it('leave it no name of its own beside the node’s', () => {
    const options = optionsOf({ uts: 'host' });

    expect(options).not.toHaveProperty('Hostname');
    expect(options.HostConfig).toMatchObject({ UTSMode: 'host' });
  });

  it('decide about process 1 where they say so', () => {
    expect(optionsOf({ init: false }).HostConfig.Init).toBe(false);
    expect(optionsOf({ init: true }, { hostPid: true }).HostConfig.Init).toBe(true);
  });

  it('add to our search domains, and win over our options of the resolver', () => {
    const { HostConfig } = optionsOf({
      dns: ['10.0.0.2'],
      dnsSearch: ['example.com'],
      dnsOptions: ['ndots:5', 'use-vc'],
    });

    expect(HostConfig).toMatchObject({
      Dns: ['10.0.0.2'],
      DnsSearch: ['shop.demo.kontena.local', 'demo.kontena.local', 'example.com'],
      DnsOptions: ['timeout:1', 'ndots:5', 'use-vc'],
    });
  });

  it('are all that is said of DNS on the node’s own network', () => {
    const host = { networkMode: 'host' } as const;

    expect(optionsOf({ dnsSearch: ['a.example'] }, host).HostConfig).toMatchObject({
      DnsSearch: ['a.example'],
    });
    for (const key of ['Dns', 'DnsSearch', 'DnsOptions'])
      expect(optionsOf({}, host).HostConfig).not.toHaveProperty(key);
  });

  it('name it and others in the grid’s network', () => {
    const links = [{ target: 'db.shop', alias: 'database' }];
    const extras = { aliases: ['front', 'web'], links, macAddress: '02:42:ac:11:65:43' };
    const { NetworkingConfig, MacAddress } = optionsOf(extras);
    const endpoint = NetworkingConfig?.EndpointsConfig['gridops-demo'];

    expect(endpoint).toMatchObject({ Links: ['db.shop:database'], MacAddress });
    expect(endpoint?.Aliases?.filter((alias) => alias === 'web')).toHaveLength(1);
    expect(endpoint?.Aliases).toContain('front');
  });

  it('tell ports beside those that are published', () => {
    expect(optionsOf({ expose: ['3000/tcp'] }).ExposedPorts).toEqual({ '3000/tcp': {} });
  });

  it('unmask system paths as the docker command does', () => {
    const securityOptions = ['no-new-privileges', 'systempaths=unconfined'];

    expect(extraHostConfig({ securityOptions })).toEqual({
      SecurityOpt: ['no-new-privileges'],
      MaskedPaths: [],
      ReadonlyPaths: [],
    });
  });

  it('mark a container whose health the engine decides about', () => {
    const label = 'io.gridops.engine_check';

    expect(optionsOf({ healthcheck: {} }).Labels).toMatchObject({ [label]: 'true' });
    expect(optionsOf({ healthcheck: { test: ['NONE'] } }).Labels).not.toHaveProperty(label);
    expect(optionsOf({}).Labels).not.toHaveProperty(label);
  });
});
