import { describe, expect, test } from 'vitest';
import { resolveGrid } from '../../src/manifest/compile.ts';
import { renderStack } from '../../src/manifest/render.ts';
import { aSourceTree, compileFiles, type Files, STACK_FILE } from './source-tree.ts';

function rendered(files: Files, name = 'shop'): string {
  const { stacks, problems } = resolveGrid(aSourceTree(files), 'demo');
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  const stack = stacks.get(name);
  if (stack === undefined) throw new Error(`no stack ${name}`);
  return renderStack(name, stack);
}

const folder = 'grids/demo/stacks/shop';

const anySealed = (letter: string) => `g1.${letter.repeat(16)}.${'QUJD'.repeat(20)}`;
const secrets: Files = {
  'grids/demo/secrets.yml': `secrets: {a: ${anySealed('a')}, b: ${anySealed('b')}}\ncertificates: {x.org: ${anySealed('c')}}\n`,
};

const written: Readonly<Record<string, Files>> = {
  'with variables and Liquid': {
    [STACK_FILE]: `stack: acme/shop
version: 1.0.0
meta: {price: 5$}
variables: {copies: {type: integer, default: 2}, tag: {default: a$$b}}
services:
  # {% for i in (1..copies) %}
  web-{{ i }}:
    image: web
    command: echo $tag $$HOME
    environment: {A: "null", B: , C: yes, D: 'x: "y"', E: "1"}
  # {% endfor %}
volumes: {data: {scope: stack}}
`,
  },
  'with secrets': {
    ...secrets,
    [STACK_FILE]: `stack: a
variables:
  p: {from: {vault: a}}
  q: {from: {random_string: 8}, to: {vault: q}}
configs: {c: {content: "pass=$p"}}
services:
  web:
    image: web
    environment: {URL: "db://$p:$$x@db"}
    configs: [c]
    secrets: [b, {secret: a, name: A, type: env}]
`,
  },
  'with secrets that a variable is written to': {
    ...secrets,
    [STACK_FILE]: `stack: a
variables:
  q: {from: {random_string: 8}, to: {vault: q}}
  plain: {value: a$$b, to: {vault: plain}}
  over: {value: not this, to: {vault: a}}
services:
  web:
    image: web
    environment: {Q: old}
    secrets:
      - {secret: q, name: Q, type: env}
      - {secret: a, name: A, type: env}
      - {secret: a, name: ALL, type: env}
      - {secret: plain, name: ALL, type: env}
    certificates: [{subject: x.org, name: ALL}, {subject: x.org}]
  only:
    image: web
    secrets: [{secret: plain}]
`,
  },
  'that extends others': {
    [STACK_FILE]:
      'stack: a\nservices:\n  web:\n    extends: {file: base.yml, service: b}\n    environment: [A=1]\n',
    [`${folder}/base.yml`]: 'b:\n  image: b\n  environment: {A: 2, B: 3}\n',
  },
  'in the app format': {
    [STACK_FILE]: 'web:\n  image: "%{project}"\n  environment: ["RATE=5%%"]\n',
  },
  'of Compose': {
    [`${folder}/compose.yaml`]:
      'name: shop\nservices:\n  web:\n    image: a\n    logging: {driver: x, options: {tag: "{{.Name}}"}}\n  debug: {image: b, profiles: [x]}\n',
  },
  'with what looks like Liquid': {
    [STACK_FILE]:
      'stack: a\nservices:\n  web:\n    image: a\n    command: "{% raw %}{{ x }}{% endraw %}"\n',
  },
};

describe('a rendered stack', () => {
  test.each(Object.entries(written))('%s is the same stack when it is read', (_, files) => {
    const text = rendered(files);
    const [before] = compileFiles(files).stacks;
    const { stacks, problems } = compileFiles({ ...secrets, [STACK_FILE]: text });
    expect(problems).toEqual([]);
    const hashes = (services: NonNullable<typeof before>['services'] = []) =>
      services.map(({ name, specHash, instances }) => [name, specHash, instances]);
    expect(hashes(stacks[0]?.services)).toEqual(hashes(before?.services));
    expect(rendered({ ...secrets, [STACK_FILE]: text })).toBe(text);
  });

  test('is a file that one can read', () => {
    expect(rendered(written['with variables and Liquid'] ?? {})).toBe(`stack: shop

meta:
  price: 5$

volumes:
  data:
    scope: stack

services:
  web-1:
    image: web
    command: echo a$$b $$HOME
    environment:
      A: "null"
      B: ""
      C: yes
      D: 'x: "y"'
      E: 1

  web-2:
    image: web
    command: echo a$$b $$HOME
    environment:
      A: "null"
      B: ""
      C: yes
      D: 'x: "y"'
      E: 1
`);
  });
});
