import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  aDeploy,
  aGrid,
  aNode,
  anEvent,
  anInstance,
  aPlan,
  aRepository,
  aService,
  aStep,
  aSummary,
  NOW,
  SHA,
} from './fake-operations.ts';
import { logIn, signIn, startServer, type TestServer, TOKEN } from './test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

beforeEach(() => server.reset());

afterAll(async () => {
  await server.close();
});

const failure = {
  code: 'container-exited',
  message: 'the container ended',
  exitCode: 1,
  log: ['first line', 'last line'],
  count: 3,
};

describe('without a session', () => {
  it.each(['/', '/grids/production', '/grids/nowhere', '/deploys/01JD8Z2Q7V'])(
    '%s leads to the login and back, whether it exists or not',
    async (path) => {
      const response = await fetch(server.url + path, { redirect: 'manual' });
      expect(response.status).toBe(303);
      expect(response.headers.get('location')).toBe(`/login?next=${encodeURIComponent(path)}`);
    },
  );

  it('the bearer token opens no page', async () => {
    expect((await server.api('/', { redirect: 'manual' })).status).toBe(303);
  });

  it('one who comes from another site is asked to come again from ours, where the cookie is sent', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    const response = await fetch(`${server.url}/deploys/01JD8Z2Q7V`, { headers });
    expect(await response.text()).toContain('<meta http-equiv="refresh" content="0">');
  });
});

it('the volumes of a grid are a page that its own leads to', async () => {
  expect(await (await server.page('/grids/production')).text()).toContain(
    'href="/grids/production/volumes"',
  );
  const response = await server.page('/grids/production/volumes');
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('That no container has');
  expect((await server.page('/grids/nowhere/volumes')).status).toBe(404);
});

describe('signing in', () => {
  it('with the token leads to where one wanted to go, with a cookie that scripts and other sites do not get', async () => {
    const response = await logIn(server.url, { token: TOKEN, next: '/deploys/01JD8Z2Q7V' });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/deploys/01JD8Z2Q7V');
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^gridops=.*HttpOnly; SameSite=Strict/);
    expect(cookie).not.toContain(TOKEN);
  });

  it('goes over https only where the pages are reached by https', async () => {
    const other = await startServer({ publicUrl: 'https://gridops.example' });
    const response = await logIn(other.url, { token: TOKEN });
    expect(response.headers.get('set-cookie')).toMatch(/^__Host-gridops=.*; Path=\/;.*; Secure$/);
    await other.close();
  });

  it.each([
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/a b',
    '',
  ])('never leads to %s', async (next) => {
    const response = await logIn(server.url, { token: TOKEN, next });
    expect(response.headers.get('location')).toBe('/');
  });

  it('with a wrong token shows the form again', async () => {
    const response = await logIn(server.url, { token: 'wrong', next: '/grids/production' });
    expect(response.status).toBe(401);
    const text = await response.text();
    expect(text).toContain('That is not the token.');
    expect(text).toContain('value="/grids/production"');
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  it('is closed for a minute after ten wrong tokens, also to the right one', async () => {
    for (let count = 0; count < 10; count += 1) await logIn(server.url, { token: 'wrong' });
    expect((await logIn(server.url, { token: TOKEN })).status).toBe(429);
    server.clock.now += 60_000;
    expect((await logIn(server.url, { token: TOKEN })).status).toBe(303);
  });

  it("is not possible with another site's form", async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    expect((await logIn(server.url, { token: TOKEN }, headers)).status).toBe(403);
  });

  it('ends after a day', async () => {
    expect((await server.page('/')).status).toBe(200);
    server.clock.now += 24 * 3_600_000;
    expect((await server.page('/')).status).toBe(303);
  });

  it('ends with signing out, also for who kept the cookie', async () => {
    const cookie = await signIn(server.url);
    const options = { method: 'POST', headers: { cookie }, redirect: 'manual' } as const;
    const response = await fetch(`${server.url}/logout`, options);
    expect(response.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await fetch(server.url, { headers: { cookie }, redirect: 'manual' })).status).toBe(303);
  });

  it('takes no form larger than a token needs', async () => {
    expect((await logIn(server.url, { token: 'x'.repeat(10_000) })).status).toBe(413);
  });
});

