import { describe, expect, test } from 'vitest';
import { dialectOf } from '../../src/manifest/dialect.ts';
import { readOutline } from '../../src/manifest/outline.ts';

const kontena = 'stacks/shop/kontena.yml';
const compose = 'stacks/shop/docker-compose.yml';

describe('the dialect of a file', () => {
  test.each([
    ['stack: acme/shop\nversion: 0.1.0\nservices:\n  web:\n    image: a\n', kontena, 'stack'],
    ['stack: acme/shop\nversion: 2\nservices: {}\n', kontena, 'stack'],
    ['stack: acme/shop\n', compose, 'stack'],
    ['services:\n  web:\n    image: a\n', kontena, 'stack'],
    ['variables:\n  x:\n    type: string\nservices:\n  {{ x }}: {}\n', kontena, 'stack'],
    ["version: '2'\nservices:\n  web:\n    image: a\n", kontena, 'app'],
    ['version: 2 # the format\nservices: {}\n', kontena, 'app'],
    ['web:\n  image: a\ndb:\n  image: b\n', kontena, 'app'],
    ['web:\n  # note\n  build: .\n', kontena, 'app'],
    ['---\nweb:\n  extends:\n    file: docker-compose.yml\n    service: web\n', kontena, 'app'],
    ["version: '3.8'\nservices: {}\n", kontena, 'compose'],
    ['name: shop\nservices: {}\n', kontena, 'compose'],
    ['services: {}\n', compose, 'compose'],
    ["version: '2'\nservices: {}\n", compose, 'compose'],
    ['web:\n  image: a\n', compose, 'compose'],
    ['services: {}\n', 'stacks/shop/compose.yaml', 'compose'],
    ['services: {}\n', 'stacks/shop/compose.prod.yml', 'compose'],
    ['serivces:\n  web:\n    image: a\n', kontena, 'stack'],
    ['', kontena, 'stack'],
    ['{stack: a, services: {}}', kontena, 'stack'],
  ])('of %j in %s is %s', (text, path, dialect) => {
    expect(dialectOf(path, readOutline(text))).toBe(dialect);
  });
});

describe('an outline', () => {
  test('keeps the lines of some keys where they are', () => {
    const text =
      'stack: a\nservices:\n  {{ x }}: {}\nvariables:\n  # note\n  x: {}\n"meta":\n  a: 1';
    expect(readOutline(text).only(['stack', 'variables', 'meta'])).toBe(
      'stack: a\n\n\nvariables:\n  # note\n  x: {}\n"meta":\n  a: 1',
    );
  });

  test('reads values without quotes and comments', () => {
    const { keys } = readOutline(
      'a: "x y" # z\nb: \'2\'\nc: 1 # 2\nd:\n  e: 1\n    f: 2\n  g: 3\n',
    );
    expect([...keys].map(([key, { value, children }]) => [key, value, [...children]])).toEqual([
      ['a', 'x y', []],
      ['b', '2', []],
      ['c', '1', []],
      ['d', '', ['e', 'g']],
    ]);
  });
});
