import { describe, expect, it } from 'vitest';
import { gridRegistries, gridRegistry } from '../../src/agent/grid-registry.ts';

describe('the registry of an image', () => {
  it.each([
    ['registry.demo.kontena.local:5000/shop/web:1', 'registry.demo.kontena.local', 5000],
    ['api.registry.demo.kontena.local:443/web', 'api.registry.demo.kontena.local', 443],
    ['registry.demo.kontena.local:5000/a@sha256:00', 'registry.demo.kontena.local', 5000],
  ])('in the grid is that of %s', (image, host, port) => {
    expect(gridRegistry(image, 'demo')).toEqual({ host, port });
  });

  it.each([
    'nginx',
    'docker.io/library/nginx:1',
    'registry.demo.kontena.local/web:1',
    'registry.other.kontena.local:5000/web',
    'registry.demo.kontena.local:5000',
    'registry.demo.kontena.local:70000/web',
    'registry.demo.kontena.local.example.com:5000/web',
    'evil.com/registry.demo.kontena.local:5000/web',
    'demo.kontena.local:5000/web',
  ])('is none of the grid for %s', (image) => {
    expect(gridRegistry(image, 'demo')).toBeNull();
  });

  it('is named once for many images', () => {
    const host = 'registry.demo.kontena.local';
    const images = ['a:1', `${host}:5000/a`, `${host}:5000/b`, `${host}:5001/b`];
    expect(gridRegistries(images, 'demo')).toEqual([
      { host, port: 5000 },
      { host, port: 5001 },
    ]);
  });
});
