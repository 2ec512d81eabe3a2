import { describe, expect, test } from 'vitest';
import { shownText } from '../../src/manifest/shown-text.ts';

const grid = (text: string) => shownText({ path: 'grids/demo/grid.yml', text });

describe('the lines around a problem', () => {
  test('are of any file but that of sealed values', () => {
    expect(shownText({ path: 'grids/demo/secrets.yml', text: 'secrets: {a: b}' })).toBeNull();
    const text = 'registries: {password: hush}';
    expect(shownText({ path: 'grids/demo/stacks/shop/kontena.yml', text })).toBe(text);
    expect(grid('mtu: 1400\n')).toBe('mtu: 1400\n');
  });

  test('have no password of a registry in them, and every column where it was', () => {
    const text = `mtu: 1400
registries:
  # For pulls.
  "registry.example.com:5000":
    username: deploy
    password: hush hush
    pasword: >
      hush hush
  other.io: {username: deploy, password: hush}
nodes: {hush: {}}
`;
    expect(grid(text)).toBe(`mtu: 1400
registries:
  • ••• ••••••
  "registry.example.com:5000":
    username: deploy
    password: •••• ••••
    pasword: •
      •••• ••••
  other.io: •••••••••• ••••••• ••••••••• •••••
nodes: {hush: {}}
`);
  });

  test.each(['registries: {a.io: {password: hush}}', '{registries: {a.io: {password: hush}}}'])(
    'neither where all stands on one: %s',
    (text) => {
      const shown = grid(text);
      expect(shown).not.toContain('hush');
      expect(shown).toHaveLength(text.length);
    },
  );
});
