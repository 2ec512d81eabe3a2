import { describe, expect, test } from 'vitest';
import { convertFile } from '../../src/manifest/convert.ts';
import { aTextFile, codes, compileStackFile, GRID_FILE } from './source-tree.ts';

function converted(text: string, path = 'docker-compose.yml', environment = {}) {
  const conversion = convertFile({
    file: aTextFile(text, path),
    name: 'shop',
    environment: new Map(Object.entries(environment)),
  });
  return { ...conversion, lines: conversion.notes.map(({ line }) => line) };
}

const compose = `# The shop.
version: '3.8'
x-log: &log
  driver: json-file
services:
  web:
    image: web:\${TAG:-1} # newest
    container_name: shop_web
    restart: always
    build: .
    networks: [back]
    logging: *log
    deploy:
      replicas: 3
    environment:
      PRICE: 5$$
      HOST: \${HOST}
  db:
    image: postgres:\${PG_VERSION}
    volumes:
      - data:/var/lib/postgresql/data
networks:
  back:
volumes:
  data:
`;

describe('a Compose file', () => {
  const { text, lines, notes, problems } = converted(compose, 'docker-compose.yml', {
    PG_VERSION: '16',
  });

  test('becomes a stack file with its comments, anchors and order', () => {
    expect(problems).toEqual([]);
    expect(text).toBe(`# The shop.
stack: shop

variables:
  TAG: { required: false }
  HOST: { type: string }
  PG_VERSION: { default: 16 }

x-log: &log
  driver: json-file

services:
  web:
    image: web:\${TAG:-1} # newest
    build: .
    logging: *log
    environment:
      PRICE: 5$$
      HOST: \${HOST}
    instances: 3
  db:
    image: postgres:\${PG_VERSION}
    volumes:
      - data:/var/lib/postgresql/data
    stateful: true

volumes:
  data:
    scope: stack
`);
  });

  test('has every change noted at its place', () => {
    expect(lines).toEqual([8, 9, 10, 11, 14, 17, 21, 23, 25]);
    expect(notes.map(({ message }) => message).join('\n')).toContain('"HOST" needs a value');
  });

  test('compiles once its variables have values', () => {
    const given = { [GRID_FILE]: 'stacks: {shop: {variables: {HOST: a}}}' };
    expect(codes(compileStackFile(text ?? '', given))).toEqual([]);
  });
});

describe('an app file', () => {
  const { text } = converted(
    'web:\n  image: "%{project}:${TAG}"\n  net: host\n  command: rate 5%% $project\n  log_driver: syslog\n  log_opts: {tag: a}\n  volumes: ["data:/d"]\n',
    'kontena.yml',
  );

  test('becomes a stack file', () => {
    expect(text).toBe(`stack: shop

variables:
  TAG: { type: string }
  project: { default: "\${STACK}" }

services:
  web:
    image: "\${STACK}:\${TAG}"
    command: rate 5% $project
    volumes: [ "data:/d" ]
    network_mode: host
    logging:
      driver: syslog
      options: { tag: a }
    stateful: true

volumes:
  data:
    scope: stack
`);
  });

  test('compiles once its variables have values', () => {
    const given = { [GRID_FILE]: 'stacks: {shop: {variables: {TAG: a}}}' };
    const compiled = compileStackFile(text ?? '', given);
    expect(codes(compiled)).toEqual([]);
    expect(compiled.stacks[0]?.services[0]?.spec.command).toEqual(['rate', '5%', 'shop']);
  });
});

test.each([
  ['build: app', 'build: context: app dockerfile: b'],
  ['build: {context: app}', 'build: { context: app, dockerfile: b }'],
])('what an app file builds is built still: %s', (lines, expected) => {
  const { text, notes } = converted(
    `web:\n  image: a\n  ${lines}\n  dockerfile: b\n`,
    'kontena.yml',
  );
  expect(text?.replace(/\s+/g, ' ')).toContain(expected);
  expect(notes.map(({ message }) => message).join('\n')).toContain('gridops build');
});

test('a stack file stays as it is', () => {
  const text = 'stack: a/b\nservices:\n  web:\n    image: a\n';
  expect(converted(text, 'kontena.yml')).toMatchObject({ text, notes: [] });
});

test.each(['a: [', '- a', ''])('what is no such file is not converted: %j', (text) => {
  expect(converted(text).text).toBeNull();
});
