import { createBitbucket } from '../../src/forge/bitbucket.ts';
import type { Forge, RepositoryName } from '../../src/forge/forge.ts';
import { createGitea } from '../../src/forge/gitea.ts';
import { createGithub } from '../../src/forge/github.ts';
import { createGitlab } from '../../src/forge/gitlab.ts';
import type { Provider } from '../../src/webhooks/providers.ts';
import { startFakeGithub } from './fake-github.ts';
import { bitbucket } from './small/bitbucket.ts';
import type { Dialect } from './small/dialect.ts';
import { gitea } from './small/gitea.ts';
import { gitlab } from './small/gitlab.ts';
import type { SmallHandle } from './small/handle.ts';
import { startSmallHost } from './small/host.ts';
import type { SmallPull } from './small/state.ts';

/** A stand-in of a code host, its client, and people who use it: what the contract of forges needs, whichever it is. */
export interface ForgeBench {
  readonly provider: Provider;
  readonly forge: Forge;
  readonly named: RepositoryName;
  readonly cloneUrl: string;
  head(): Promise<string>;
  push(files: Readonly<Record<string, string>>): Promise<string>;
  branch(name: string, files: Readonly<Record<string, string>>): Promise<string>;
  open(of: {
    readonly branch: string;
    readonly base?: string;
    readonly isDraft?: boolean;
    readonly isFork?: boolean;
  }): Promise<BenchPull>;
  /** What the forge asks for the permissions of somebody by. */
  person(login: string, level: 'read' | 'write'): string;
  /** In the forge's own words, oldest first. */
  statuses(sha: string): readonly { readonly context: string; readonly state: string }[];
  /** The next write of this kind: carried out and answered with 502, or refused because there were so many. */
  lose(what: 'comment' | 'status'): void;
  limit(what: 'comment' | 'status', seconds: number): void;
  hook(url: string, secret: string): void;
  settled(): Promise<void>;
  violations(): readonly string[];
  close(): Promise<void>;
}

export interface BenchPull {
  readonly number: number;
  head(): string;
  push(files: Readonly<Record<string, string>>): Promise<string>;
  comment(body: string, login: string): void;
  comments(): readonly { readonly author: string; readonly body: string }[];
  removeComments(): void;
  merge(): Promise<string>;
  close(): Promise<void>;
}

/** The login that the clients sign in as. */
export const US = 'gridops-user';

export const benches: readonly (readonly [string, () => Promise<ForgeBench>])[] = [
  ['GitHub', githubBench],
  ['GitLab', async () => await smallBench('gitlab', gitlab)],
  ['Gitea', async () => await smallBench('gitea', gitea)],
  ['Bitbucket', async () => await smallBench('bitbucket', bitbucket)],
];

async function githubBench(): Promise<ForgeBench> {
  const fake = await startFakeGithub();
  const repository = await fake.createRepository({ files: { 'README.md': 'grids\n' } });
  const auth = { kind: 'token', token: fake.createToken(US) } as const;
  const forge = createGithub({ baseUrl: fake.baseUrl, auth, userAgent: 'gridops' });
  const on = { comment: 'issues/create-comment', status: 'repos/create-commit-status' } as const;
  return {
    provider: 'github',
    forge,
    named: { owner: 'acme', name: 'grids' },
    cloneUrl: repository.cloneUrl,
    head: async () => (await repository.head()) ?? '',
    push: async (files) => await repository.commit(files),
    branch: async (name, files) => await repository.pushTo(name, files),
    open: async ({ branch, base, isDraft = false, isFork = false }) => {
      const from = isFork ? await repository.fork('mallory') : repository;
      const files = { [`${branch}.yml`]: '1\n' };
      const of = { branch, files, draft: isDraft, from, ...(base === undefined ? {} : { base }) };
      const pull = await repository.openPullRequest(of);
      return {
        number: pull.number,
        head: () => pull.head,
        push: async (more) => await pull.push(more),
        comment: (body, login) => void pull.comment(body, login),
        comments: () => pull.comments.map(({ author, body }) => ({ author: author.login, body })),
        removeComments: () => {
          for (const each of pull.comments.slice()) pull.removeComment(each);
        },
        merge: async () => await pull.merge(),
        close: async () => await pull.close(),
      };
    },
    person: (login, level) => {
      fake.createToken(login, level);
      return login;
    },
    statuses: (sha) => fake.statuses(sha),
    lose: (what) =>
      fake.disturb({ kind: 'server-error', status: 502, afterDoing: true, on: on[what] }),
    limit: (what, retryAfter) =>
      fake.disturb({ kind: 'secondary-limit', status: 429, retryAfter, on: on[what] }),
    hook: (url, secret) =>
      void repository.addHook({ url, secret, events: ['push', 'pull_request', 'issue_comment'] }),
    settled: async () => await fake.settled(),
    violations: () => fake.violations,
    close: async () => await fake.close(),
  };
}

const clients = {
  gitlab: (baseUrl: string, token: string) =>
    createGitlab({ baseUrl, token, userAgent: 'gridops' }),
  gitea: (baseUrl: string, token: string) => createGitea({ baseUrl, token, userAgent: 'gridops' }),
  bitbucket: (baseUrl: string, token: string) =>
    createBitbucket({ baseUrl, username: null, token, userAgent: 'gridops' }),
} as const;

async function smallBench(provider: keyof typeof clients, dialect: Dialect): Promise<ForgeBench> {
  const host = await startSmallHost(dialect);
  // GitLab has groups of groups.
  const named = { owner: provider === 'gitlab' ? 'acme/team' : 'acme', name: 'grids' };
  const handle = await host.createRepository(named.owner, named.name);
  const forge = clients[provider](host.world.api, host.createToken(US));
  return {
    provider,
    forge,
    named,
    cloneUrl: host.world.cloneUrl(handle.repository),
    head: async () => await handle.head(),
    push: async (files) => await handle.commit(files),
    branch: async (name, files) => await handle.commit(files, name),
    open: async ({ branch, base, isDraft = false, isFork = false }) => {
      const from = isFork ? await handle.fork('mallory') : handle;
      const of = { branch, files: { [`${branch}.yml`]: '1\n' }, draft: isDraft, from };
      const pull = await handle.openPull({ ...of, ...(base === undefined ? {} : { base }) });
      return smallPull(handle, from, pull);
    },
    person: (login, level) => {
      host.createToken(login, level);
      const { uuid } = host.person(login);
      return provider === 'bitbucket' ? uuid : login;
    },
    statuses: (sha) => host.world.statuses.entries.filter((each) => each.sha === sha),
    lose: (on) => host.disturb({ kind: 'server-error', status: 502, afterDoing: true, on }),
    limit: (on, retryAfter) =>
      host.disturb({ kind: 'secondary-limit', status: 429, retryAfter, on }),
    hook: (url, secret) => handle.addHook(url, secret),
    settled: async () => await host.settled(),
    violations: () => host.violations,
    close: async () => await host.close(),
  };
}

function smallPull(handle: SmallHandle, from: SmallHandle, pull: SmallPull): BenchPull {
  return {
    number: pull.number,
    head: () => pull.head,
    push: async (files) => await from.commit(files, pull.branch),
    comment: (body, login) => void handle.comment(pull, body, login),
    comments: () => pull.comments.map(({ author, body }) => ({ author: author.login, body })),
    removeComments: () => void pull.comments.splice(0),
    merge: async () => await handle.merge(pull),
    close: async () => await Promise.resolve(handle.close(pull)),
  };
}
