import { createPrivateKey } from 'node:crypto';
import { App, Octokit } from 'octokit';
import { GridError } from '../model/error.ts';
import { boundedFetch } from './bounded-fetch.ts';
import type { CommitStatus, Forge, RepositoryName } from './forge.ts';
import { githubError } from './github-error.ts';

export interface GithubOptions {
  /** `https://api.github.com`, or `https://HOST/api/v3` of a GitHub Enterprise Server. */
  readonly baseUrl: string;
  readonly auth: GithubAuth;
  readonly userAgent: string;
  readonly fetch?: typeof globalThis.fetch;
}

export type GithubAuth =
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'app';
      readonly appId: number | string;
      /** PEM. */
      readonly privateKey: string;
      /** May be left out when the app is installed once. */
      readonly installationId?: number;
    };

/**
 * GitHub as a forge. Sends each request once: whoever keeps what is still to be said (the outbox) also says it again. No
 * request is made before the first call. Throws `GridError` `invalid-configuration` for an app key that is none.
 */
export function createGithub(options: GithubOptions): Forge {
  const Client = clientClass(options);
  const access =
    options.auth.kind === 'token'
      ? tokenAccess(options.auth.token, Client)
      : appAccess(options.auth, Client);
  return {
    createCommitStatus: async (repository, sha, status) => {
      const what = `status ${status.context} of ${repository.owner}/${repository.name}@${sha.slice(0, 7)}`;
      await translated(what, async () => {
        await createCommitStatus(await access.octokit(), { repository, sha, status });
      });
    },
    gitCredentials: async () => {
      const password = await translated('credentials for Git', async () => await access.token());
      return { username: 'x-access-token', password };
    },
  };
}

/** Owner, name and host (with its port) of an https, ssh or scp-like clone URL; `null` when it cannot be GitHub's. */
export function parseGithubUrl(
  cloneUrl: string,
): { readonly host: string; readonly owner: string; readonly name: string } | null {
  const scp = /^[\w.-]+@([\w.-]+):(?!\/)(.+)$/.exec(cloneUrl);
  const [host, path] = scp === null ? splitUrl(cloneUrl) : [scp[1] ?? '', scp[2] ?? ''];
  const match = /^([\w.-]{1,100})\/([\w.-]{1,100}?)(?:\.git)?\/?$/.exec(path);
  const [, owner = '', name = ''] = match ?? [];
  if (host === '' || isDots(owner) || isDots(name)) return null;
  return { host: host.toLowerCase(), owner, name };
}

type Client = typeof Octokit;

/** How each kind of credentials turns into requests. */
interface Access {
  octokit(): Promise<Octokit>;
  token(): Promise<string>;
}

function clientClass({ baseUrl, userAgent, fetch = globalThis.fetch }: GithubOptions): Client {
  return Octokit.defaults({
    baseUrl: baseUrl.replace(/\/+$/, ''),
    userAgent,
    request: { fetch: boundedFetch(fetch) },
    // Its own retries would post a status twice after a 502, and its pacing would hide which one is the newest.
    retry: { enabled: false },
    throttle: { enabled: false },
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  });
}

function tokenAccess(token: string, Client: Client): Access {
  const octokit = new Client({ auth: token });
  return { octokit: () => Promise.resolve(octokit), token: () => Promise.resolve(token) };
}

/** The client of one installation renews its token by itself; it is made once it is first needed. */
function appAccess(auth: Extract<GithubAuth, { kind: 'app' }>, Client: Client): Access {
  const app = new App({
    appId: auth.appId,
    privateKey: checkedKey(auth.privateKey),
    Octokit: Client,
  });
  let known: Octokit | null = null;
  async function octokit(): Promise<Octokit> {
    known ??= await app.getInstallationOctokit(
      auth.installationId ?? (await soleInstallation(app.octokit)),
    );
    return known;
  }
  async function token(): Promise<string> {
    const installation = await octokit();
    return ((await installation.auth({ type: 'installation' })) as { token: string }).token;
  }
  return { octokit, token };
}

/** GitHub hands out PKCS #1; either form is taken, and a file that is no key is found at start instead of at the first push. */
function checkedKey(pem: string): string {
  try {
    return createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch {
    throw new GridError({
      code: 'invalid-configuration',
      message: 'the private key of the GitHub App cannot be read',
      hint: "Give the .pem file that GitHub made under 'Private keys' of the app.",
    });
  }
}

async function soleInstallation(octokit: Octokit): Promise<number> {
  const { data } = await octokit.rest.apps.listInstallations({ per_page: 2 });
  const [first, second] = data;
  if (first !== undefined && second === undefined) return first.id;
  throw new GridError({
    code: 'invalid-configuration',
    message: `the GitHub App is installed ${first === undefined ? 'nowhere' : 'more than once'}`,
    hint:
      first === undefined
        ? 'Install it on the grid repository.'
        : 'Say which installation is meant: set its id.',
  });
}

async function createCommitStatus(
  octokit: Octokit,
  of: {
    readonly repository: RepositoryName;
    readonly sha: string;
    readonly status: CommitStatus;
  },
): Promise<void> {
  const { state, context, description, targetUrl } = of.status;
  const response = await octokit.rest.repos.createCommitStatus({
    owner: of.repository.owner,
    repo: of.repository.name,
    sha: of.sha,
    state,
    context,
    description,
    ...(targetUrl === null ? {} : { target_url: targetUrl }),
  });
  // A redirect that turned the POST into a GET ends in 200 and has created nothing.
  if ((response.status as number) !== 201)
    throw new GridError({
      code: 'forge-refused',
      message: `GitHub answered ${String(response.status)} where 201 was expected: no status was created`,
      hint: "Check the API address and the repository's name: it may have moved.",
    });
}

async function translated<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw githubError(what, error);
  }
}

function splitUrl(cloneUrl: string): readonly [host: string, path: string] {
  if (!URL.canParse(cloneUrl)) return ['', ''];
  const { protocol, host, pathname } = new URL(cloneUrl);
  return /^(https?|ssh|git\+ssh):$/.test(protocol) ? [host, pathname.slice(1)] : ['', ''];
}

function isDots(name: string): boolean {
  return /^\.*$/.test(name);
}

function nothing(): void {}
