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
import { gitlabWebhook } from './gitlab-events.ts';
import { linked } from './pages.ts';
import { addPull, headOf, openTwin, pullOf } from './pulls.ts';
import {
  fullNameOf,
  type SmallComment,
  type SmallPull,
  type SmallRepository,
  type SmallWorld,
} from './state.ts';

const levels = { none: 0, read: 20, write: 30, admin: 40 } as const;
const PAGES = { size: 'per_page', most: 100, usual: 20 } as const;
const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength });

/** GitLab, as its documents and its refusals show it. */
export const gitlab: Dialect = {
  apiPath: '/api/v4',
  hasEtags: true,
  scheme: 'Bearer',
  error: (_, message) => ({ message }),
  limited: (seconds) => ({
    status: 429,
    body: 'Retry later\n',
    headers: {
      'content-type': 'text/plain',
      'ratelimit-limit': '60',
      'ratelimit-name': 'throttle_authenticated_api',
      'ratelimit-observed': '61',
      'ratelimit-remaining': '0',
      'ratelimit-reset': String(Math.ceil(Date.now() / 1_000) + seconds),
      'retry-after': String(seconds),
    },
  }),
  refOf: (number) => `refs/merge-requests/${number}/head`,
  closesWithBranch: false,
  signature: (_, secret) => ({ 'x-gitlab-token': secret }),
  repeated: () => ({}),
  webhook: gitlabWebhook,
  routes: [
    {
      id: 'user',
      method: 'GET',
      path: '/user',
      level: null,
      handle: ({ person }) => ok({ id: person.id, username: person.login }),
    },
    {
      id: 'users',
      method: 'GET',
      path: '/users',
      query: ['username'],
      level: null,
      handle: ({ world, query }) => {
        const person = world.people.get(query.get('username') ?? '');
        return ok(person === undefined ? [] : [{ id: person.id, username: person.login }]);
      },
    },
    {
      id: 'project',
      method: 'GET',
      path: '/projects/:project',
      level: 'read',
      handle: ({ repository: { id, isPrivate } }) =>
        ok({ id, visibility: isPrivate ? 'private' : 'internal' }),
    },
    {
      id: 'members',
      method: 'GET',
      path: '/projects/:project/members/all/:user',
      level: 'read',
      handle: ({ world, parameters }) => {
        const person = [...world.people.values()].find(
          ({ id }) => String(id) === parameters['user'],
        );
        if (person === undefined || person.level === 'none') throw missing('404 Not found');
        return ok({ id: person.id, access_level: levels[person.level], state: 'active' });
      },
    },
    {
      id: 'commit',
      method: 'GET',
      path: '/projects/:project/repository/commits/:sha',
      level: 'read',
      handle: async (call) => {
        const sha = await commitOf(call);
        return ok({ id: sha, last_pipeline: pipelineOf(call, sha) });
      },
    },
    {
      id: 'pulls-of-commit',
      method: 'GET',
      path: '/projects/:project/repository/commits/:sha/merge_requests',
      level: 'read',
      handle: async (call) => {
        const sha = await commitOf(call);
        const { world, repository } = call;
        const pulls = repository.pulls.filter(({ head }) => head === sha);
        return ok(pulls.map((pull) => pullShape(world, repository, pull)));
      },
    },
    {
      id: 'status',
      method: 'POST',
      path: '/projects/:project/statuses/:sha',
      level: 'write',
      body: {
        type: 'object',
        required: ['state'],
        additionalProperties: false,
        properties: {
          state: { enum: ['pending', 'running', 'success', 'failed', 'canceled', 'skipped'] },
          name: text(255),
          context: text(255),
          description: { type: 'string', maxLength: 255 },
          target_url: { type: 'string', maxLength: 255, pattern: '^https?://' },
          ref: { type: 'string' },
          pipeline_id: { type: 'integer' },
        },
      },
      handle: createStatus,
    },
    {
      id: 'pulls',
      method: 'GET',
      path: '/projects/:project/merge_requests',
      query: ['state', 'target_branch', 'source_branch', 'order_by', 'sort', 'per_page', 'page'],
      level: 'read',
      handle: listPulls,
    },
    {
      id: 'pull',
      method: 'GET',
      path: '/projects/:project/merge_requests/:number',
      level: 'read',
      handle: (call) => ok(pullShape(call.world, call.repository, pullOf(call))),
    },
    {
      id: 'open',
      method: 'POST',
      path: '/projects/:project/merge_requests',
      level: 'write',
      body: {
        type: 'object',
        required: ['source_branch', 'target_branch', 'title'],
        additionalProperties: false,
        properties: {
          source_branch: text(255),
          target_branch: text(255),
          title: text(255),
          description: { type: 'string', maxLength: 1_048_576 },
        },
      },
      handle: openPull,
    },
    {
      id: 'comments',
      method: 'GET',
      path: '/projects/:project/merge_requests/:number/notes',
      query: ['sort', 'order_by', 'per_page', 'page'],
      level: 'read',
      handle: (call) =>
        listed(
          call,
          pullOf(call).comments.map((each) => noteShape(pullOf(call), each)),
        ),
    },
    {
      id: 'comment',
      method: 'POST',
      path: '/projects/:project/merge_requests/:number/notes',
      level: 'read',
      body: noteBody(),
      handle: (call) => {
        const pull = pullOf(call);
        const body = withoutCommands(call, String(call.body['body']));
        return created(noteShape(pull, saidBy(call, pull, body)));
      },
    },
    {
      id: 'edit',
      method: 'PUT',
      path: '/projects/:project/merge_requests/:number/notes/:note',
      level: 'read',
      body: noteBody(),
      handle: (call) => {
        const pull = pullOf(call);
        const found = commentIn(pull, call.parameters['note']);
        if (found === undefined) throw missing('404 Not found');
        const body = withoutCommands(call, String(call.body['body']));
        return ok(noteShape(pull, edited(call, found, body)));
      },
    },
    {
      id: 'events',
      method: 'GET',
      path: '/projects/:project/events',
      query: ['action', 'after', 'sort', 'per_page', 'page'],
      level: 'read',
      handle: (call) => {
        // "events created after a date": the day itself is not among them.
        const after = Date.parse(call.query.get('after') ?? '') + 86_400_000;
        const notes = call.repository.pulls.flatMap((pull) =>
          pull.comments
            .filter(({ createdAt }) => createdAt >= after)
            .map((each) => ({ action_name: 'commented on', note: noteShape(pull, each) })),
        );
        return listed(call, notes);
      },
    },
  ],
};

