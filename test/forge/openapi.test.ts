import { describe, expect, it } from 'vitest';
import { readDocument } from './document.ts';
import { ApiDocument, type Operation } from './openapi.ts';
import { jsonSchema, unknownKeys } from './schema-dialect.ts';

const document = ApiDocument.load();

function operation(method: string, path: string): Operation {
  const match = document.match(method, path);
  if (match === null) throw new Error(`no ${method} ${path}`);
  return match.operation;
}

describe('an operation is found by its path', () => {
  it.each([
    ['GET', '/repos/acme/grids/commits/main', 'repos/get-commit', { ref: 'main' }],
    [
      'GET',
      '/repos/acme/grids/commits/feature/x/status',
      'repos/get-combined-status-for-ref',
      { ref: 'feature/x' },
    ],
    ['GET', '/repos/acme/grids/git/ref/heads%2Fmain', 'git/get-ref', { ref: 'heads/main' }],
    ['GET', '/repos/acme/grids/contents/a/b%20c.yml', 'repos/get-content', { path: 'a/b c.yml' }],
    ['GET', '/repos/acme/grids/contents', 'repos/get-content', { path: '' }],
    [
      'POST',
      '/app/installations/7/access_tokens',
      'apps/create-installation-access-token',
      { installation_id: '7' },
    ],
  ])('%s %s', (method, path, id, parameters) => {
    const match = document.match(method, path);
    expect(match?.operation.id).toBe(id);
    expect(match?.parameters).toMatchObject(parameters);
  });

  it.each([
    ['POST', '/repos/acme/grids'],
    ['GET', '/repos/acme'],
    ['GET', '/repos/acme/grids/teapots'],
  ])('and not at all when GitHub has none: %s %s', (method, path) => {
    expect(document.match(method, path)).toBeNull();
  });
});

describe('an answer', () => {
  const create = operation('POST', '/repos/acme/grids/statuses/abc');

  it('must be documented when it is a success', () => {
    expect(document.checkResponse(create, 200, {})).toEqual(['200 is not documented']);
    expect(document.checkResponse(create, 422, {})).toEqual([]);
  });

  it('must have the documented keys and no others', () => {
    const faults = document.checkResponse(create, 201, { url: 1, descripton: '' });
    expect(faults).toContain("/ must have required property 'description'");
    expect(faults).toContain('/url must be string');
    const ref = operation('GET', '/repos/acme/grids/git/ref/heads/main');
    const object = { type: 'commit', sha: 'a'.repeat(40), url: 'http://127.0.0.1/' };
    const body = { ref: 'refs/heads/main', node_id: 'x', url: 'http://127.0.0.1/', object };
    expect(document.checkResponse(ref, 200, body)).toEqual([]);
    const misspelt = { ...body, object: { ...object, shaa: '' } };
    expect(document.checkResponse(ref, 200, misspelt)).toEqual(['unknown key object.shaa']);
  });

  it('has no body where none is documented', () => {
    const remove = operation('DELETE', '/repos/acme/grids/git/refs/heads/main');
    expect(document.checkResponse(remove, 204, undefined)).toEqual([]);
    expect(document.checkResponse(remove, 204, {})).toEqual(['a body, where none is due']);
  });
});

it('a webhook is known by its event and action', () => {
  expect(document.checkWebhook('push', {})).toContain("/ must have required property 'ref'");
  expect(document.checkWebhook('pull_request', { action: 'opened' })).toContain(
    "/ must have required property 'number'",
  );
  expect(document.checkWebhook('pull_request', { action: 'petted' })).toEqual([
    'there is no webhook pull-request-petted in the document',
  ]);
});

it('nullable becomes a union with null, with and without a type', () => {
  expect(
    jsonSchema({ nullable: true, anyOf: [{ $ref: '#/components/schemas/enterprise' }] }),
  ).toEqual({
    anyOf: [{ anyOf: [{ $ref: 'github:enterprise' }] }, { type: 'null' }],
  });
  expect(jsonSchema({ type: 'object', properties: { nullable: { type: 'string' } } })).toEqual({
    type: 'object',
    properties: { nullable: { type: 'string' } },
  });
});

it('a key of any branch of a union is known, and an open object has no unknown keys', () => {
  const schema = {
    oneOf: [{ properties: { a: { properties: { x: {} } } } }, { properties: { b: {} } }],
    properties: { free: { type: 'object', additionalProperties: true, properties: { y: {} } } },
  };
  const resolve = (): never => {
    throw new Error('no references here');
  };
  expect(unknownKeys(schema, { a: { x: 1 }, b: 1, free: { z: 1 } }, resolve)).toEqual([]);
  expect(unknownKeys(schema, { a: { y: 1 }, c: 1 }, resolve)).toEqual(['a.y', 'c']);
});

it('says what to run when the document is missing', () => {
  expect(() => readDocument('/nonexistent/github.json')).toThrow(
    'run: node scripts/forge-document.mjs',
  );
});
