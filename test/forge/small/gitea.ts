import { createHmac } from 'node:crypto';
import {
  type Dialect,
  linkHeader,
  pageOf,
  type SmallCall,
  SmallRefusal,
  type SmallReply,
} from './dialect.ts';
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
  personOf: (world, authorization) =>
    world.tokens.get(/^token (.+)$/.exec(authorization)?.[1] ?? '') ?? null,
  error: (_, message) => ({ message, url: 'https://gitea.example/api/swagger' }),
  limitHeaders: (seconds) => ({ 'retry-after': String(seconds) }),
  refOf: (number) => `refs/pull/${number}/head`,
  signature: (body, secret) => {
    const hex = createHmac('sha256', secret).update(body).digest('hex');
    return { 'x-gitea-signature': hex, 'x-hub-signature-256': `sha256=${hex}` };
  },
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
        return { status: 201, body: { id: world.nextId(), status: state, context } };
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
        const now = Date.now();
        const id = call.world.nextId();
        const body = String(call.body['body']);
        const comment = { id, author: call.person, body, createdAt: now, updatedAt: now };
        pull.comments.push(comment);
        call.tell(call.repository, { kind: 'comment', pull, comment });
        return { status: 201, body: commentShape(call.world, call.repository, pull, comment) };
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
          const found = pull.comments.find(({ id }) => String(id) === call.parameters['id']);
          if (found === undefined) continue;
          if (found.author !== call.person) throw new SmallRefusal(403, 'forbidden');
          Object.assign(found, { body: String(call.body['body']), updatedAt: Date.now() });
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
  const known = repository.pulls.some(
    (each) => each.branch === branch && each.base === base && each.state === 'open',
  );
  if (known) throw new SmallRefusal(409, 'pull request already exists for these targets');
  const head = await repository.git.resolve(`refs/heads/${branch}`);
  if (head === null) throw missing('branch does not exist');
  const pull: SmallPull = {
    number: repository.pulls.length + 1,
    title,
    body,
    author: call.person,
    from: repository,
    branch,
    base,
    head,
    isDraft: title.startsWith('WIP:'),
    state: 'open',
    mergeCommit: null,
    updatedAt: Date.now(),
    comments: [],
  };
  repository.pulls.push(pull);
  return { status: 201, body: pullShape(world, repository, pull) };
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
  const action = event.what === 'updated' ? 'synchronized' : event.what;
  return { action, number: pull.number, pull_request: pullShape(world, repository, pull) };
}

function pullOf({ repository, parameters }: SmallCall): SmallPull {
  const pull = repository.pulls.find(({ number }) => String(number) === parameters['number']);
  if (pull === undefined) throw missing('pull request does not exist');
  return pull;
}

function listed(call: SmallCall, all: readonly unknown[]): SmallReply {
  const page = pageOf(call, all, PAGES);
  return { status: 200, body: page.items, headers: linkHeader(call, page) };
}

function commentBody() {
  return {
    type: 'object',
    required: ['body'],
    additionalProperties: false,
    properties: { body: { type: 'string', minLength: 1 } },
  };
}

function ok(body: unknown): SmallReply {
  return { status: 200, body };
}

function missing(message: string): SmallRefusal {
  return new SmallRefusal(404, message);
}
