import { expect, test } from 'vitest';
import { resolveGrid } from '../../src/manifest/compile.ts';
import { explainVariables } from '../../src/manifest/explain-variables.ts';
import { aSourceTree, GRID_FILE, STACK_FILE } from './source-tree.ts';

test('variables are explained by what gave them their value, and those of secrets only by their name', () => {
  const files = {
    [GRID_FILE]: 'stacks: {shop: {variables: {given: a}}}',
    [STACK_FILE]: `stack: shop
variables:
  given: {default: b, value: c}
  fixed: {value: c, default: b}
  made: {from: {variable: fixed}, default: b}
  usual: {default: b}
  off: {type: boolean}
  none: {required: false}
  key: {from: {random_string: 8}}
  url: {from: {interpolate: "redis://:$key@db"}}
services: {web: {image: a}}
`,
  };
  const [shop] = explainVariables(resolveGrid(aSourceTree(files), 'demo').stacks);
  const rows = shop?.variables.map(({ name, value, origin, resolver, secret, position }) => [
    name,
    secret ? (value ?? 'secret') : value,
    resolver ?? origin,
    position?.line,
  ]);
  expect(rows).toEqual([
    ['GRID', 'demo', 'built-in', undefined],
    ['STACK', 'shop', 'built-in', undefined],
    ['PLATFORM', 'demo', 'built-in', undefined],
    ['given', 'a', 'given', 1],
    ['fixed', 'c', 'value', 4],
    ['made', 'c', 'variable', 5],
    ['usual', 'b', 'default', 6],
    ['off', 'false', 'type', undefined],
    ['none', null, 'none', undefined],
    ['key', '⟦key⟧', 'random_string', 9],
    ['url', 'secret', 'interpolate', 10],
  ]);
  expect(JSON.stringify(shop)).not.toContain('redis://:');
});
