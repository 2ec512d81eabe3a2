import {
  fullNameOf,
  NOTHING,
  type Person,
  type SmallEvent,
  type SmallRepository,
  type SmallWorld,
} from './state.ts';

/** As GitLab tells its hooks. */
export function gitlabWebhook(world: SmallWorld, repository: SmallRepository, event: SmallEvent) {
  const project = {
    id: repository.id,
    path_with_namespace: fullNameOf(repository),
    git_http_url: world.cloneUrl(repository),
  };
  const name = { push: 'Push Hook', pull: 'Merge Request Hook', comment: 'Note Hook' }[event.kind];
  const headers = {
    'x-gitlab-event': name,
    'x-gitlab-event-uuid': `event-${world.nextId()}`,
    'idempotency-key': `delivery-${world.nextId()}`,
  };
  return { headers, body: { object_kind: event.kind, project, ...payload(event) } };
}

const actions = {
  opened: 'open',
  updated: 'update',
  closed: 'close',
  merged: 'merge',
} as const;

function payload(event: SmallEvent): object {
  if (event.kind === 'push') {
    const { before, after } = event;
    const checkout = after === NOTHING ? null : after;
    return {
      ref: `refs/heads/${event.branch}`,
      before,
      after,
      checkout_sha: checkout,
      commits: [],
    };
  }
  const { number, author } = event.pull;
  if (event.kind === 'pull')
    return {
      user: userShape(author),
      object_attributes: { iid: number, action: actions[event.what] },
    };
  const { comment } = event;
  return {
    user: userShape(comment.author),
    merge_request: { iid: number },
    object_attributes: {
      id: comment.id,
      note: comment.body,
      noteable_type: 'MergeRequest',
      action: 'create',
      system: false,
      created_at: new Date(comment.createdAt)
        .toISOString()
        .replace('T', ' ')
        .replace(/\..*$/, ' UTC'),
    },
  };
}

function userShape({ id, login }: Person) {
  return { id, username: login };
}