/**
 * A status that is not over yet moves on; one that is over is followed by a new one. Without a pipeline that is there already
 * another is made, which nobody wants.
 */
async function createStatus(call: SmallCall): Promise<SmallReply> {
  const sha = await commitOf(call);
  const {
    name = 'default',
    state,
    description = '',
    target_url: url = '',
  } = call.body as Record<string, string>;
  if (pipelineOf(call, sha) !== null && call.body['pipeline_id'] === undefined)
    call.world.violations.push(`a second pipeline for ${sha}`);
  if (call.body['ref'] === undefined && !(await isOnBranch(call, sha)))
    throw new SmallRefusal(404, '404 References for commit Not Found');
  const last = call.world.statuses.entries
    .filter((each) => each.sha === sha && each.context === name)
    .at(-1);
  const isOn = last !== undefined && ['pending', 'running'].includes(last.state);
  const event = { pending: 'enqueue', running: 'run' }[String(state)];
  if (isOn && event !== undefined && (event === 'enqueue' || last.state === 'running'))
    throw new SmallRefusal(
      400,
      `Cannot transition status via :${event} from :${last.state} (Reason(s): Status cannot transition via "${event}")`,
    );
  call.world.statuses.add({ sha, context: name, state: String(state), description, url });
  return created({ id: call.world.nextId(), sha, name, status: state, description });
}

