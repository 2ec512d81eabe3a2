import { connect } from 'node:net';
import type Type from 'typebox';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GridError } from '../../src/model/error.ts';
import { type ApiError, decodeReply, Recipient, Version } from '../../src/protocol/api.ts';
import { Deploy, DeployList } from '../../src/protocol/deploy-api.ts';
import { EventList } from '../../src/protocol/event-api.ts';
import { GridList, GridStatus } from '../../src/protocol/grid-api.ts';
import { InstanceList } from '../../src/protocol/instance-api.ts';
import { NetworkStatus } from '../../src/protocol/network-api.ts';
import { NodeList } from '../../src/protocol/node-api.ts';
import { CurrentPlan } from '../../src/protocol/plan-api.ts';
import { ServiceList } from '../../src/protocol/service-api.ts';
import { VariableList } from '../../src/protocol/variable-api.ts';
import { VolumeList } from '../../src/protocol/volume-api.ts';
import { aDeploy, aGrid, NOW, OLD_SHA, RECIPIENT } from './fake-operations.ts';
import { startServer, type TestServer } from './test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

beforeEach(() => server.reset());

afterAll(async () => {
  await server.close();
});

async function error(
  response: Response,
): Promise<{ code: string; message: string; hint?: string }> {
  return ((await response.json()) as ApiError).error;
}

function post(path: string, body: unknown): Promise<Response> {
  return send('POST', path, body);
}

