import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GridError } from '../model/error.ts';
import { type Access, LoginLimit, readCookie, SESSION_SECONDS } from './access.ts';
import { answerFor, tooManyReaders } from './errors.ts';
import type { Operations } from './operations.ts';
import { type FormKey, registerActions } from './page-actions.ts';
import { codesPage } from './page-codes.ts';
import { deployPage } from './page-deploy.ts';
import { gridPage } from './page-grid.ts';
import { gridsPage } from './page-grids.ts';
import type { Html } from './page-html.ts';
import { type Layout, layout } from './page-layout.ts';
import { liveScript } from './page-live.ts';
import { brokenPage, loginPage, missingPage, openingPage, safePath } from './page-login.ts';
import { previewPage } from './page-preview.ts';
import { lookBack } from './page-rollback.ts';
import { readRollback } from './page-rollback-form.ts';
import { icon, style } from './page-style.ts';
import { volumesPage } from './page-volumes.ts';
import type { UpdateStream } from './stream.ts';

export interface PageOptions {
  readonly operations: Operations;
  readonly stream: UpdateStream;
  readonly access: Access;
  /** The session cookie travels over https only. */
  readonly secure: boolean;
  readonly now: () => number;
  readonly report: (request: FastifyRequest, error: unknown) => void;
}

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const RECENT = 20;

/** What people see in a browser, and the few things that they can do there by one click. */
export function registerPages(app: FastifyInstance, options: PageOptions): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('content-security-policy', POLICY);
  });
  app.setErrorHandler((error, request, reply) => {
    options.report(request, error);
    return sendFault(reply, error);
  });
  app.setNotFoundHandler((_request, reply) =>
    sendPage(reply, { title: 'Not here', main: missingPage }, 404),
  );
  registerAssets(app);
  registerLogin(app, options);
  app.register(async (scope) => {
    scope.addHook(
      'onRequest',
      async (request, reply) => await requireSession(request, reply, options),
    );
    registerViews(scope, options);
    registerActions(scope, {
      operations: options.operations,
      check: (request, form) => {
        refuseForeignForms(request);
        if (!options.access.isFormToken(readSession(request) ?? '', form.get('key') ?? ''))
          throw new GridError({ code: 'not-authorised', message: 'this form is out of date' });
      },
      refuse: (reply, status, main) =>
        sendPage(reply, { title: 'Not done', main, signedIn: true }, status),
    });
  });
}

function registerViews(
  app: FastifyInstance,
  { operations, stream, access, now }: PageOptions,
): void {
  const keyOf = (request: FastifyRequest): FormKey => ({
    token: access.formToken(readSession(request) ?? ''),
  });
  app.get('/', async (_request, reply) => {
    const main = gridsPage(await operations.grids(), now(), operations.repositories());
    return await sendPage(reply, { title: 'Grids', main, live: { grid: 'all' }, signedIn: true });
  });
  app.get<{ Params: { grid: string } }>('/grids/:grid', async (request, reply) => {
    const { grid } = request.params;
    const main = gridPage(await readGrid(operations, grid), now(), keyOf(request));
    return await sendPage(reply, {
      title: grid,
      crumbs: [crumb(grid)],
      main,
      live: { grid },
      signedIn: true,
    });
  });
  app.get<{ Params: { id: string } }>('/deploys/:id', async (request, reply) => {
    const deploy = await operations.deploy(request.params.id);
    const { grid } = deploy;
    const title = `${deploy.phase}: ${deploy.sha.slice(0, 7)} to ${grid}`;
    const { deploys } = await operations.deploys(grid, { limit: 1, before: null });
    const isNewest = deploys[0]?.id === deploy.id;
    const main = deployPage(deploy, now(), isNewest ? keyOf(request) : null);
    return await sendPage(reply, {
      title,
      crumbs: [crumb(grid)],
      main,
      live: { grid },
      signedIn: true,
    });
  });
  app.get<{ Params: { id: string } }>('/previews/:id', async (request, reply) => {
    const preview = await operations.preview(request.params.id);
    const { number, title } = preview.request;
    const main = previewPage(preview, now());
    const grids = preview.outcome.kind === 'planned' ? preview.outcome.grids : [];
    const crumbs = grids.length === 1 ? grids.map(({ grid }) => crumb(grid)) : [];
    return await sendPage(reply, { title: `#${number} ${title}`, crumbs, main, signedIn: true });
  });
  app.get<{ Params: { grid: string }; Querystring: Record<string, string> }>(
    '/grids/:grid/rollback',
    async (request, reply) => {
      const { grid } = request.params;
      const wish = readRollback(new URLSearchParams(request.query));
      const main = await lookBack(operations, { grid, wish, key: keyOf(request) });
      const crumbs = [crumb(grid)];
      return await sendPage(reply, { title: 'Roll back', crumbs, main, signedIn: true });
    },
  );
  app.get<{ Params: { grid: string } }>('/grids/:grid/volumes', async (request, reply) => {
    const { grid } = request.params;
    const main = volumesPage(grid, await operations.volumes(grid), now());
    const crumbs = [crumb(grid)];
    return await sendPage(reply, { title: 'Volumes', crumbs, main, signedIn: true });
  });
  app.get('/problems', (_request, reply) =>
    sendPage(reply, { title: 'Problems', main: codesPage, signedIn: true }),
  );
  app.get<{ Querystring: { grid?: string } }>(
    '/live',
    { exposeHeadRoute: false },
    (request, reply) => {
      if (stream.isFull) {
        void reply.code(tooManyReaders.status).send(tooManyReaders.body);
        return;
      }
      const { grid } = request.query;
      reply.hijack();
      stream.attach(reply.raw, {
        grid: typeof grid === 'string' ? grid : null,
        lastEventId: request.headers['last-event-id']?.toString(),
        print: () => 'event: changed\ndata: {}',
      });
    },
  );
}

