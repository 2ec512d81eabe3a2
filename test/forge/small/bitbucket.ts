import { createHmac } from 'node:crypto';
import { commentIn, edited, saidBy } from './comments.ts';
import {
  created,
  type Dialect,
  missing,
  ok,
  type SmallCall,
  SmallRefusal,
  type SmallReply,
} from './dialect.ts';
import { pageOf } from './pages.ts';
import { addPull, headOf, pullOf } from './pulls.ts';
import {
  fullNameOf,
  NOTHING,
  type Person,
  type SmallComment,
  type SmallEvent,
  type SmallPull,
  type SmallRepository,
  type SmallWorld,
} from './state.ts';

const REPO = '/repositories/:owner/:repo';
const MAX_COMMENT = 250_000;

/** Bitbucket Cloud. */
export const bitbucket: Dialect = {
  apiPath: '/2.0',
  hasEtags: false,
  scheme: 'Bearer',
  error: (_, message) => ({ type: 'error', error: { message } }),
  // Not a time: what is left of the hour, in seconds.
  limited: (seconds) => ({
    status: 429,
    body: 'Rate limit for this resource has been exceeded',
    headers: {
      'content-type': 'text/plain',
      'x-ratelimit-limit': '1000, 1000;w=3600',
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(seconds),
    },
  }),
  refOf: () => null,
  closesWithBranch: false,
  signature: (body, secret) => ({
    'x-hub-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }),
  repeated: (attempt) => ({ 'x-attempt-number': String(attempt) }),
  webhook,
  routes: [
    {
      id: 'user',
      method: 'GET',
      path: '/user',
      level: null,
      // Nobody who signs in with a token of a repository is told who that is.
      handle: () => {
        throw new SmallRefusal(401, 'Token is invalid or not supported for this endpoint.');
      },
    },
    {
      id: 'repository',
      method: 'GET',
      path: REPO,
      level: 'read',
      handle: ({ repository: { name, isPrivate } }) => ok({ slug: name, is_private: isPrivate }),
    },
    {
      id: 'permission',
      method: 'GET',
      path: '/workspaces/:owner/permissions/repositories/:repo',
      query: ['q', 'pagelen', 'page'],
      level: 'admin',
      handle: (call) => {
        const uuid = /^user\.uuid = "(.*)"$/.exec(call.query.get('q') ?? '')?.[1];
        const found = [...call.world.people.values()].filter(
          (person) => person.uuid === uuid && person.level !== 'none',
        );
        return listed(
          call,
          found.map((person) => ({ permission: person.level, user: userShape(person) })),
          100,
        );
      },
    },
    {
      id: 'commit',
      method: 'GET',
      path: `${REPO}/commit/:sha`,
      level: 'read',
      handle: async (call) => ok({ type: 'commit', hash: await commitOf(call) }),
    },
    {
      id: 'status',
      method: 'POST',
      path: `${REPO}/commit/:sha/statuses/build`,
      level: 'read',
      body: {
        type: 'object',
        required: ['key', 'state', 'url'],
        additionalProperties: false,
        properties: {
          key: { type: 'string', minLength: 1, maxLength: 40 },
          state: { enum: ['INPROGRESS', 'SUCCESSFUL', 'FAILED', 'STOPPED'] },
          name: { type: 'string', maxLength: 255 },
          description: { type: 'string', maxLength: 255 },
          url: { type: 'string', pattern: '^https?://' },
        },
      },
      handle: async (call) => {
        const sha = await commitOf(call);
        const {
          key = '',
          name: context = key,
          state = '',
          description = '',
          url = '',
        } = call.body as Record<string, string>;
        call.world.statuses.add({ sha, context, state, description, url });
        return created({ type: 'build', key, state, name: context });
      },
    },
    {
      id: 'pulls',
      method: 'GET',
      path: `${REPO}/pullrequests`,
      query: ['q', 'pagelen', 'page'],
      level: 'read',
      handle: (call) => {
        const found = call.repository.pulls.filter((pull) => fits(call, pull));
        return listed(
          call,
          found.map((each) => pullShape(call.world, call.repository, each)),
          50,
        );
      },
    },
    {
      id: 'open',
      method: 'POST',
      path: `${REPO}/pullrequests`,
      level: 'read',
      body: {
        type: 'object',
        required: ['title', 'source'],
        additionalProperties: false,
        properties: {
          title: { type: 'string', minLength: 1, maxLength: 255 },
          description: { type: 'string' },
          source: branchSchema(),
          destination: branchSchema(),
        },
      },
      handle: openPull,
    },
    {
      id: 'pull',
      method: 'GET',
      path: `${REPO}/pullrequests/:number`,
      level: 'read',
      handle: (call) => ok(pullShape(call.world, call.repository, pullOf(call))),
    },
    {
      id: 'comments',
      method: 'GET',
      path: `${REPO}/pullrequests/:number/comments`,
      query: ['sort', 'pagelen', 'page'],
      level: 'read',
      handle: (call) => {
        const { comments } = pullOf(call);
        const isBackwards = call.query.get('sort') === '-created_on';
        const sorted = isBackwards ? comments.toReversed() : comments;
        return listed(
          call,
          sorted.map((each) => commentShape(call, each)),
          100,
        );
      },
    },
    {
      id: 'comment',
      method: 'POST',
      path: `${REPO}/pullrequests/:number/comments`,
      level: 'read',
      body: commentBody(),
      handle: (call) => {
        const comment = saidBy(call, pullOf(call), rawOf(call));
        return created(commentShape(call, comment));
      },
    },
    {
      id: 'edit',
      method: 'PUT',
      path: `${REPO}/pullrequests/:number/comments/:id`,
      level: 'read',
      body: commentBody(),
      handle: (call) => {
        const found = commentIn(pullOf(call), call.parameters['id']);
        if (found === undefined) throw missing('No such comment.');
        return ok(commentShape(call, edited(call, found, rawOf(call))));
      },
    },
  ],
};

/** The part of its query language that is used here: comparisons joined by AND. */
function fits(call: SmallCall, pull: SmallPull): boolean {
  const values: Readonly<Record<string, string | number>> = {
    state: pull.state === 'open' ? 'OPEN' : 'DECLINED',
    'destination.branch.name': pull.base,
    'source.branch.name': pull.branch,
    updated_on: pull.updatedAt,
  };
  return (call.query.get('q') ?? '').split(' AND ').every((term) => {
    const [, name = '', operator = '', value = ''] = /^([\w.]+) (=|>=) (.+)$/.exec(term) ?? [];
    const known = values[name];
    if (known === undefined) {
      call.world.violations.push(`a query that Bitbucket does not understand: ${term}`);
      return false;
    }
    if (operator === '>=') return Number(known) >= Date.parse(value);
    return JSON.parse(value) === known;
  });
}

async function openPull(call: SmallCall): Promise<SmallReply> {
  const { repository, world, body } = call;
  const nameIn = (side: unknown): string =>
    (side as { branch?: { name?: string } } | undefined)?.branch?.name ?? '';
  const branch = nameIn(body['source']);
  const head = await headOf(call, branch);
  if (head === null) throw new SmallRefusal(400, 'branch not found');
  const pull = addPull(repository, {
    title: String(body['title']),
    body: typeof body['description'] === 'string' ? body['description'] : '',
    author: call.person,
    from: repository,
    branch,
    base: nameIn(body['destination']) || 'main',
    head,
    isDraft: false,
  });
  return created(pullShape(world, repository, pull));
}

/** Also by the beginning of its id. */
async function commitOf({ repository, parameters }: SmallCall): Promise<string> {
  const sha = await repository.git.resolve(parameters['sha'] ?? '');
  if (sha === null) throw missing('Commit not found');
  return sha;
}

function pullShape(world: SmallWorld, repository: SmallRepository, pull: SmallPull) {
  const state = { open: 'OPEN', merged: 'MERGED', closed: 'DECLINED' }[pull.state];
  const merge = pull.mergeCommit;
  return {
    type: 'pullrequest',
    id: pull.number,
    title: pull.title,
    description: pull.body,
    links: {
      html: { href: `${world.origin}/${fullNameOf(repository)}/pull-requests/${pull.number}` },
    },
    author: userShape(pull.author),
    state,
    draft: pull.isDraft,
    source: {
      branch: { name: pull.branch },
      commit: { hash: pull.head.slice(0, 12) },
      repository: { full_name: fullNameOf(pull.from) },
    },
    destination: {
      branch: { name: pull.base },
      repository: { full_name: fullNameOf(repository) },
    },
    merge_commit: merge === null ? null : { hash: merge.slice(0, 12) },
    updated_on: new Date(pull.updatedAt).toISOString(),
  };
}

function commentShape(
  { world, repository }: Pick<SmallCall, 'world' | 'repository'>,
  of: SmallComment,
) {
  return {
    id: of.id,
    content: { raw: of.body, markup: 'markdown' },
    deleted: false,
    user: userShape(of.author),
    created_on: new Date(of.createdAt).toISOString(),
    links: { html: { href: `${world.origin}/${fullNameOf(repository)}#comment-${of.id}` } },
  };
}

function webhook(world: SmallWorld, repository: SmallRepository, event: SmallEvent) {
  const headers = {
    'x-event-key': keyOf(event),
    'x-request-uuid': `delivery-${world.nextId()}`,
    'x-hook-uuid': 'hook-1',
    'x-attempt-number': '1',
  };
  const of = {
    uuid: `{${repository.id}}`,
    full_name: fullNameOf(repository),
    links: { html: { href: `${world.origin}/${fullNameOf(repository)}` } },
  };
  return { headers, body: { ...payload(world, repository, event), repository: of } };
}

const pullKeys = {
  opened: 'pullrequest:created',
  updated: 'pullrequest:updated',
  closed: 'pullrequest:rejected',
  merged: 'pullrequest:fulfilled',
} as const;

function keyOf(event: SmallEvent): string {
  if (event.kind === 'push') return 'repo:push';
  return event.kind === 'pull' ? pullKeys[event.what] : 'pullrequest:comment_created';
}

function payload(world: SmallWorld, repository: SmallRepository, event: SmallEvent): object {
  if (event.kind === 'push') {
    const side = (hash: string) =>
      hash === NOTHING ? null : { type: 'branch', name: event.branch, target: { hash } };
    const [old, moved] = [side(event.before), side(event.after)];
    const kind = { created: old === null, closed: moved === null, forced: event.isForced };
    return { push: { changes: [{ old, new: moved, ...kind, truncated: false }] } };
  }
  const pullrequest = pullShape(world, repository, event.pull);
  if (event.kind === 'pull') return { pullrequest };
  return { pullrequest, comment: commentShape({ world, repository }, event.comment) };
}

function userShape({ uuid, login, isProgram }: Person) {
  return { type: isProgram ? 'app_user' : 'user', uuid, nickname: login, display_name: login };
}

function listed(call: SmallCall, all: readonly unknown[], most: number): SmallReply {
  const { items, page, pages } = pageOf(call, all, { size: 'pagelen', most, usual: 10 });
  const next = page < pages ? { next: `${call.world.api}/?page=${page + 1}` } : {};
  return ok({ values: items, page, size: all.length, ...next });
}

function rawOf({ body }: SmallCall): string {
  return String((body['content'] as { readonly raw: unknown }).raw);
}

function branchSchema() {
  return {
    type: 'object',
    required: ['branch'],
    additionalProperties: false,
    properties: {
      branch: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
    },
  };
}

function commentBody() {
  return {
    type: 'object',
    required: ['content'],
    additionalProperties: false,
    properties: {
      content: {
        type: 'object',
        required: ['raw'],
        properties: { raw: { type: 'string', minLength: 1, maxLength: MAX_COMMENT } },
      },
    },
  };
}
