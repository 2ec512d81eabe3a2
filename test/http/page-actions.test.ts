import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GridError } from '../../src/model/error.ts';
import { aDeploy, aGrid, aNode, aPlan, aSummary, NOW } from './fake-operations.ts';
import { signIn, startServer, type TestServer } from './test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

beforeEach(() => server.reset());

afterAll(async () => {
  await server.close();
});

interface Form {
  readonly action: string;
  readonly label: string;
  readonly fields: Record<string, string>;
}

/** The one form of a page that does something, as a browser reads it. */
async function formOf(path: string): Promise<Form | null> {
  const text = await (await server.page(path)).text();
  const form = /<form class="action" method="post" action="([^"]*)">(.*?)<\/form>/s.exec(text);
  if (form === null) return null;
  const [, action = '', inner = ''] = form;
  const inputs = inner.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g);
  const label = /<button[^>]*>([^<]*)/.exec(inner)?.[1] ?? '';
  return { action, label, fields: Object.fromEntries([...inputs].map(([, n, v]) => [n, v])) };
}

async function click(form: Form, headers: Record<string, string> = {}): Promise<Response> {
  const body = new URLSearchParams(form.fields);
  return await server.page(form.action, { method: 'POST', body, headers });
}

async function theForm(path: string): Promise<Form> {
  const form = await formOf(path);
  if (form === null) throw new Error(`no form at ${path}`);
  return form;
}

const DEPLOY = '/deploys/01JD8Z2Q7V';
const GRID = '/grids/production';
const held = aDeploy({ phase: 'held', remaining: aPlan({ hash: 'beef' }) });
const frozen = aGrid({
  closed: { because: 'frozen', until: null, message: 'closed: frozen by alice' },
  freeze: { until: null, reason: '', actor: 'alice', at: NOW - 60_000 },
});

describe('a failed deploy', () => {
  it.each([
    [DEPLOY, () => (server.operations.deployList = [aDeploy({ phase: 'failed' })])],
    [GRID, () => (server.operations.gridList = [aGrid({ deploy: aSummary({ phase: 'failed' }) })])],
  ])('is deployed again by one click at %s', async (path, prepare) => {
    prepare();
    const form = await theForm(path);
    expect(form.label).toBe('Deploy again');

    const response = await click(form, { 'sec-fetch-site': 'same-origin' });

    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(DEPLOY);
    expect(server.operations.calls).toContain('redeploy production page');
  });

  it('of the past has no button', async () => {
    server.operations.deployList = [
      aDeploy({ id: 'newer' }),
      aDeploy({ id: 'older', phase: 'failed' }),
    ];
    expect(await formOf('/deploys/older')).toBeNull();
  });

  it('that may not be deployed again says why, and does not break', async () => {
    server.operations.deployList = [aDeploy({ phase: 'failed' })];
    server.operations.refusal = new GridError({
      code: 'invalid-request',
      message: 'grid production is closed <now>',
      hint: 'It opens by itself.',
    });
    const response = await click(await theForm(DEPLOY));
    expect(response.status).toBe(409);
    const text = await response.text();
    expect(text).toContain('closed &lt;now&gt;');
    expect(text).toContain('It opens by itself.');
  });
});

describe('a held deploy', () => {
  it('is approved by one click, with the plan that is shown', async () => {
    server.operations.deployList = [held];
    const form = await theForm(DEPLOY);
    expect([form.label, form.fields['plan']]).toEqual(['Approve this plan', 'beef']);

    expect((await click(form)).headers.get('location')).toBe(DEPLOY);
    expect(server.operations.calls).toContain('approve 01JD8Z2Q7V beef page');
  });

  it.each([
    ['changed', 'The plan is no longer the one that was shown.'],
    ['not-held', 'does not wait for an approval any more'],
  ] as const)('that has %s meanwhile is not approved, and says so', async (approval, said) => {
    server.operations.deployList = [held];
    const form = await theForm(DEPLOY);
    server.operations.approval = approval;
    const response = await click(form);
    expect(response.status).toBe(409);
    expect(await response.text()).toContain(said);
  });

  it('that waits for the grid to open says so, and can go at once', async () => {
    const closed = { because: 'not-allowed', until: NOW, message: 'closed' } as const;
    server.operations.deployList = [{ ...held, closed }];
    expect((await theForm(DEPLOY)).label).toBe('Deploy this plan now');
  });

  it('is approved where its plan is shown: the grid leads there', async () => {
    server.operations.gridList = [aGrid({ deploy: aSummary({ phase: 'held' }) })];
    const text = await (await server.page(GRID)).text();
    expect(text).toContain(`<a class="button" href="${DEPLOY}">Read the plan and approve it</a>`);
    expect(await formOf(GRID)).toBeNull();
  });
});

