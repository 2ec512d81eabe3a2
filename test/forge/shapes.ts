import type { User } from './accounts.ts';
import type { Repository, World } from './world.ts';

export type Shape = Readonly<Record<string, unknown>>;

/** GitHub's times have no fraction of a second. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** Opaque to clients; GitHub's old form is the base64 of such a text. */
export function nodeId(kind: string, id: number | string): string {
  return Buffer.from(`010:${kind}${id}`).toString('base64');
}

export function fullName(repository: Repository): string {
  return `${repository.owner.login}/${repository.name}`;
}

/** The repository in the REST API. */
export function repositoryUrl(world: World, repository: Repository): string {
  return `${world.api}/repos/${fullName(repository)}`;
}

/** The repository's page for people. */
export function repositoryPage(world: World, repository: Repository): string {
  return `${world.origin}/${fullName(repository)}`;
}

/** The address that GitHub gives to people who keep theirs private. */
export function noReplyAddress(user: User): string {
  return `${user.id}+${user.login}@users.noreply.github.com`;
}

export function userShape(world: World, user: User): Shape {
  const name = encodeURIComponent(user.login);
  const url = `${world.api}/users/${name}`;
  return {
    login: user.login,
    id: user.id,
    node_id: nodeId('User', user.id),
    avatar_url: `${world.origin}/avatars/u/${user.id}?v=4`,
    gravatar_id: '',
    url,
    html_url: `${world.origin}/${user.type === 'Bot' ? `apps/${name}` : name}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: user.type,
    site_admin: false,
  };
}

/** A repository as it is mentioned inside other things. */
export function minimalRepository(world: World, repository: Repository): Shape {
  return {
    id: repository.id,
    node_id: nodeId('Repository', repository.id),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.isPrivate,
    owner: userShape(world, repository.owner),
    html_url: repositoryPage(world, repository),
    description: null,
    fork: repository.parent !== null,
    ...links(repositoryUrl(world, repository)),
  };
}

/** A repository as lists have it. */
export function listedRepository(world: World, repository: Repository): Shape {
  return { ...minimalRepository(world, repository), ...details(world, repository) };
}

/** A repository as webhooks carry it. */
export function webhookRepository(world: World, repository: Repository): Shape {
  return { ...listedRepository(world, repository), custom_properties: {} };
}

/** A repository as it is answered when it is changed; when it is asked for, a clone token is added. */
export function fullRepository(world: World, repository: Repository): Shape {
  return {
    ...listedRepository(world, repository),
    permissions: { admin: true, maintain: true, push: true, triage: true, pull: true },
    allow_squash_merge: true,
    allow_merge_commit: true,
    allow_rebase_merge: true,
    allow_auto_merge: false,
    delete_branch_on_merge: false,
    allow_update_branch: false,
    use_squash_pr_title_as_default: false,
    ...(repository.owner.type === 'Organization'
      ? { organization: userShape(world, repository.owner) }
      : {}),
    network_count: 0,
    subscribers_count: 0,
  };
}

/** A repository as the push event carries it, the one place where times are numbers. */
export function pushedRepository(world: World, repository: Repository): Shape {
  const { owner } = repository;
  return {
    ...webhookRepository(world, repository),
    owner: { name: owner.login, email: noReplyAddress(owner), ...userShape(world, owner) },
    url: repositoryPage(world, repository),
    created_at: Math.floor(repository.createdAt / 1000),
    pushed_at: Math.floor(repository.pushedAt / 1000),
    stargazers: 0,
    master_branch: repository.defaultBranch,
    ...(owner.type === 'Organization' ? { organization: owner.login } : {}),
  };
}

/** An organization as webhooks carry it beside the repository; nothing for a user's repository. */
export function organizationOf(world: World, repository: Repository): Shape {
  const { owner } = repository;
  if (owner.type !== 'Organization') return {};
  const url = `${world.api}/orgs/${owner.login}`;
  return {
    organization: {
      login: owner.login,
      id: owner.id,
      node_id: nodeId('Organization', owner.id),
      url,
      repos_url: `${url}/repos`,
      events_url: `${url}/events`,
      hooks_url: `${url}/hooks`,
      issues_url: `${url}/issues`,
      members_url: `${url}/members{/member}`,
      public_members_url: `${url}/public_members{/member}`,
      avatar_url: `${world.origin}/avatars/u/${owner.id}?v=4`,
      description: '',
    },
  };
}

function details(world: World, repository: Repository): Shape {
  const page = repositoryPage(world, repository);
  const host = new URL(world.origin).host;
  return {
    created_at: isoTime(repository.createdAt),
    updated_at: isoTime(repository.updatedAt),
    pushed_at: isoTime(repository.pushedAt),
    git_url: `git://${host}/${fullName(repository)}.git`,
    ssh_url: `git@${host}:${fullName(repository)}.git`,
    clone_url: `${page}.git`,
    svn_url: page,
    homepage: null,
    size: 0,
    stargazers_count: 0,
    watchers_count: 0,
    language: null,
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    forks_count: 0,
    mirror_url: null,
    archived: false,
    disabled: false,
    open_issues_count: repository.issues.length,
    license: null,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: [],
    visibility: repository.isPrivate ? 'private' : 'public',
    forks: 0,
    open_issues: repository.issues.length,
    watchers: 0,
    default_branch: repository.defaultBranch,
  };
}

function links(url: string): Shape {
  return {
    url,
    forks_url: `${url}/forks`,
    keys_url: `${url}/keys{/key_id}`,
    collaborators_url: `${url}/collaborators{/collaborator}`,
    teams_url: `${url}/teams`,
    hooks_url: `${url}/hooks`,
    issue_events_url: `${url}/issues/events{/number}`,
    events_url: `${url}/events`,
    assignees_url: `${url}/assignees{/user}`,
    branches_url: `${url}/branches{/branch}`,
    tags_url: `${url}/tags`,
    blobs_url: `${url}/git/blobs{/sha}`,
    git_tags_url: `${url}/git/tags{/sha}`,
    git_refs_url: `${url}/git/refs{/sha}`,
    trees_url: `${url}/git/trees{/sha}`,
    statuses_url: `${url}/statuses/{sha}`,
    languages_url: `${url}/languages`,
    stargazers_url: `${url}/stargazers`,
    contributors_url: `${url}/contributors`,
    subscribers_url: `${url}/subscribers`,
    subscription_url: `${url}/subscription`,
    commits_url: `${url}/commits{/sha}`,
    git_commits_url: `${url}/git/commits{/sha}`,
    comments_url: `${url}/comments{/number}`,
    issue_comment_url: `${url}/issues/comments{/number}`,
    contents_url: `${url}/contents/{+path}`,
    compare_url: `${url}/compare/{base}...{head}`,
    merges_url: `${url}/merges`,
    archive_url: `${url}/{archive_format}{/ref}`,
    downloads_url: `${url}/downloads`,
    issues_url: `${url}/issues{/number}`,
    pulls_url: `${url}/pulls{/number}`,
    milestones_url: `${url}/milestones{/number}`,
    notifications_url: `${url}/notifications{?since,all,participating}`,
    labels_url: `${url}/labels{/name}`,
    releases_url: `${url}/releases{/id}`,
    deployments_url: `${url}/deployments`,
  };
}
