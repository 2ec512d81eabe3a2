import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GridError } from '../model/error.ts';
import type { Approval, Operations } from './operations.ts';
import { type Html, html } from './page-html.ts';
import { readRollback, requestedPage } from './page-rollback-form.ts';

/** What a form of a page has to bring along: made for one session, so that no other site can write it. */
export interface FormKey {
  readonly token: string;
}

/** One click that changes something. `id` keeps its place when the page is drawn anew. */
export function actionForm(of: {
  readonly id: string;
  /** A path of ours. */
  readonly action: string;
  readonly label: string;
  readonly key: FormKey;
  /** Hash of the plan that is shown beside it. */
  readonly plan?: string;
  /** What else belongs to it. */
  readonly fields?: Readonly<Record<string, string>>;
}): Html {
  const { id, action, label, key, plan, fields = {} } = of;
  const hidden = Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<form class="action" method="post" action="${action}"><input type="hidden" name="key" value="${key.token}">${hidden}
${plan === undefined ? null : html`<input type="hidden" name="plan" value="${plan}">`}<button id="${id}">${label}</button></form>`;
}

export interface ActionOptions {
  readonly operations: Operations;
  /** Throws `GridError` `not-authorised` for a form that is none of this session's pages. */
  readonly check: (request: FastifyRequest, form: URLSearchParams) => void;
  readonly refuse: (reply: FastifyReply, status: number, main: Html) => FastifyReply;
}

/** With one token there is one person. The history tells their clicks from their commands. */
const ACTOR = 'page';

/** What buttons do. Each ends on the page that shows what came of it. */
export function registerActions(app: FastifyInstance, options: ActionOptions): void {
  const { operations } = options;
  app.post<{ Params: { grid: string } }>('/grids/:grid/deploy-again', async (request, reply) => {
    readForm(request, options);
    const { grid } = request.params;
    try {
      const by = { actor: ACTOR, force: false };
      const { deploy } = await operations.redeploy(grid, by);
      return await reply.redirect(deployPath(deploy.id), 303);
    } catch (error) {
      return await options.refuse(reply, 409, refusedPage(refusalOf(error), gridPath(grid)));
    }
  });
  app.post<{ Params: { grid: string; stack: string; service: string } }>(
    '/grids/:grid/jobs/:stack/:service/run',
    async (request, reply) => {
      readForm(request, options);
      const { grid, ...job } = request.params;
      try {
        await operations.runJob(grid, job);
        return await reply.redirect(gridPath(grid), 303);
      } catch (error) {
        return await options.refuse(reply, 409, refusedPage(refusalOf(error), gridPath(grid)));
      }
    },
  );
  app.post<{ Params: { grid: string } }>('/grids/:grid/rollback', async (request, reply) => {
    const form = readForm(request, options);
    const { grid } = request.params;
    try {
      const wish = readRollback(form);
      const { done } = await operations.rollback(grid, { ...wish, dryRun: false }, ACTOR);
      if (done?.kind !== 'requested') return await reply.redirect(gridPath(grid), 303);
      return await options.refuse(reply, 200, requestedPage(done, gridPath(grid)));
    } catch (error) {
      return await options.refuse(reply, 409, refusedPage(faultOf(error), gridPath(grid)));
    }
  });
  app.post<{ Params: { id: string } }>('/deploys/:id/approve', async (request, reply) => {
    const plan = readForm(request, options).get('plan') ?? '';
    const { id } = request.params;
    const { kind } = await operations.approve(id, plan, ACTOR);
    if (kind === 'approved') return await reply.redirect(deployPath(id), 303);
    return await options.refuse(reply, 409, refusedPage(refusals[kind], deployPath(id)));
  });
  app.post<{ Params: { grid: string } }>('/grids/:grid/unfreeze', async (request, reply) => {
    readForm(request, options);
    const { grid } = request.params;
    await unfreeze(operations, grid);
    return await reply.redirect(gridPath(grid), 303);
  });
}

function readForm(request: FastifyRequest, { check }: ActionOptions): URLSearchParams {
  const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
  check(request, form);
  return form;
}

/** What is refused, and what the repository and its host say. */
function faultOf(error: unknown): Refused {
  if (error instanceof GridError && error.code !== 'internal' && error.code !== 'not-found') {
    return error;
  }
  throw error;
}

/** Throws what is no refusal. */
function refusalOf(error: unknown): Refused {
  if (error instanceof GridError && error.code === 'invalid-request') return error;
  throw error;
}

/** Somebody else may have been faster, which is what was asked for. */
async function unfreeze(operations: Operations, grid: string): Promise<void> {
  const { freeze } = await operations.grid(grid);
  if (freeze !== undefined) await operations.unfreeze(grid, ACTOR);
}

const refusals: Readonly<Record<Exclude<Approval['kind'], 'approved'>, Refused>> = {
  changed: {
    message: 'The plan is no longer the one that was shown.',
    hint: 'Nothing was approved. Read the new plan, and approve that.',
  },
  'not-held': { message: 'This deploy does not wait for an approval any more.' },
};

interface Refused {
  readonly message: string;
  readonly hint?: string | undefined;
}

function refusedPage({ message, hint }: Refused, back: string): Html {
  return html`<h1>Not done</h1>
<div class="note wait"><p>${message}</p>${hint === undefined ? null : html`<p class="hint">${hint}</p>`}</div>
<p class="lead"><a href="${back}">Back</a></p>`;
}

export function gridPath(grid: string): string {
  return `/grids/${encodeURIComponent(grid)}`;
}

export function deployPath(id: string): string {
  return `/deploys/${encodeURIComponent(id)}`;
}