describe('a frozen grid', () => {
  it('shows by whom, and is unfrozen by one click', async () => {
    server.operations.gridList = [frozen];
    const text = await (await server.page(GRID)).text();
    expect(text).toContain('closed: frozen by alice');

    const response = await click(await theForm(GRID));

    expect(response.headers.get('location')).toBe(GRID);
    expect(server.operations.calls).toContain('unfreeze production page');
  });

  it('that somebody else has unfrozen meanwhile is what was wanted', async () => {
    server.operations.gridList = [frozen];
    const form = await theForm(GRID);
    server.operations.gridList = [aGrid()];
    expect((await click(form)).status).toBe(303);
    expect(server.operations.calls).not.toContain('unfreeze production page');
  });
});

describe('a job', () => {
  const job = {
    grid: 'production',
    stack: 'shop',
    service: 'backup',
    kind: 'schedule',
    schedule: '0 3 * * *',
    timeZone: 'UTC',
    node: 'web-1',
    running: null,
    nextAt: null,
    runs: [],
  } as const;

  it('is run now by one click', async () => {
    server.operations.jobList = [job];
    const form = await theForm(GRID);
    expect(form.label).toBe('Run now');

    expect((await click(form)).headers.get('location')).toBe(GRID);
    expect(server.operations.calls).toContain('run production shop/backup');
  });

  it('that is on no node has no button', async () => {
    server.operations.jobList = [{ ...job, node: null }];
    expect(await formOf(GRID)).toBeNull();
  });

  it('whose node is not there says so', async () => {
    server.operations.jobList = [job];
    const message = 'the job shop/backup is on node web-1, which is offline';
    server.operations.refusal = new GridError({ code: 'invalid-request', message });

    const response = await click(await theForm(GRID));

    expect(response.status).toBe(409);
    expect(await response.text()).toContain(message);
  });
});

describe('a drained node', () => {
  it('shows who drained it', async () => {
    const drained = { by: 'alice', at: NOW - 60_000 };
    server.operations.nodeList = [aNode({ availability: 'drain', drained })];
    expect(await (await server.page(GRID)).text()).toContain('Drained by alice');
  });

  it('shows what keeps it from getting empty', async () => {
    server.operations.nodeList = [aNode({ availability: 'drain', stays: ['shop/db-1'] })];
    const page = await (await server.page(GRID)).text();
    expect(page).toMatch(/Not empty before a person moves or removes[^]*<code>shop\/db-1<\/code>/);
  });
});

describe('a click', () => {
  it.each([
    ['from another site', {}, { 'sec-fetch-site': 'cross-site' }],
    ['without the key of the page', { key: '' }, {}],
    ['with a made-up key', { key: 'x'.repeat(43) }, {}],
  ])('%s does nothing', async (_what, fields, headers) => {
    server.operations.deployList = [held];
    const form = await theForm(DEPLOY);
    const forged = { ...form, fields: { ...form.fields, ...fields } };
    expect((await click(forged, headers)).status).toBe(403);
    expect(server.operations.calls.filter((call) => call.startsWith('approve'))).toEqual([]);
  });

  it('with the key of another session does nothing', async () => {
    server.operations.deployList = [held];
    const form = await theForm(DEPLOY);
    const cookie = await signIn(server.url);
    expect((await click(form, { cookie })).status).toBe(403);
  });

  it('without a session leads to the login', async () => {
    const form = await theForm(DEPLOY).catch(() => null);
    const action = form?.action ?? `${DEPLOY}/approve`;
    const response = await fetch(server.url + action, { method: 'POST', redirect: 'manual' });
    expect(response.headers.get('location')).toContain('/login');
    expect(server.operations.calls.filter((call) => call.startsWith('approve'))).toEqual([]);
  });
});