describe("a grid's page", () => {
  it('shows what runs for pull requests apart from what the branch wants', async () => {
    const preview = { request: 7, head: SHA, url: 'https://pr-7.example.com' };
    server.operations.serviceList = [aService(), aService({ stack: 'shop-pr-7', preview })];
    const text = await (await server.page('/grids/production')).text();
    const [own = '', apart = ''] = text.split('Running for pull requests');
    expect(own).not.toContain('shop-pr-7/web');
    expect(apart).toContain('shop-pr-7/web');
    expect(apart).toContain('#7');
    expect(apart).toContain('href="https://pr-7.example.com"');
  });
});

describe('the pages', () => {
  it('allow no script and style but ours, and have none inline', async () => {
    for (const path of ['/', '/grids/production', '/deploys/01JD8Z2Q7V']) {
      const response = await server.page(path);
      expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(response.headers.get('content-security-policy')).not.toContain('unsafe');
      const text = await response.text();
      expect(text).not.toMatch(/ style=|<style| on[a-z]+=|<script>/);
    }
  });

  it('have one main part, one first heading and headings in order', async () => {
    for (const path of ['/login', '/', '/grids/production', '/deploys/01JD8Z2Q7V']) {
      const text = await (await server.page(path)).text();
      expect(text.match(/<main/g)).toHaveLength(1);
      expect(text.match(/<h1/g)).toHaveLength(1);
      expect(text).toMatch(/<html lang="en">/);
      expect(text.indexOf('<h1')).toBeLessThan(
        (text.indexOf('<h2') + 1 || Infinity) - 1 || Infinity,
      );
    }
  });

  it('have no id twice', async () => {
    server.operations.serviceList = [aService(), aService({ name: 'db' })];
    for (const path of ['/grids/production', '/deploys/01JD8Z2Q7V']) {
      const text = await (await server.page(path)).text();
      const ids = [...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  it('answer 404 with the same page for what is not there', async () => {
    for (const path of ['/grids/nowhere', '/deploys/nothing', '/nothing/at/all']) {
      const response = await server.page(path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.text()).toContain('There is nothing at this address');
    }
  });

  it('keep the words of a fault to themselves', async () => {
    server.operations.fault = new Error('password=hunter2');
    const response = await server.page('/');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('hunter2');
  });
});

describe('the first page', () => {
  it('shows each grid with its state in words', async () => {
    server.operations.gridList = [
      aGrid(),
      aGrid({ name: 'staging', converged: true, deploy: aSummary({ phase: 'succeeded' }) }),
      aGrid({ name: 'empty', deploy: null }),
    ];
    const text = await (await server.page('/')).text();
    expect(text).toMatch(/production<\/a>.*running/);
    expect(text).toMatch(/staging<\/a>.*converged/);
    expect(text).toMatch(/empty<\/a>.*empty/);
  });

  it('says how to begin when there is no grid', async () => {
    server.operations.gridList = [];
    expect(await (await server.page('/')).text()).toContain('grids/&lt;name&gt;/grid.yml');
  });

  it('says when the repository cannot be read, and since when', async () => {
    const fault = {
      code: 'repository-unreachable',
      message: 'connection refused',
      since: NOW - 180_000,
    };
    server.operations.repositoryList = [aRepository({ fault })];
    const text = await (await server.page('/')).text();
    expect(text).toContain('The repository cannot be read');
    expect(text).toContain('3 min ago');
  });

  it('says which grid is in two repositories, and whose it is', async () => {
    const refused = [{ grid: 'production', owner: 'shop' }];
    server.operations.repositoryList = [aRepository(), aRepository({ name: 'blog', refused })];
    const text = await (await server.page('/')).text();
    expect(text).toContain('The grid production is in two repositories');
    expect(text).toContain('what blog says of it is not deployed');
  });
});

describe('the page of a grid', () => {
  it('marks a service that does not run what git says, with the reason', async () => {
    const back = { node: 'web-2', failure, specHash: 'x', revision: 'abcdef0123', instances: 3 };
    const divergence = { stack: 'shop', service: 'web', number: 2, ...back };
    server.operations.serviceList = [aService({ divergence })];
    const text = await (await server.page('/grids/production')).text();
    expect(text).toMatch(/Diverges from git: runs the spec of .*abcdef0.* again/);
    expect(text).toContain('first line\nlast line');
  });

  it('shows services, instances with their failure, nodes, deploys and events', async () => {
    const attempt = {
      specHash: 'x',
      phase: 'failed',
      message: 'tries again in 20 s',
      failure,
    } as const;
    server.operations.instanceList = [anInstance({ state: 'failing', attempt })];
    server.operations.nodeList = [aNode({ status: 'offline', lastSeenAt: NOW - 300_000 })];
    const text = await (await server.page('/grids/production')).text();
    for (const part of [
      'nginx:1.27',
      'shop/web-1',
      'last line',
      'exit code 1',
      'seen',
      '5 min ago',
    ])
      expect(text).toContain(part);
    expect(text).toContain('href="/deploys/01JD8Z2Q7V"');
    expect(text).toContain('runs the new spec on web-1');
  });
});

describe('what somebody else has made of an instance', () => {
  it('is on the page of the grid, with what differs and since when', async () => {
    const found = 'container paused instead of running';
    const differences = [{ what: 'container', wanted: 'running', found: 'paused' }];
    const drift = { state: 'stalled', differences, count: 7, since: NOW - 300_000 } as const;
    server.operations.instanceList = [anInstance({ state: 'paused', drift })];

    const text = await (await server.page('/grids/production')).text();

    expect(text).toContain(`stalled, somebody else has undone it 7 times in a row: ${found}`);
    expect(text).toContain('5 min ago');
  });
});

describe('the page of a deploy', () => {
  async function show(fields: Parameters<typeof aDeploy>[0]): Promise<string> {
    server.operations.deployList = [aDeploy(fields)];
    return await (await server.page('/deploys/01JD8Z2Q7V')).text();
  }

  it('shows how far it is, step by step', async () => {
    const text = await show({});
    expect(text).toMatch(/<progress[^>]* max="3" value="1"/);
    expect(text).toContain('1 of 3 instances updated');
    expect(text).toMatch(/shop\/web-1<\/code>[^]*done[^]*shop\/web-2<\/code>[^]*running/);
    expect(text).toContain('image: nginx:1.26 → nginx:1.27');
  });

  it('shows problems with place, lines and hint', async () => {
    const text = await show({
      phase: 'failed',
      plan: null,
      remaining: null,
      problems: [
        {
          severity: 'error',
          code: 'unknown-key',
          message: 'no such key',
          position: { file: 'grids/production/grid.yml', line: 7, column: 5 },
          hint: 'Did you mean image?',
          help: 'docs/grid-repository.md#unknown-key',
          frame: '> 7 |   <b>: x\n    |   ^',
        },
      ],
    });
    expect(text).toContain('grids/production/grid.yml:7:5');
    expect(text).toContain('<mark>&gt; 7 |   &lt;b&gt;: x</mark>\n<b>    |   ^</b>');
    expect(text).toContain('Did you mean image?');
    expect(text).toContain('<a href="/problems#unknown-key">unknown-key</a>');
  });

  it('explains the codes of problems at an address of its own', async () => {
    const text = await (await server.page('/problems')).text();
    expect(text).toMatch(
      /<div id="bad-size"><dt><code>bad-size<\/code><\/dt><dd>Not a size such as <code>512m<\/code>/,
    );
    expect(text).toContain('<code>no-effect</code> <span class="muted">warning</span>');
  });

  it('shows what failed with the last lines of the container, and that the old one serves', async () => {
    const halted = [
      { stack: 'shop', service: 'web', number: 2, node: 'web-2', failure, remaining: 3 },
    ];
    const text = await show({ phase: 'failed', remaining: aPlan({ waves: [], halted }) });
    expect(text).toContain('first line\nlast line');
    expect(text).toContain('The old container keeps serving.');
    expect(text).toContain('3 more steps of shop/web not taken.');
  });

  it('does not claim that the old one serves where it had to stop first', async () => {
    const plan = aPlan({ waves: [{ steps: [aStep({ number: 2, mode: 'stop-first' })] }] });
    const halted = [
      { stack: 'shop', service: 'web', number: 2, node: 'web-2', failure, remaining: 0 },
    ];
    const text = await show({ phase: 'failed', plan, remaining: aPlan({ waves: [], halted }) });
    expect(text).not.toContain('keeps serving');
  });

  it('says which of two containers goes first, and why', async () => {
    const because = 'port 80/tcp of the node';
    const first = aStep({ mode: 'stop-first', because });
    const plan = aPlan({ waves: [{ steps: [first] }, { steps: [aStep({ number: 2 })] }] });
    const text = await show({ plan, remaining: null });
    expect(text).toContain('(stops the old one first: both need port 80/tcp of the node)');
    expect(text).toContain('(starts the new one first)');
  });

  it('shows what was rolled back, why, and which of its steps were undone', async () => {
    const back = { node: 'web-2', failure, specHash: 'x', revision: 'abcdef0123', instances: 3 };
    const rolledBack = [{ stack: 'shop', service: 'web', number: 2, ...back }];
    const remaining = aPlan({ waves: [], rolledBack });
    const text = await show({ phase: 'failed', remaining });
    expect(text).toContain('first line\nlast line');
    expect(text).toMatch(/runs the spec of .*abcdef0.* again, and diverges from git/);
    expect(text).toMatch(/shop\/web-1<\/code>.*\n.*rolled back/);
  });

  it('says why what should be rolled back is held', async () => {
    const notRolledBack = 'it needs the volume data';
    const id = { stack: 'shop', service: 'web', number: 2, node: 'web-2' };
    const halted = [{ ...id, failure, remaining: 0, notRolledBack }];
    const text = await show({ phase: 'failed', remaining: aPlan({ waves: [], halted }) });
    expect(text).toContain('Not rolled back: it needs the volume data.');
  });

  it('shows which filter excluded which node', async () => {
    const excluded = [{ filter: 'port', nodes: ['web-1', 'web-2'], reason: '80/tcp is taken' }];
    const blocked = [
      { stack: 'shop', service: 'web', number: 3, reason: 'no node left', excluded },
    ];
    const text = await show({ remaining: aPlan({ blocked }) });
    expect(text).toMatch(/web-1, web-2<\/code>: 80\/tcp is taken.*\(port\)/);
  });

  it('says how to confirm a held plan and what it removes', async () => {
    const confirmation = { reason: 'removes 67 %', removes: ['shop/web-1'] };
    const text = await show({ phase: 'held', remaining: aPlan({ confirmation }) });
    expect(text).toContain('gridops approve 01JD8Z2Q7V');
    expect(text).toContain('removes 67 %');
  });

  it('does not claim that nothing had to change when nothing could', async () => {
    const waiting = [{ stack: 'shop', service: 'web', number: 1, reason: 'no node has reported' }];
    expect(await show({ plan: aPlan({ waves: [], waiting }), remaining: null })).toContain(
      'No step could be taken',
    );
    expect(await show({ plan: aPlan({ waves: [] }), remaining: null })).toContain(
      'Nothing had to change',
    );
  });

  it('names an entry of the timeline by its kind when it has no words', async () => {
    const timeline = [
      { at: NOW, severity: 'info', kind: 'running', path: '', message: '' } as const,
    ];
    expect(await show({ timeline })).toContain('<p>running</p>');
  });

  it('stays a page with ten thousand steps', async () => {
    const steps = Array.from({ length: 10_000 }, (_, index) => aStep({ number: index + 1 }));
    const text = await show({ plan: aPlan({ waves: [{ steps }] }), remaining: null });
    expect(text.length).toBeLessThan(200_000);
    expect(text).toContain('and 9800 more');
  });
});

describe('text from outside', () => {
  it('is never markup, wherever it is shown', async () => {
    const evil = `"'><script src=//evil.example></script><img src=x onerror=alert(1)>`;
    const planned = aPlan({
      waves: [{ steps: [aStep({ stack: evil, node: evil, reason: evil })] }],
      warnings: [evil],
      halted: [
        {
          stack: evil,
          service: evil,
          number: 1,
          node: evil,
          failure: { ...failure, code: evil, message: evil, log: [evil] },
          remaining: 1,
        },
      ],
      blocked: [
        {
          stack: evil,
          service: evil,
          number: 1,
          reason: evil,
          excluded: [{ filter: evil, nodes: [evil], reason: evil }],
        },
      ],
      waiting: [{ stack: evil, service: evil, number: 1, reason: evil }],
      confirmation: { reason: evil, removes: [evil] },
    });
    const position = { file: evil, line: 1, column: 1 };
    const problems = [
      {
        severity: 'error',
        code: evil,
        message: evil,
        position,
        hint: evil,
        help: evil,
        frame: `> ${evil}\n${evil}`,
      } as const,
    ];
    const timeline = [
      { at: NOW, severity: 'error', kind: evil, path: evil, message: evil } as const,
    ];
    const summary = { sha: evil, trigger: evil, actor: evil, message: evil, supersededBy: evil };
    const attempt = { specHash: evil, phase: 'failed', message: evil, failure } as const;
    const { operations } = server;
    operations.deployList = [
      aDeploy({ ...summary, phase: 'held', plan: planned, remaining: planned, problems, timeline }),
    ];
    const fault = { code: evil, message: evil, hint: evil, since: NOW };
    operations.gridList = [aGrid({ head: evil, deploy: aSummary(summary), problems, fault })];
    operations.serviceList = [aService({ stack: evil, name: evil, image: evil })];
    operations.instanceList = [
      anInstance({
        stack: evil,
        service: evil,
        node: evil,
        containerId: evil,
        revision: evil,
        attempt,
      }),
    ];
    const facts = { ...aNode().facts, labels: [evil], operatingSystem: evil, engineVersion: evil };
    operations.nodeList = [aNode({ name: evil, facts: facts as never })];
    operations.eventList = [anEvent({ path: evil, message: evil })];
    for (const path of ['/', '/grids/production', '/deploys/01JD8Z2Q7V']) {
      const text = await (await server.page(path)).text();
      expect(text).toContain('&lt;script');
      expect(text).not.toMatch(/<script src=\/\/|<img/);
      expect(text.match(/<script/g)).toHaveLength(1);
    }
  });

  it('in the address is not shown', async () => {
    const response = await fetch(`${server.url}/login?next=/%22%3E%3Cscript%3E`);
    expect(await response.text()).toContain('name="next" value="/"');
  });
});

describe('a node', () => {
  it('whose engine is silent, or whose disk is almost full, stands out', async () => {
    const silent = {
      state: 'silent',
      since: NOW - 60_000,
      reason: 'no answer within 10 s',
    } as const;
    const disk = { free: 1024 ** 3, total: 20 * 1024 ** 3 };
    server.operations.nodeList = [
      aNode({ engine: { ...silent, disk: null } }),
      aNode({ name: 'web-2', engine: { state: 'ok', since: NOW, reason: null, disk } }),
    ];

    const page = await (await server.page('/grids/production')).text();

    expect(page).toContain('engine silent');
    expect(page).toContain('no answer within 10 s');
    expect(page).toContain('disk almost full: 1.0 of 20.0 GiB free');
  });

  it('whose clock is off, or whose agent is older than the master, says so', async () => {
    server.operations.nodeList = [aNode({ skewSeconds: -12, outdated: true })];
    const page = await (await server.page('/grids/production')).text();
    expect(page).toContain('clock 12 s behind the master');
    expect(page).toContain('agent older than the master');
  });
});
