import { describe, expect, it } from 'vitest';
import { type Attachment, hardwareAddress } from '../../src/agent/attachment.ts';
import { containerOptions } from '../../src/agent/container-options.ts';
import { hookOptions } from '../../src/agent/hook-options.ts';
import { addressOf, parseLabels } from '../../src/agent/labels.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import { aHook, anAssignedInstance, aService, aSpec } from '../support/builders.ts';

const scope = { grid: 'demo', node: 'a', publishAddress: '0.0.0.0' };
const overlay: Attachment = {
  kind: 'overlay',
  network: 'net',
  address: '10.81.129.7',
  resolver: '10.81.0.2',
};

function optionsOf(spec: Partial<ContainerSpec> = {}, attachment: Attachment = overlay) {
  const instance = anAssignedInstance(aService({ stack: 'shop', spec: aSpec(spec) }));
  return containerOptions({ scope, instance, imageVolumes: [], attachment });
}

describe('a container in the overlay', () => {
  it('has the address that the agent chose, and a hardware address that follows from it', () => {
    expect(optionsOf().NetworkingConfig?.EndpointsConfig['net']).toEqual({
      IPAMConfig: { IPv4Address: '10.81.129.7' },
      MacAddress: '02:42:0a:51:81:07',
    });
    expect(hardwareAddress('10.81.255.254')).toBe('02:42:0a:51:ff:fe');
  });

  it('asks the agent for names, and for those of the grid before anybody outside', () => {
    const { HostConfig } = optionsOf({ extras: { dns: ['10.0.0.2'], dnsSearch: ['example.com'] } });
    expect(HostConfig).toMatchObject({
      NetworkMode: 'net',
      Dns: ['10.81.0.2'],
      DnsOptions: ['ndots:2', 'timeout:1'],
      DnsSearch: ['shop.demo.kontena.local', 'demo.kontena.local', 'example.com'],
    });
  });

  it('lets the engine answer to none of its names, and has them as a label for the agent', () => {
    const links = [{ target: 'db.shop', alias: 'database' }];
    const options = optionsOf({ extras: { aliases: ['front'], links, dns: ['10.0.0.2'] } });
    expect(JSON.stringify(options.NetworkingConfig)).not.toMatch(/front|database/);
    expect(parseLabels(options.Labels)?.naming).toEqual({
      names: ['front'],
      links,
      servers: ['10.0.0.2'],
    });
    expect(addressOf(options.Labels)).toBe('10.81.129.7');
  });

  it('keeps the hardware address that its service asks for', () => {
    const { NetworkingConfig } = optionsOf({ extras: { macAddress: '02:42:ac:11:65:43' } });
    expect(NetworkingConfig?.EndpointsConfig['net']?.MacAddress).toBe('02:42:ac:11:65:43');
  });

  it('gives its hooks an address, and no names', () => {
    const hook = aHook('pre-start', 'migrate');
    const instance = anAssignedInstance(aService({ spec: aSpec({ hooks: [hook] }) }));
    const run = { hook: 'migrate', container: 'x', oneshot: false };
    const options = hookOptions(
      { scope, instance, imageVolumes: [], attachment: overlay },
      { name: 'x', hook, run },
    );
    expect(options.NetworkingConfig?.EndpointsConfig['net']).toEqual({
      IPAMConfig: { IPv4Address: '10.81.129.7' },
      MacAddress: '02:42:0a:51:81:07',
    });
  });

  it('is none of it where the service has the network of its host', () => {
    const options = optionsOf({ networkMode: 'host' });
    expect(options).not.toHaveProperty('NetworkingConfig');
    expect(addressOf(options.Labels)).toBeNull();
    expect(options.HostConfig).toMatchObject({ NetworkMode: 'host' });
    expect(options.HostConfig).not.toHaveProperty('Dns');
  });
});

describe('a container of a node without networks', () => {
  it('is in the engine’s own bridge', () => {
    const options = optionsOf({}, { kind: 'none' });
    expect(options).not.toHaveProperty('NetworkingConfig');
    expect(options.HostConfig.NetworkMode).toBe('bridge');
  });
});
