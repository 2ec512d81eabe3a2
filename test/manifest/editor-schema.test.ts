import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { editorSchemas } from '../../src/manifest/editor-schema.ts';

function published(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../schema/${name}`, import.meta.url), 'utf8'));
}

function validator(name: string) {
  return new Ajv2020({ strict: true, allowUnionTypes: true }).compile(published(name) as object);
}

describe('the published schemas', () => {
  test.each(Object.entries(editorSchemas()))(
    '%s is current (after a build: node scripts/schema.mjs)',
    (name, schema) => {
      expect(published(name)).toEqual(JSON.parse(JSON.stringify(schema)));
    },
  );

  test('describe every key', () => {
    const undescribed: string[] = [];
    const visit = (schema: unknown, path: string) => {
      const {
        properties = {},
        items,
        additionalProperties,
        anyOf = [],
      } = Object(schema) as {
        properties?: Record<string, { description?: string }>;
        items?: unknown;
        additionalProperties?: unknown;
        anyOf?: unknown[];
      };
      for (const [key, inner] of Object.entries(properties)) {
        if (inner.description === undefined) undescribed.push(`${path}/${key}`);
        visit(inner, `${path}/${key}`);
      }
      for (const inner of [items, additionalProperties, ...anyOf]) {
        if (typeof inner === 'object') visit(inner, path);
      }
    };
    for (const [name, schema] of Object.entries(editorSchemas())) visit(schema, name);
    expect(undescribed).toEqual([]);
  });

  test('accept variables wherever a value is', () => {
    const check = validator('kontena.schema.json');
    const service = {
      image: 'a:$tag',
      instances: '${n}',
      stateful: '$yes',
      deploy: { min_health: '$h', strategy: '${s}' },
    };
    expect(check({ services: { web: service } })).toBe(true);
    expect(check({ services: { web: { ...service, instances: 'many' } } })).toBe(false);
  });

  test('accept what files really hold, and refuse unknown keys', () => {
    const check = validator('kontena.schema.json');
    const services = {
      web: { image: 'a', user: 1000, environment: { A: 1, B: true, C: null }, ports: ['80:80'] },
    };
    expect(
      check({
        stack: 'a/b',
        version: 0.1,
        services,
        volumes: { data: { external: true } },
        'x-a': 1,
      }),
    ).toBe(true);
    expect(check({ services: { web: { imge: 'a' } } })).toBe(false);
    expect(check({})).toBe(false);
    const grid = validator('grid.schema.json');
    expect(
      grid({
        subnet: '10.81.0.0/16',
        stacks: { a: { variables: { n: 1 } } },
        prune: { budget: '30%' },
      }),
    ).toBe(true);
    expect(grid({ subnets: [] })).toBe(false);
  });
});
