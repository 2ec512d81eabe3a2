import { createBitbucket } from '../../src/forge/bitbucket.ts';
import type { Forge, RepositoryName } from '../../src/forge/forge.ts';
import { createGitea } from '../../src/forge/gitea.ts';
import { createGithub } from '../../src/forge/github.ts';
import { createGitlab } from '../../src/forge/gitlab.ts';
import type { ForgeOptions } from '../../src/master/options.ts';
import type { Provider } from '../../src/webhooks/providers.ts';
import { startFakeGithub } from './fake-github.ts';
import type { FakePull } from './fake-pull.ts';
import { bitbucket } from './small/bitbucket.ts';
import type { Dialect } from './small/dialect.ts';
import { gitea } from './small/gitea.ts';
import { gitlab } from './small/gitlab.ts';
import type { SmallHandle } from './small/handle.ts';
import { startSmallHost } from './small/host.ts';
import type { SmallPull } from './small/state.ts';
import type { CommitStatus } from './world.ts';

/** A stand-in of a code host, its client, and people who use it: what is asked of forges, whichever it is. */
export interface ForgeBench {
  readonly provider: Provider;
  readonly forge: Forge;
  /** A client with credentials that are another's. */
  readonly renewed: () => Forge;
  readonly named: RepositoryName;
  readonly cloneUrl: string;
  /** With the credentials of somebody who may push. */
  readonly pushUrl: string;
  /** What a master is told of it. */
  readonly options: Exclude<ForgeOptions, { readonly kind: 'none' }>;
  head(): Promise<string>;
  push(files: Readonly<Record<string, string>>): Promise<string>;
  branch(name: string, files: Readonly<Record<string, string>>): Promise<string>;
  open(of: NewBenchPull): Promise<BenchPull>;
  /** What the forge asks for the permissions of somebody by. */
  person(login: string, level: 'read' | 'write'): string;
  /** Oldest first, those that were replaced included. */
  statuses(sha: string): readonly BenchStatus[];
  /** The first that is as wanted, one that was replaced since included. */
  status(
    sha: string,
    context: string,
    holds: (status: BenchStatus) => boolean,
  ): Promise<BenchStatus>;
  readonly faults: BenchFaults;
  /** From now on everybody may read it. */
  makePublic(): void;
  hook(url: string, secret: string): void;
  /** Every attempt at a webhook, pings excluded, oldest first. */
  deliveries(): readonly BenchDelivery[];
  settled(): Promise<void>;
  /** Everything that was said to it, and what it was told by Git and people: for whoever looks for what must not be there. */
  heard(): string;
  violations(): readonly string[];
  close(): Promise<void>;
}

export interface NewBenchPull {
  readonly branch: string;
  /** What is committed to the branch first; `null`: nothing, it has been pushed. A file of its own when absent. */
  readonly files?: Readonly<Record<string, string>> | null;
  readonly title?: string;
  readonly base?: string;
  readonly isDraft?: boolean;
  readonly isFork?: boolean;
}

export interface BenchStatus {
  readonly context: string;
  /** In the forge's own word. */
  readonly state: string;
  readonly verdict: 'pending' | 'success' | 'failure';
  readonly description: string;
  /** Where it leads. */
  readonly url: string;
}

/** What goes wrong with the next so many requests of this kind, once unless told otherwise. */
export interface BenchFaults {
  /** Carried out, and answered with 502. */
  lose(what: 'comment' | 'status'): void;
  /** Refused because there were so many. */
  limit(what: 'comment' | 'status', seconds: number, times?: number): void;
  /** Webhooks get lost. */
  drop(times: number): void;
  /** Webhooks come twice, both at once. */
  duplicate(times: number): void;
  calm(): void;
}