async function isOnBranch({ repository }: SmallCall, sha: string): Promise<boolean> {
  const found = await repository.git.text('for-each-ref', '--contains', sha, 'refs/heads');
  return found.trim() !== '';
}

async function commitOf({ repository, parameters }: SmallCall): Promise<string> {
  const sha = parameters['sha'] ?? '';
  if ((await repository.git.objectType(sha)) !== 'commit')
    throw new SmallRefusal(404, '404 Commit Not Found');
  return sha;
}

/** The first status makes one. */
function pipelineOf({ world }: SmallCall, sha: string): { id: number; ref: string } | null {
  return world.statuses.entries.some((each) => each.sha === sha) ? { id: 1, ref: 'main' } : null;
}

function listPulls(call: SmallCall): SmallReply {
  const { query, world, repository } = call;
  const wanted = { opened: 'open', merged: 'merged', closed: 'closed' }[query.get('state') ?? ''];
  const pulls = repository.pulls.filter(
    (pull) =>
      (wanted === undefined || pull.state === wanted) &&
      (query.get('target_branch') ?? pull.base) === pull.base &&
      (query.get('source_branch') ?? pull.branch) === pull.branch,
  );
  const ordered = query.get('sort') === 'asc' ? pulls : pulls.toReversed();
  return listed(
    call,
    ordered.map((pull) => pullShape(world, repository, pull)),
  );
}

async function openPull(call: SmallCall): Promise<SmallReply> {
  const { repository, world } = call;
  const {
    source_branch: branch = '',
    target_branch: base = '',
    title = '',
    description = '',
  } = call.body as Record<string, string>;
  const known = openTwin(call, { branch, base });
  if (known !== undefined)
    throw new SmallRefusal(
      409,
      `Another open merge request already exists for this source branch: !${known.number}`,
    );
  const head = await headOf(call, branch);
  if (head === null) throw new SmallRefusal(400, 'source_branch does not exist');
  const body = withoutCommands(call, description);
  const isDraft = title.startsWith('Draft:');
  const of = { title, body, author: call.person, from: repository, branch, base, head, isDraft };
  return created(pullShape(world, repository, addPull(repository, of)));
}

/** What begins with a slash and a word is carried out in the name of who wrote it, and is gone from the text. */
function withoutCommands({ world }: SmallCall, body: string): string {
  const commands = body.match(/^\s*\/\w+.*$/gm) ?? [];
  world.violations.push(...commands.map((each) => `a quick action was carried out: ${each}`));
  return body.replace(/^\s*\/\w+.*$/gm, '');
}

function pullShape(world: SmallWorld, repository: SmallRepository, pull: SmallPull) {
  return {
    id: 5_000 + pull.number,
    iid: pull.number,
    title: pull.title,
    description: pull.body,
    web_url: `${world.origin}/${fullNameOf(repository)}/-/merge_requests/${pull.number}`,
    author: { id: pull.author.id, username: pull.author.login },
    state: pull.state === 'open' ? 'opened' : pull.state,
    draft: pull.isDraft,
    work_in_progress: pull.isDraft,
    source_project_id: pull.from.id,
    target_project_id: repository.id,
    sha: pull.head,
    source_branch: pull.branch,
    target_branch: pull.base,
    merge_commit_sha: pull.mergeCommit,
    squash_commit_sha: null,
  };
}

function noteShape(pull: SmallPull, comment: SmallComment) {
  return {
    id: comment.id,
    body: comment.body,
    system: false,
    author: { id: comment.author.id, username: comment.author.login },
    created_at: new Date(comment.createdAt).toISOString(),
    noteable_type: 'MergeRequest',
    noteable_iid: pull.number,
  };
}

function listed(call: SmallCall, all: readonly unknown[]): SmallReply {
  return linked(call, all, PAGES);
}

function noteBody() {
  return {
    type: 'object',
    required: ['body'],
    additionalProperties: false,
    properties: { body: text(1_000_000) },
  };
}
