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
import { linked } from './pages.ts';
import { addPull, headOf, openTwin, pullOf } from './pulls.ts';
import {
  fullNameOf,
  type SmallComment,
  type SmallEvent,
  type SmallPull,
  type SmallRepository,
  type SmallWorld,
} from './state.ts';

/** As servers are set up unless they are told otherwise. */
const PAGES = { size: 'limit', most: 50, usual: 30 } as const;
const REPO = '/repos/:owner/:repo';

/** Gitea and Forgejo. */
export const gitea: Dialect = {
  apiPath: '/api/v1',
  hasEtags: false,
  scheme: 'token',
  error: (_, message) => ({ message, url: 'https://gitea.example/api/swagger' }),
  // It has no limits of its own: what stands in front of it has.
  limited: (seconds) => ({
    status: 429,
    body: '<html><body><h1>429 Too Many Requests</h1></body></html>',
    headers: { 'content-type': 'text/html', 'retry-after': String(seconds) },
  }),
  refOf: (number) => `refs/pull/${number}/head`,
  closesWithBranch: true,
  signature: (body, secret) => {
    const hex = createHmac('sha256', secret).update(body).digest('hex');
    return { 'x-gitea-signature': hex, 'x-hub-signature-256': `sha256=${hex}` };
  },
  repeated: () => ({}),
  webhook,
  routes: [
    {
      id: 'user',
      method: 'GET',
      path: '/user',
      level: null,
      handle: ({ person }) => ok({ id: person.id, login: person.login }),
    },
    {
      id: 'repository',
      method: 'GET',
      path: REPO,
      level: 'read',
      handle: ({ repository: { id, isPrivate } }) => ok({ id, private: isPrivate }),
    },
    {
      id: 'permission',
      method: 'GET',
      path: `${REPO}/collaborators/:user/permission`,
      // "Only admins can query all permissions".
      level: 'admin',
      handle: ({ world, parameters }) => {
        const person = world.people.get(parameters['user'] ?? '');
        if (person === undefined) throw missing('user does not exist');
        return ok({ permission: person.level, role_name: person.level });
      },
    },
    {
      id: 'status',
      method: 'POST',
      path: `${REPO}/statuses/:sha`,
      level: 'write',
      body: {
        type: 'object',
        additionalProperties: false,
        properties: {
          state: { enum: ['pending', 'success', 'error', 'failure', 'warning'] },
          context: { type: 'string' },
          description: { type: 'string' },
          target_url: { type: 'string' },
        },
      },
      handle: async ({ world, repository, parameters, body }) => {
        const sha = parameters['sha'] ?? '';
        if ((await repository.git.objectType(sha)) !== 'commit')
          throw missing(`object does not exist [id: ${sha}]`);
        const {
          state = '',
          context = 'default',
          description = '',
          target_url: url = '',
        } = body as Record<string, string>;
        world.statuses.add({ sha, context, state, description, url });
        return created({ id: world.nextId(), status: state, context });
      },
    },
    {
      id: 'pulls',
      method: 'GET',
      path: `${REPO}/pulls`,
      query: ['state', 'sort', 'limit', 'page'],
      level: 'read',
      handle: (call) => {
        const { query, repository, world } = call;
        const pulls = repository.pulls.filter(
          ({ state }) =>
            query.get('state') === 'all' ||
            (state === 'open') === (query.get('state') !== 'closed'),
        );
        const ordered = query.get('sort') === 'oldest' ? pulls : pulls.toReversed();
        return listed(
          call,
          ordered.map((each) => pullShape(world, repository, each)),
        );
      },
    },
    {
      id: 'open',
      method: 'POST',
      path: `${REPO}/pulls`,
      level: 'write',
      body: {
        type: 'object',
        required: ['head', 'base', 'title'],
        additionalProperties: false,
        properties: {
          head: { type: 'string' },
          base: { type: 'string' },
          title: { type: 'string', maxLength: 255 },
          body: { type: 'string' },
        },
      },
      handle: openPull,
    },
    {
      id: 'pull',
      method: 'GET',
      path: `${REPO}/pulls/:number`,
      level: 'read',
      handle: (call) => ok(pullShape(call.world, call.repository, pullOf(call))),
    },
    {
      id: 'comments',
      method: 'GET',
      path: `${REPO}/issues/:number/comments`,
      level: 'read',
      handle: (call) => {
        const pull = pullOf(call);
        return ok(
          pull.comments.map((each) => commentShape(call.world, call.repository, pull, each)),
        );
      },
    },
    {
      id: 'all-comments',
      method: 'GET',
      path: `${REPO}/issues/comments`,
      query: ['since', 'limit', 'page'],
      level: 'read',
      handle: (call) => {
        const since = Date.parse(call.query.get('since') ?? '') || 0;
        const found = call.repository.pulls.flatMap((pull) =>
          pull.comments
            .filter(({ updatedAt }) => updatedAt >= since)
            .map((each) => commentShape(call.world, call.repository, pull, each)),
        );
        return listed(call, found);
      },
    },
    {
      id: 'comment',
      method: 'POST',
      path: `${REPO}/issues/:number/comments`,
      level: 'read',
      body: commentBody(),
      handle: (call) => {
        const pull = pullOf(call);
        const comment = saidBy(call, pull, String(call.body['body']));
        return created(commentShape(call.world, call.repository, pull, comment));
      },
    },
    {
      id: 'edit',
      method: 'PATCH',
      path: `${REPO}/issues/comments/:id`,
      level: 'read',
      body: commentBody(),
      handle: (call) => {
        for (const pull of call.repository.pulls) {
          const found = commentIn(pull, call.parameters['id']);
          if (found === undefined) continue;
          edited(call, found, String(call.body['body']));
          return ok(commentShape(call.world, call.repository, pull, found));
        }
        throw missing('comment does not exist');
      },
    },
  ],
};

