import type { CommitPolicy } from '../model/commit-policy.ts';
import { GridError } from '../model/error.ts';
import type { LogLevel } from '../runtime/log.ts';
import type { masterSettings, Values } from './settings.ts';
import { readPolicies } from './verify-file.ts';

type MasterSettings = Values<typeof masterSettings>;

/** The master's settings as the options that it is started with. Throws `GridError` `invalid-configuration`. */
function masterOptions(settings: MasterSettings) {
  return {
    data: settings.data,
    listen: settings.listen,
    publicUrl: settings.public_url,
    repository: repositoryOptions(settings),
    forge: forgeOptions(settings),
    webhookSecrets: lines(settings.webhook_secret),
    apiToken: settings.api_token,
    logLevel: settings.log_level as LogLevel,
    ...(settings.rollback_requests === 'on' ? { rollbackRequests: true } : {}),
  };
}

export type MasterStart = ReturnType<typeof masterOptions> & {
  readonly verify?: readonly CommitPolicy[];
};

/** With what their files say. Throws `GridError` `invalid-configuration`. */
export async function masterStart(settings: MasterSettings): Promise<MasterStart> {
  const options = masterOptions(settings);
  return settings.verify === null
    ? options
    : { ...options, verify: await readPolicies(settings.verify) };
}

function repositoryOptions(settings: MasterSettings) {
  if (settings.repository === null)
    throw missing('repository', 'Give the grid repository: --repository or GRIDOPS_REPOSITORY.');
  const { git_username: username, git_token: token, known_hosts: knownHosts } = settings;
  const { ssh_key_file: sshKeyFile } = settings;
  return {
    url: settings.repository,
    branch: settings.branch,
    engine: settings.git_engine as 'auto' | 'isomorphic' | 'native',
    pollSeconds: settings.poll_seconds,
    ...(username === null ? {} : { username }),
    ...(token === null ? {} : { token }),
    ...(knownHosts === null ? {} : { knownHosts }),
    ...(sshKeyFile === null ? {} : { sshKeyFile }),
  };
}

/** Statuses are written when there are credentials for it; an owner and name without any are a mistake. */
function forgeOptions(settings: MasterSettings) {
  const auth = forgeAuth(settings);
  const named = settings.github ?? githubPath(settings.repository ?? '');
  if (auth === null) {
    if (settings.github === null) return { kind: 'none' } as const;
    throw missing('github_token', 'Statuses at GitHub need a token, or a GitHub App.');
  }
  const [owner, name, ...rest] = (named ?? '').split('/');
  if (owner === undefined || owner === '' || name === undefined || name === '' || rest.length > 0)
    throw missing(
      'github as OWNER/NAME',
      'There are GitHub credentials, but not for which repository.',
    );
  return { kind: 'github', baseUrl: settings.github_url, auth, owner, name } as const;
}

function forgeAuth(settings: MasterSettings) {
  const { github_token: token, github_app_id: appId, github_app_key: privateKey } = settings;
  if (token !== null && appId !== null)
    throw missing('one of github_token and github_app_id', 'Use a token or an App, not both.');
  if (token !== null) return { kind: 'token', token } as const;
  if (appId === null && privateKey === null) return null;
  if (appId === null || privateKey === null)
    throw missing(
      'both github_app_id and github_app_key',
      'An App needs its id and its private key.',
    );
  return {
    kind: 'app',
    appId,
    privateKey,
    installationId: settings.github_app_installation,
  } as const;
}

/** `owner/name` of a repository at github.com, by its https or ssh address. */
function githubPath(repository: string): string | null {
  const match =
    /^(?:https:\/\/github\.com\/|(?:ssh:\/\/)?git@github\.com[:/])([^/]+\/[^/]+?)(?:\.git)?\/?$/i;
  return match.exec(repository)?.[1] ?? null;
}

function lines(text: string | null): string[] {
  return (text ?? '').split(/\s+/).filter((line) => line !== '');
}

function missing(what: string, hint: string): GridError {
  return new GridError({
    code: 'invalid-configuration',
    message: `the master needs ${what}`,
    hint,
  });
}