export interface BenchDelivery {
  readonly kind: 'push' | 'pull' | 'comment';
  /** Of the answer. */
  readonly status: number;
  /** Sends it once more, as the button beside it does. */
  again(): void;
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

/** The one that the client signs in as whose credentials are new. */
export const US_RENEWED = 'gridops-renewed';

/** Who pushes. */
const DEVELOPER = 'octocat';

export const benches: readonly (readonly [string, () => Promise<ForgeBench>])[] = [
  ['GitHub', async () => await startBench('github')],
  ['GitLab', async () => await startBench('gitlab')],
  ['Gitea', async () => await startBench('gitea')],
  ['Bitbucket', async () => await startBench('bitbucket')],
];

const benchOf = {
  github: async () => await githubBench(),
  gitlab: async () => await smallBench('gitlab', gitlab),
  gitea: async () => await smallBench('gitea', gitea),
  bitbucket: async () => await smallBench('bitbucket', bitbucket),
} as const;

export type BenchName = keyof typeof benchOf;

export async function startBench(name: BenchName): Promise<ForgeBench> {
  return await benchOf[name]();
}

async function githubBench(): Promise<ForgeBench> {
  const fake = await startFakeGithub();
  const repository = await fake.createRepository({ files: { 'README.md': 'grids\n' } });
  const auth = { kind: 'token', token: fake.createToken(US) } as const;
  const named = { owner: 'acme', name: 'grids' } as const;
  const on = { comment: 'issues/create-comment', status: 'repos/create-commit-status' } as const;
  const pulls: FakePull[] = [];
  return {
    provider: 'github',
    forge: createGithub({ baseUrl: fake.baseUrl, auth, userAgent: 'gridops' }),
    renewed: () => {
      const other = { kind: 'token', token: fake.createToken(US_RENEWED, 'write') } as const;
      return createGithub({ baseUrl: fake.baseUrl, auth: other, userAgent: 'gridops' });
    },
    named,
    cloneUrl: repository.cloneUrl,
    pushUrl: withToken(repository.cloneUrl, DEVELOPER, fake.createToken(DEVELOPER)),
    options: { kind: 'github', baseUrl: fake.baseUrl, auth, ...named },
    head: async () => (await repository.head()) ?? '',
    push: async (files) => await repository.commit(files),
    branch: async (name, files) => await repository.pushTo(name, files),
    open: async ({ branch, isDraft = false, isFork = false, ...of }) => {
      const from = isFork ? await repository.fork('mallory') : repository;
      const { files = ownFile(branch), ...more } = of;
      const pull = await repository.openPullRequest({
        branch,
        ...more,
        ...(files === null ? {} : { files }),
        draft: isDraft,
        from,
      });
      pulls.push(pull);
      return githubPull(pull);
    },
    person: (login, level) => {
      fake.createToken(login, level);
      return login;
    },
    statuses: (sha) => fake.statuses(sha).map(githubStatus),
    status: async (sha, context, holds) =>
      githubStatus(
        await fake.waitForStatus(sha, context, (one) => holds(githubStatus(one)), STATUS_TIMEOUT),
      ),
    faults: {
      lose: (what) =>
        fake.disturb({ kind: 'server-error', status: 502, afterDoing: true, on: on[what] }),
      limit: (what, retryAfter, times = 1) =>
        fake.disturb({ kind: 'secondary-limit', status: 403, retryAfter, on: on[what], times }),
      drop: (times) => fake.disturb({ kind: 'drop-delivery', times }),
      duplicate: (times) => fake.disturb({ kind: 'duplicate-delivery', together: true, times }),
      calm: () => fake.calm(),
    },
    makePublic: () => repository.makePublic(),
    hook: (url, secret) => void repository.addHook({ url, secret, events: Object.keys(kinds) }),
    deliveries: () =>
      fake.deliveries.flatMap(({ id, event, statusCode: status }) => {
        const kind = kinds[event];
        return kind === undefined ? [] : [{ kind, status, again: () => fake.redeliver(id) }];
      }),
    settled: async () => await fake.settled(),
    heard: () =>
      JSON.stringify([
        fake.requests.map(({ path, body }) => [path, body]),
        pulls.map(({ comments }) => comments.map(({ body }) => body)),
      ]),
    violations: () => fake.violations,
    close: async () => await fake.close(),
  };
}

function githubPull(pull: FakePull): BenchPull {
  return {
    number: pull.number,
    head: () => pull.head,
    push: async (files) => await pull.push(files),
    comment: (body, login) => void pull.comment(body, login),
    comments: () => pull.comments.map(({ author, body }) => ({ author: author.login, body })),
    removeComments: () => {
      for (const each of pull.comments.slice()) pull.removeComment(each);
    },
    merge: async () => await pull.merge(),
    close: async () => await pull.close(),
  };
}

/** Of GitHub's events. */
const kinds: Readonly<Record<string, BenchDelivery['kind']>> = {
  push: 'push',
  pull_request: 'pull',
  issue_comment: 'comment',
};

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
  const token = host.createToken(US, 'admin', true);
  const cloneUrl = host.world.cloneUrl(handle.repository);
  const of = { baseUrl: host.world.api, token, ...named };
  return {
    provider,
    forge: clients[provider](host.world.api, token),
    renewed: () => clients[provider](host.world.api, host.createToken(US_RENEWED, 'admin', true)),
    named,
    cloneUrl,
    pushUrl: withToken(cloneUrl, DEVELOPER, host.createToken(DEVELOPER)),
    options:
      provider === 'bitbucket'
        ? { kind: provider, username: null, ...of }
        : { kind: provider, ...of },
    head: async () => await handle.head(),
    push: async (files) => await handle.commit(files),
    branch: async (name, files) => await handle.commit(files, name),
    open: async ({ branch, isDraft = false, isFork = false, ...rest }) => {
      const from = isFork ? await handle.fork('mallory') : handle;
      const { files = ownFile(branch), ...more } = rest;
      const given = files === null ? {} : { files };
      const pull = await handle.openPull({ branch, ...more, ...given, draft: isDraft, from });
      return smallPull(handle, from, pull);
    },
    person: (login, level) => {
      host.createToken(login, level);
      const { uuid } = host.person(login);
      return provider === 'bitbucket' ? uuid : login;
    },
    statuses: (sha) =>
      host.world.statuses.entries.filter((each) => each.sha === sha).map(benchStatus),
    status: async (sha, context, holds) => {
      const what = `status ${context} of ${sha.slice(0, 12)} as wanted`;
      const found = await host.world.statuses.waitFor(
        (one) => one.sha === sha && one.context === context && holds(benchStatus(one)),
        { what, timeout: STATUS_TIMEOUT },
      );
      return benchStatus(found);
    },
    faults: {
      lose: (on) => host.disturb({ kind: 'server-error', status: 502, afterDoing: true, on }),
      limit: (on, retryAfter, times = 1) =>
        host.disturb({ kind: 'secondary-limit', status: 429, retryAfter, on, times }),
      drop: (times) => host.disturb({ kind: 'drop-delivery', times }),
      duplicate: (times) => host.disturb({ kind: 'duplicate-delivery', together: true, times }),
      calm: () => host.calm(),
    },
    makePublic: () => {
      handle.repository.isPrivate = false;
    },
    hook: (url, secret) => handle.addHook(url, secret),
    deliveries: () =>
      host.deliveries.map((each) => ({
        kind: each.event,
        status: each.status,
        again: () => host.redeliver(each),
      })),
    settled: async () => await host.settled(),
    heard: () =>
      JSON.stringify([
        host.requests.map(({ path, body }) => [path, body]),
        handle.repository.pulls.map(({ comments }) => comments.map(({ body }) => body)),
      ]),
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

const STATUS_TIMEOUT = 60_000;

function ownFile(branch: string): Readonly<Record<string, string>> {
  return { [`${branch}.yml`]: '1\n' };
}

function withToken(url: string, login: string, token: string): string {
  return url.replace('://', `://${login}:${token}@`);
}

function githubStatus({ targetUrl, ...of }: CommitStatus): BenchStatus {
  return benchStatus({ ...of, url: targetUrl ?? '' });
}

function benchStatus(of: {
  readonly context: string;
  readonly state: string;
  readonly description: string | null;
  readonly url: string;
}): BenchStatus {
  const { context, state, description, url } = of;
  return { context, state, verdict: verdictOf(state), description: description ?? '', url };
}

function verdictOf(state: string): BenchStatus['verdict'] {
  if (/^(pending|running|inprogress)$/i.test(state)) return 'pending';
  return /^success/i.test(state) ? 'success' : 'failure';
}
