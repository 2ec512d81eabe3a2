import { createPrivateKey } from 'node:crypto';
import { App, Octokit, RequestError } from 'octokit';
import { GridError } from '../model/error.ts';
import { boundedFetch } from './bounded-fetch.ts';
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

/** Signed-in requests to GitHub, whatever they are about. */
export interface GithubClient {
  /** Carries out `work` and throws its faults as ours; `what` is what they begin with. */
  call<T>(what: string, work: (octokit: Octokit) => Promise<T>): Promise<T>;
  /** Under whose name these credentials write. */
  login(): Promise<string>;
  token(): Promise<string>;
}

/** No request is made before the first call. Throws `GridError` `invalid-configuration` for an app key that is none. */
export function createGithubClient(options: GithubOptions): GithubClient {
  const Client = clientClass(options);
  const access =
    options.auth.kind === 'token'
      ? tokenAccess(options.auth.token, Client)
      : appAccess(options.auth, Client);
  let login: string | null = null;
  return {
    call: async (what, work) => await translated(what, async () => await signedIn(access, work)),
    login: async () => {
      login ??= await translated('who we are at GitHub', async () => await access.login());
      return login;
    },
    token: async () => await translated('credentials for Git', async () => await access.token()),
  };
}

type Client = typeof Octokit;

/** How each kind of credentials turns into requests. */
interface Access {
  octokit(): Promise<Octokit>;
  token(): Promise<string>;
  login(): Promise<string>;
  /** After a 401: whether there are other credentials now, with which to try again. */
  renew(): Promise<boolean>;
}

/** A token can end before its time: by its owner, or by a clock that was wrong. What was refused has not been done. */
async function signedIn<T>(access: Access, work: (octokit: Octokit) => Promise<T>): Promise<T> {
  try {
    return await work(await access.octokit());
  } catch (error) {
    const isUnknown = error instanceof RequestError && error.status === 401;
    if (!isUnknown || !(await access.renew())) throw error;
    return await work(await access.octokit());
  }
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
  return {
    octokit: () => Promise.resolve(octokit),
    token: () => Promise.resolve(token),
    login: async () => (await octokit.rest.users.getAuthenticated()).data.login,
    renew: () => Promise.resolve(false),
  };
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
  async function token(refresh = false): Promise<string> {
    const installation = await octokit();
    return ((await installation.auth({ type: 'installation', refresh })) as { token: string })
      .token;
  }
  return {
    octokit,
    token,
    login: async () => botName((await app.octokit.rest.apps.getAuthenticated()).data?.slug),
    renew: async () => {
      if (known === null) return false;
      await token(true);
      return true;
    },
  };
}

/** Under which an App writes. */
function botName(slug: string | undefined): string {
  if (slug !== undefined) return `${slug}[bot]`;
  throw new GridError({ code: 'forge-refused', message: 'the App has no name' });
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

async function translated<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw githubError(what, error);
  }
}

function nothing(): void {}
