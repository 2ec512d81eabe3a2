import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { areSameAccounts, registryOf } from '../../src/model/registry-account.ts';

describe('the registry of an image', () => {
  test.each([
    ['nginx', 'docker.io'],
    ['nginx:1.27', 'docker.io'],
    ['acme/shop', 'docker.io'],
    ['acme/shop:1.0', 'docker.io'],
    ['docker.io/acme/shop', 'docker.io'],
    ['index.docker.io/acme/shop', 'docker.io'],
    ['localhost/shop', 'localhost'],
    ['localhost:5000/shop', 'localhost:5000'],
    ['registry:5000/shop:1', 'registry:5000'],
    ['ghcr.io/acme/shop@sha256:0a', 'ghcr.io'],
    ['registry.example.com/a/b/c:1', 'registry.example.com'],
    ['Registry/shop', 'registry'],
    ['Registry.Example.com/shop', 'registry.example.com'],
    ['[::1]:5000/shop', '[::1]:5000'],
    ['', 'docker.io'],
    ['/shop', 'docker.io'],
  ])('of %j is %s', (image, host) => {
    expect(registryOf(image)).toBe(host);
  });

  test('depends on nothing behind the first slash', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (first, rest) => {
        const host = first.replaceAll('/', '');
        expect(registryOf(`${host}/${rest}`)).toBe(registryOf(`${host}/`));
      }),
    );
  });
});

describe('accounts', () => {
  const one = { username: 'deploy', password: 'a' };

  test.each([
    [undefined, {}, true],
    [{ 'a.io': one }, { 'a.io': { ...one } }, true],
    [{ 'a.io': one, 'b.io': one }, { 'b.io': one, 'a.io': one }, true],
    [{ 'a.io': one }, { 'a.io': { ...one, password: 'b' } }, false],
    [{ 'a.io': one }, { 'a.io': { ...one, username: 'other' } }, false],
    [{ 'a.io': one }, { 'b.io': one }, false],
    [{ 'a.io': one }, undefined, false],
    [undefined, { 'a.io': one }, false],
  ])('%j and %j are the same: %s', (a, b, expected) => {
    expect(areSameAccounts(a, b)).toBe(expected);
  });
});
