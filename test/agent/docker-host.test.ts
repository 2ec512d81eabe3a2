import { describe, expect, it } from 'vitest';
import {
  namedImages,
  namedVolumes,
  type PublishingContainer,
  takenPorts,
} from '../../src/agent/docker-host.ts';
import { containerLabels } from '../../src/agent/labels.ts';
import { anAssignedInstance, aService } from '../support/builders.ts';

const scope = { grid: 'demo', node: 'node-1', publishAddress: '0.0.0.0' };
const instance = anAssignedInstance(aService());

function publishing(
  name: string,
  ports: PublishingContainer['Ports'],
  labels: Readonly<Record<string, string>> = {},
): PublishingContainer {
  return { Names: [`/${name}`], Labels: labels, Ports: ports };
}

const http = { IP: '0.0.0.0', PublicPort: 80, PrivatePort: 8080, Type: 'tcp' };

describe('the ports that others have on a host', () => {
  it('are those that their containers have published, by port', () => {
    const ports = [{ ...http, PublicPort: 443, IP: '10.0.0.1' }, http, { ...http, Type: 'udp' }];
    expect(takenPorts([publishing('nginx', ports)], scope)).toEqual([
      { address: '0.0.0.0', port: 80, protocol: 'tcp', container: 'nginx' },
      { address: '0.0.0.0', port: 80, protocol: 'udp', container: 'nginx' },
      { address: '10.0.0.1', port: 443, protocol: 'tcp', container: 'nginx' },
    ]);
  });

  it('are not those that stay inside of the host', () => {
    expect(takenPorts([publishing('db', [{ Type: 'tcp' }])], scope)).toEqual([]);
  });

  it('are not those of this node’s own instances', () => {
    const own = publishing('shop.web-1', [http], containerLabels(scope, instance));
    expect(takenPorts([own], scope)).toEqual([]);
  });

  it('are also those of another node on the same engine, by its name', () => {
    const labels = containerLabels({ ...scope, node: 'node-2' }, instance);
    expect(takenPorts([publishing('shop.web-1', [http], labels)], scope)).toEqual([
      { address: '0.0.0.0', port: 80, protocol: 'tcp', container: 'shop.web-1', node: 'node-2' },
    ]);
  });

  it('are also those of a copy that somebody made of one of ours', () => {
    const labels = { 'io.kontena.grid.name': 'demo', 'io.gridops.node': 'node-1' };
    expect(takenPorts([publishing('copy', [http], labels)], scope)).toHaveLength(1);
  });

  it('are told with the container’s own name, not with what others call it', () => {
    const linked = { ...publishing('', [http]), Names: ['/web/proxy', '/proxy'] };
    expect(takenPorts([linked], scope)[0]?.container).toBe('proxy');
  });
});

describe('the volumes of a host', () => {
  it('are those that have a name of their own, by name', () => {
    const all = ['shop-data', 'f'.repeat(64), 'a'].map((Name) => ({ Name }));
    expect(namedVolumes(all)).toEqual(['a', 'shop-data']);
  });

  it('are none where the engine has none', () => {
    expect(namedVolumes(null)).toEqual([]);
  });
});

describe('the images of a host', () => {
  it('are there by every name that they can be asked for with', () => {
    const digest = `shop/web@sha256:${'a'.repeat(64)}`;
    const all = [
      { RepoTags: ['shop/web:2', 'shop/web:latest'], RepoDigests: [digest], Size: 5_000 },
      { RepoTags: ['<none>:<none>'], RepoDigests: ['<none>@<none>'], Size: 7 },
      { RepoTags: null, Size: 8 },
      { RepoTags: ['alpine:3'], RepoDigests: null, Size: -1 },
    ];
    expect(namedImages(all)).toEqual([
      { name: 'alpine:3', bytes: 0 },
      { name: 'shop/web:2', bytes: 5_000 },
      { name: 'shop/web:latest', bytes: 5_000 },
      { name: digest, bytes: 5_000 },
    ]);
  });
});