async function openPull(call: SmallCall): Promise<SmallReply> {
  const { repository, world } = call;
  const {
    head: branch = '',
    base = '',
    title = '',
    body = '',
  } = call.body as Record<string, string>;
  if (openTwin(call, { branch, base }) !== undefined)
    throw new SmallRefusal(409, 'pull request already exists for these targets');
  const head = await headOf(call, branch);
  if (head === null) throw missing('branch does not exist');
  const isDraft = title.startsWith('WIP:');
  const of = { title, body, author: call.person, from: repository, branch, base, head, isDraft };
  return created(pullShape(world, repository, addPull(repository, of)));
}

function pullShape(world: SmallWorld, repository: SmallRepository, pull: SmallPull) {
  return {
    id: 5_000 + pull.number,
    number: pull.number,
    title: pull.title,
    body: pull.body,
    html_url: pageOfPull(world, repository, pull),
    user: { id: pull.author.id, login: pull.author.login },
    state: pull.state === 'open' ? 'open' : 'closed',
    draft: pull.isDraft,
    merged: pull.state === 'merged',
    merge_commit_sha: pull.mergeCommit,
    head: { ref: pull.branch, sha: pull.head, repo_id: pull.from.id },
    base: { ref: pull.base, repo_id: repository.id },
  };
}

function commentShape(
  world: SmallWorld,
  repository: SmallRepository,
  pull: SmallPull,
  comment: SmallComment,
) {
  const page = pageOfPull(world, repository, pull);
  return {
    id: comment.id,
    body: comment.body,
    html_url: `${page}#issuecomment-${comment.id}`,
    pull_request_url: page,
    issue_url: '',
    user: { id: comment.author.id, login: comment.author.login },
    created_at: new Date(comment.createdAt).toISOString(),
    updated_at: new Date(comment.updatedAt).toISOString(),
  };
}

function pageOfPull(
  { origin }: SmallWorld,
  repository: SmallRepository,
  { number }: SmallPull,
): string {
  return `${origin}/${fullNameOf(repository)}/pulls/${number}`;
}

/** With GitHub's headers beside its own: whoever looks at those first takes it for GitHub. */
function webhook(world: SmallWorld, repository: SmallRepository, event: SmallEvent) {
  const name = { push: 'push', pull: 'pull_request', comment: 'issue_comment' }[event.kind];
  const delivery = `delivery-${world.nextId()}`;
  const of = {
    id: repository.id,
    full_name: fullNameOf(repository),
    clone_url: world.cloneUrl(repository),
  };
  const headers = {
    'x-gitea-event': name,
    'x-gitea-event-type': name,
    'x-gitea-delivery': delivery,
    'x-gogs-event': name,
    'x-gogs-delivery': delivery,
    'x-github-event': name,
    'x-github-delivery': delivery,
  };
  return { headers, body: { ...payload(world, repository, event), repository: of } };
}

const actions = {
  opened: 'opened',
  updated: 'synchronized',
  closed: 'closed',
  merged: 'closed',
} as const;

function payload(world: SmallWorld, repository: SmallRepository, event: SmallEvent): object {
  if (event.kind === 'push') {
    const { before, after } = event;
    return { ref: `refs/heads/${event.branch}`, before, after, commits: [], total_commits: 0 };
  }
  const { pull } = event;
  if (event.kind === 'comment')
    return {
      action: 'created',
      is_pull: true,
      issue: { number: pull.number },
      comment: commentShape(world, repository, pull, event.comment),
    };
  const action = actions[event.what];
  return { action, number: pull.number, pull_request: pullShape(world, repository, pull) };
}

function listed(call: SmallCall, all: readonly unknown[]): SmallReply {
  return linked(call, all, PAGES);
}

function commentBody() {
  return {
    type: 'object',
    required: ['body'],
    additionalProperties: false,
    properties: { body: { type: 'string', minLength: 1 } },
  };
}
