import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Service } from '../../src/model/grid.ts';
import { compileFiles, theService } from '../manifest/source-tree.ts';

const file = path.resolve(import.meta.dirname, '../../examples/stacks/registry/kontena.yml');
const sealed = `g1.${'a'.repeat(16)}.${'QUJD'.repeat(20)}`;
const names = [
  'registry-s3-access-key',
  'registry-s3-secret-key',
  'registry-http-tls-certificate',
  'registry-http-tls-key',
  'registry-htpasswd',
];

/** The service of the stack with these values in grid.yml. */
function withVariables(variables: object): Service {
  const secrets = Object.fromEntries(names.map((name) => [name, sealed]));
  return theService(
    compileFiles({
      'grids/demo/grid.yml': JSON.stringify({ stacks: { registry: { variables } } }),
      'grids/demo/secrets.yml': JSON.stringify({ secrets }),
      'grids/demo/stacks/registry/kontena.yml': readFileSync(file, 'utf8'),
    }),
    'api',
  );
}

/** What the registry reads. */
function settingsOf({ files }: Service) {
  const [content] = Object.values(files?.contents ?? {});
  const text = content?.kind === 'binary' ? new TextDecoder().decode(content.bytes) : '';
  return parse(text);
}

describe('the example of a registry', () => {
  it('keeps images on the disk of its node, and needs no secret', () => {
    const service = withVariables({});
    expect(service).toMatchObject({ stateful: true, affinity: [] });
    expect(service.secrets).toBeUndefined();
    expect(service.spec.mounts.map(({ target }) => target)).toContain('/var/lib/registry');
    const { storage, http, auth } = settingsOf(service);
    expect(storage.filesystem).toEqual({ rootdirectory: '/var/lib/registry' });
    expect([storage.s3, http.tls, auth]).toEqual([undefined, undefined, undefined]);
  });

  it('keeps them on S3, with its keys in secrets', () => {
    const service = withVariables({
      storage: 's3',
      s3_bucket: 'images',
      s3_endpoint: 'http://minio',
    });
    const { storage } = settingsOf(service);
    expect(storage.s3).toEqual({
      bucket: 'images',
      region: 'us-east-1',
      regionendpoint: 'http://minio',
    });
    expect(storage.filesystem).toBeUndefined();
    expect(Object.keys(service.secrets ?? {})).toHaveLength(2);
    expect(service.spec.mounts.map(({ target }) => target)).not.toContain('/var/lib/registry');
  });

  it('runs on a node of choice, with TLS and passwords', () => {
    const service = withVariables({ node: 'node-1', tls: true, auth: true });
    expect(service.affinity).toHaveLength(1);
    const { http, auth } = settingsOf(service);
    expect(http.tls).toEqual({
      certificate: '/run/secrets/registry-http-tls-certificate',
      key: '/run/secrets/registry-http-tls-key',
    });
    expect(auth.htpasswd.path).toBe('/run/secrets/registry-htpasswd');
    expect(Object.keys(service.secrets ?? {})).toHaveLength(3);
  });
});