function send(method: string, path: string, body: unknown): Promise<Response> {
  return server.api(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

describe('who may use the API', () => {
  it.each([
    ['nothing', {}],
    ['a wrong token', { authorization: 'Bearer wrong' }],
    ['the token as a password', { authorization: 'Basic YS10b2tlbg==' }],
    ['a session cookie', { cookie: 'gridops=x' }],
  ])('answers 401 to %s, also where there is nothing', async (_what, headers) => {
    for (const path of ['/api/v1/grids', '/api/v1/nothing', '/api/v1/openapi.json', '/api/v1']) {
      const response = await fetch(server.url + path, {
        headers: headers as Record<string, string>,
      });
      expect([path, response.status]).toEqual([path, 401]);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      expect(await error(response)).toMatchObject({ code: 'not-authenticated' });
    }
  });

  it('does not take the session of the pages', async () => {
    const response = await server.page('/api/v1/grids');
    expect(response.status).toBe(401);
  });

  it('does nothing for a request without the token', async () => {
    await fetch(`${server.url}/api/v1/grids/production/deploys`, { method: 'POST' });
    expect(server.operations.calls).toEqual([]);
  });
});

describe('reading', () => {
  it.each<[string, Type.TSchema]>([
    ['/version', Version],
    ['/recipient', Recipient],
    ['/grids', GridList],
    ['/grids/production', GridStatus],
    ['/grids/production/network', NetworkStatus],
    ['/grids/production/nodes', NodeList],
    ['/grids/production/services', ServiceList],
    ['/grids/production/instances', InstanceList],
    ['/grids/production/plan', CurrentPlan],
    ['/grids/production/variables', VariableList],
    ['/grids/production/volumes', VolumeList],
    ['/grids/production/deploys', DeployList],
    ['/deploys/01JD8Z2Q7V', Deploy],
    ['/events', EventList],
    ['/nodes', NodeList],
  ])('GET %s answers by its schema', async (path, schema) => {
    const response = await server.api(`/api/v1${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('application/json');
    const body: unknown = await response.json();
    expect(() => decodeReply(schema, body)).not.toThrow();
  });

  it('hands out whole values unchanged', async () => {
    const response = await server.api('/api/v1/deploys/01JD8Z2Q7V');
    expect(await response.json()).toEqual(aDeploy());
  });

  it('leaves out what the schema does not name', async () => {
    const leaking = { ...aGrid(), password: 'secret-value' };
    server.operations.gridList = [leaking];
    expect(await (await server.api('/api/v1/grids')).text()).not.toContain('secret-value');
    expect(await (await server.api('/api/v1/grids/production')).text()).not.toContain(
      'secret-value',
    );
  });

  it('hands on the page that is asked for', async () => {
    await server.api('/api/v1/grids/production/deploys?limit=7&before=abc');
    await server.api('/api/v1/grids/production/deploys');
    await server.api('/api/v1/events?grid=production&limit=3');
    expect(server.operations.calls).toEqual([
      'deploys production 7 abc',
      'deploys production 50 -',
      'events production 3 -',
    ]);
  });

  it("tells the master's version and clock", async () => {
    expect(await (await server.api('/api/v1/version')).json()).toEqual({
      version: '1.2.3',
      now: NOW,
    });
  });
});

describe('the recipient of sealed values', () => {
  it('is told to whoever has the token', async () => {
    const response = await server.api('/api/v1/recipient');
    expect(await response.json()).toEqual({ recipient: RECIPIENT });
    expect((await fetch(`${server.url}/api/v1/recipient`)).status).toBe(401);
  });
});

describe('changing', () => {
  it('deploys again and answers 202 with the deploy', async () => {
    const response = await server.api('/api/v1/grids/production/deploys', { method: 'POST' });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ started: true, deploy: { id: '01JD8Z2Q7V' } });
    expect(server.operations.calls).toEqual(['redeploy production api']);
  });

  it('deploys what must wait only when it is told to', async () => {
    const path = '/api/v1/grids/production/deploys';
    await post(path, {});
    await post(path, { force: true });
    expect((await post(path, { force: 'yes' })).status).toBe(400);
    expect(server.operations.calls).toEqual([
      'redeploy production api',
      'redeploy production api forced',
    ]);
  });

  it('freezes a grid, for ever or until a time, and unfreezes it', async () => {
    const path = '/api/v1/grids/production/freeze';
    expect((await send('PUT', path, { until: NOW, reason: 'audit' })).status).toBe(200);
    expect((await send('PUT', path, {})).status).toBe(200);
    expect((await send('PUT', path, { until: 'soon' })).status).toBe(400);
    expect((await server.api(path, { method: 'DELETE' })).status).toBe(204);
    expect(server.operations.calls).toEqual([
      `freeze production ${NOW} audit api`,
      'freeze production -  api',
      'unfreeze production api',
    ]);
  });

  it('goes back, and takes no wish that it does not know', async () => {
    const path = '/api/v1/grids/production/rollback';
    const look = await post(path, { dryRun: true });
    expect(await look.json()).toMatchObject({ to: OLD_SHA, done: null });
    const done = await post(path, { to: 'abcdef0', pullRequest: true, by: 'ada' });
    expect(await done.json()).toMatchObject({ done: { kind: 'requested', number: 7 } });
    for (const wrong of [{ to: 'main' }, { force: true }, { by: 7 }, null]) {
      expect((await post(path, wrong as object)).status).toBe(400);
    }
    expect(server.operations.calls).toEqual([
      'rollback production {"dryRun":true} api',
      'rollback production {"to":"abcdef0","pullRequest":true,"by":"ada"} api',
    ]);
  });

  it('drains a node and lets it have instances again', async () => {
    const path = '/api/v1/grids/production/nodes/web-2/availability';
    expect((await send('PUT', path, { availability: 'drain' })).status).toBe(200);
    await send('PUT', path, { availability: 'active' });
    expect((await send('PUT', path, { availability: 'away' })).status).toBe(400);
    expect(server.operations.calls).toEqual([
      'drain production web-2 api',
      'active production web-2 api',
    ]);
  });

  it('approves the plan with that hash', async () => {
    const response = await post('/api/v1/deploys/01JD8Z2Q7V/approve', { planHash: 'f00d' });
    expect(response.status).toBe(202);
    expect(server.operations.calls).toEqual(['approve 01JD8Z2Q7V f00d api']);
  });

  it.each([
    ['changed', 'plan-changed'],
    ['not-held', 'not-held'],
  ] as const)('answers 409 when the plan is %s', async (approval, code) => {
    server.operations.approval = approval;
    const response = await post('/api/v1/deploys/01JD8Z2Q7V/approve', { planHash: 'f00d' });
    expect(response.status).toBe(409);
    expect(await error(response)).toMatchObject({ code });
  });

  it('makes a join token that lasts an hour unless told otherwise', async () => {
    const first = await post('/api/v1/tokens', { grid: 'production' });
    expect(first.status).toBe(201);
    expect(await first.json()).toMatchObject({
      token: 'gj1.production.secret',
      expiresAt: NOW + 3_600_000,
    });
    const second = await post('/api/v1/tokens', { grid: 'production', expiresIn: 120 });
    expect(await second.json()).toMatchObject({ expiresAt: NOW + 120_000 });
  });

  it('forgets a node and answers 204', async () => {
    const response = await server.api('/api/v1/grids/production/nodes/web-2', { method: 'DELETE' });
    expect(response.status).toBe(204);
    expect(server.operations.calls).toEqual(['remove production web-2']);
  });
});

describe('refusing', () => {
  it.each([
    '/api/v1/grids/nowhere',
    '/api/v1/grids/nowhere/plan',
    '/api/v1/deploys/nothing',
    '/api/v1/nothing',
  ])('answers 404 at %s', async (path) => {
    const response = await server.api(path);
    expect(response.status).toBe(404);
    expect(await error(response)).toMatchObject({ code: 'not-found' });
  });

  it.each<[string, unknown]>([
    ['/api/v1/deploys/01JD8Z2Q7V/approve', {}],
    ['/api/v1/deploys/01JD8Z2Q7V/approve', { planHash: 5 }],
    ['/api/v1/deploys/01JD8Z2Q7V/approve', { planHash: 'x', and: 'more' }],
    ['/api/v1/deploys/01JD8Z2Q7V/approve', null],
    ['/api/v1/tokens', { grid: 'production', expiresIn: '60' }],
    ['/api/v1/tokens', { grid: 'production', expiresIn: 1 }],
    ['/api/v1/tokens', { grid: '../../etc' }],
  ])('answers 400 to a wrong body: POST %s %j', async (path, body) => {
    const response = await post(path, body);
    expect(response.status).toBe(400);
    expect(await error(response)).toMatchObject({ code: 'invalid-request' });
    expect(server.operations.calls).toEqual([]);
  });

  it.each(['?limit=0', '?limit=501', '?limit=many', '?grid=..%2f..'])(
    'answers 400 to the query %s',
    async (query) => {
      expect((await server.api(`/api/v1/events${query}`)).status).toBe(400);
    },
  );

  it('answers 400 to text that is not JSON', async () => {
    const response = await server.api('/api/v1/tokens', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect(response.status).toBe(400);
    expect(await error(response)).toMatchObject({ code: 'invalid-request' });
  });

  it('answers 413 to a body that is too large', async () => {
    const response = await post('/api/v1/tokens', { grid: 'x'.repeat(100_000) });
    expect(response.status).toBe(413);
    expect(await error(response)).toMatchObject({ code: 'payload-too-large' });
  });

  it('answers 415 to a form', async () => {
    const response = await server.api('/api/v1/tokens', {
      method: 'POST',
      body: new URLSearchParams({ grid: 'production' }),
    });
    expect(response.status).toBe(415);
  });

  it('answers 400 to an address that is no address', async () => {
    const response = await server.api('/api/v1/grids/%ff');
    expect(response.status).toBe(400);
    expect(await error(response)).toMatchObject({ code: 'invalid-request' });
  });

  it('takes a name with a slash as a name that is not there', async () => {
    expect((await server.api('/api/v1/grids/..%2f..%2fetc')).status).toBe(400);
  });
});

describe('faults', () => {
  it('says what a known fault is and what to do', async () => {
    server.operations.fault = new GridError({
      code: 'repository-unreachable',
      message: 'cannot fetch',
      hint: 'Look at the network.',
    });
    const response = await server.api('/api/v1/grids');
    expect(response.status).toBe(503);
    expect(await error(response)).toEqual({
      code: 'repository-unreachable',
      message: 'cannot fetch',
      hint: 'Look at the network.',
    });
  });

  it('keeps the words of an unknown fault to itself', async () => {
    server.operations.fault = new Error('password=hunter2 at /data/store.sqlite');
    const response = await server.api('/api/v1/grids');
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).toContain('"internal"');
    expect(text).not.toMatch(/hunter2|sqlite/);
  });
});

describe('every answer', () => {
  it.each([
    '/api/v1/grids',
    '/api/v1/nothing',
    '/healthz',
    '/nothing',
    '/login',
    '/assets/live.js',
  ])('of %s tells browsers to be careful and allows no other site', async (path) => {
    const { headers } = await server.api(path, { redirect: 'manual' });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('cache-control')).toMatch(/no-store|no-cache/);
  });

  it('answers no preflight of another site', async () => {
    const response = await fetch(`${server.url}/api/v1/grids`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
    });
    expect(response.ok).toBe(false);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('health', () => {
  it('is alive without a token, and ready when the operations are', async () => {
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    server.operations.isReady = false;
    expect((await fetch(`${server.url}/readyz`)).status).toBe(503);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });
});

describe('the OpenAPI document', () => {
  it('takes no field but those that are named, and no object in any: nothing can be asked to be shown otherwise', async () => {
    const response = await server.api('/api/v1/openapi.json');
    const bodies = bodiesOf((await response.json()) as OpenApi);
    expect(bodies.length).toBeGreaterThan(4);
    for (const { where, schema } of bodies) {
      expect([where, schema.additionalProperties]).toEqual([where, false]);
      for (const [name, { type, anyOf = [] }] of Object.entries(schema.properties ?? {}))
        expect([where, name, [type, ...anyOf.map((one) => one.type)]]).not.toContainEqual(
          expect.arrayContaining(['object']),
        );
    }
  });

  it('describes every route with named schemas and resolvable references', async () => {
    const response = await server.api('/api/v1/openapi.json');
    const document = (await response.json()) as {
      openapi: string;
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
      components: { schemas: Record<string, unknown> };
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths).toSorted()).toEqual([
      '/api/v1/deploys/{id}',
      '/api/v1/deploys/{id}/approve',
      '/api/v1/events',
      '/api/v1/events/stream',
      '/api/v1/grids',
      '/api/v1/grids/{grid}',
      '/api/v1/grids/{grid}/deploys',
      '/api/v1/grids/{grid}/freeze',
      '/api/v1/grids/{grid}/instances',
      '/api/v1/grids/{grid}/jobs',
      '/api/v1/grids/{grid}/jobs/{stack}/{service}/run',
      '/api/v1/grids/{grid}/network',
      '/api/v1/grids/{grid}/nodes',
      '/api/v1/grids/{grid}/nodes/{node}',
      '/api/v1/grids/{grid}/nodes/{node}/availability',
      '/api/v1/grids/{grid}/nodes/{node}/volumes/{volume}',
      '/api/v1/grids/{grid}/plan',
      '/api/v1/grids/{grid}/previews',
      '/api/v1/grids/{grid}/rollback',
      '/api/v1/grids/{grid}/services',
      '/api/v1/grids/{grid}/variables',
      '/api/v1/grids/{grid}/volumes',
      '/api/v1/nodes',
      '/api/v1/previews/{id}',
      '/api/v1/recipient',
      '/api/v1/repositories',
      '/api/v1/tokens',
      '/api/v1/version',
    ]);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)];
    expect(references.length).toBeGreaterThan(10);
    for (const [, reference = ''] of references)
      expect(document.components.schemas).toHaveProperty(
        reference.replace('#/components/schemas/', ''),
      );
  });
});

describe('closing', () => {
  it('ends streams and idle connections at once', async () => {
    const other = await startServer();
    const stream = await other.api('/api/v1/events/stream');
    const idle = connect(Number(new URL(other.url).port), '127.0.0.1');
    const gone = new Promise((resolve) => idle.on('close', resolve));
    await new Promise((resolve) => idle.on('connect', resolve));
    await other.close();
    await gone;
    expect(await stream.text()).toContain('retry:');
  });
});

interface JsonSchema {
  readonly type?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly additionalProperties?: boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

interface OpenApi {
  readonly paths: Record<
    string,
    Record<
      string,
      { readonly requestBody?: { readonly content: Record<string, { schema: JsonSchema }> } }
    >
  >;
}

function bodiesOf({ paths }: OpenApi) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { requestBody }]) =>
      Object.values(requestBody?.content ?? {})
        .flatMap(({ schema }) => schema.anyOf ?? [schema])
        .filter(({ type }) => type !== 'null')
        .map((schema) => ({ where: `${method} ${path}`, schema })),
    ),
  );
}