async function readGrid(operations: Operations, grid: string) {
  const [status, services, instances, nodes, deploys, events, jobs, previews] = await Promise.all([
    operations.grid(grid),
    operations.services(grid),
    operations.instances(grid),
    operations.nodes(grid),
    operations.deploys(grid, { limit: RECENT, before: null }),
    operations.events({ grid, limit: RECENT, before: null }),
    operations.jobs(grid),
    operations.previews(grid),
  ]);
  return {
    grid: status,
    services,
    instances,
    nodes,
    jobs,
    previews,
    deploys: deploys.deploys,
    events: events.events,
  };
}

function crumb(grid: string) {
  return { text: grid, href: `/grids/${encodeURIComponent(grid)}` };
}

function registerAssets(app: FastifyInstance): void {
  const assets = [
    ['style.css', 'text/css', style],
    ['live.js', 'text/javascript', liveScript],
    ['icon.svg', 'image/svg+xml', icon],
  ] as const;
  for (const [name, type, text] of assets)
    app.get(`/assets/${name}`, (_request, reply) =>
      reply.type(`${type}; charset=utf-8`).header('cache-control', 'no-cache').send(text),
    );
}

function registerLogin(app: FastifyInstance, { access, secure, now }: PageOptions): void {
  const limit = new LoginLimit();
  const cookie = secure ? '__Host-gridops' : 'gridops';
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 4_096 },
    (_request, body, done) => done(null, new URLSearchParams(body.toString())),
  );
  app.get<{ Querystring: { next?: string } }>('/login', (request, reply) =>
    sendPage(reply, { title: 'Sign in', main: loginPage(safePath(request.query.next), null) }),
  );
  app.post('/login', async (request, reply) => {
    refuseForeignForms(request);
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    const next = safePath(form.get('next'));
    const again = (status: number, fault: string) =>
      sendPage(reply, { title: 'Sign in', main: loginPage(next, fault) }, status);
    if (!limit.isOpen(request.ip, now()))
      return await again(429, 'Too many wrong tokens. Wait a minute, then try again.');
    if (!access.isToken(form.get('token')?.trim() ?? '')) {
      limit.fail(request.ip, now());
      return await again(401, 'That is not the token.');
    }
    setCookie(reply, cookie, access.createSession(now()), secure, SESSION_SECONDS);
    return await reply.redirect(next, 303);
  });
  app.post('/logout', async (request, reply) => {
    refuseForeignForms(request);
    access.endSession(readSession(request) ?? '', now());
    setCookie(reply, cookie, '', secure, 0);
    return await reply.redirect('/login', 303);
  });
}

/** Without a session: to the login, and back. Nothing tells whether the address exists. */
async function requireSession(
  request: FastifyRequest,
  reply: FastifyReply,
  { access, now }: PageOptions,
): Promise<void> {
  if (access.isSession(readSession(request), now())) return;
  if (request.url.startsWith('/live')) {
    await reply.code(401).send();
    return;
  }
  if (request.headers['sec-fetch-site'] === 'cross-site') {
    await sendPage(reply, { title: 'Opening', main: openingPage, refresh: 0 });
    return;
  }
  await reply.redirect(`/login?next=${encodeURIComponent(safePath(request.url))}`, 303);
}

function readSession(request: FastifyRequest): string | undefined {
  const { cookie } = request.headers;
  return readCookie(cookie, '__Host-gridops') ?? readCookie(cookie, 'gridops');
}

function setCookie(
  reply: FastifyReply,
  name: string,
  value: string,
  secure: boolean,
  seconds: number,
): void {
  const flags = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure ? '; Secure' : ''}`;
  reply.header('set-cookie', `${name}=${value}; ${flags}`);
}

/** Browsers say where a form was; programs that say nothing are not driven by another site. */
function refuseForeignForms(request: FastifyRequest): void {
  const site = request.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none') return;
  throw new GridError({ code: 'not-authorised', message: 'this form was sent by another site' });
}

type Page = Pick<Layout, 'title' | 'main'> & Partial<Layout>;

function sendPage(reply: FastifyReply, page: Page, status = 200): FastifyReply {
  const text = layout({ crumbs: [], live: null, signedIn: false, ...page });
  return reply.code(status).type('text/html; charset=utf-8').send(text);
}

function sendFault(reply: FastifyReply, error: unknown): FastifyReply {
  const { status } = answerFor(error);
  const [title, main]: readonly [string, Html] =
    status === 404 ? ['Not here', missingPage] : ['Fault', brokenPage];
  return sendPage(reply, { title, main }, status);
}
