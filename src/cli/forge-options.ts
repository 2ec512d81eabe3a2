import { GridError } from '../model/error.ts';
import type { RepositorySettings } from './repository-settings.ts';

type Kind = 'github' | 'gitlab' | 'gitea' | 'bitbucket';

/** Code hosts that are known by the host in the repository's address. Others may be anything. */
const hosts: Readonly<Partial<Record<string, Kind>>> = {
  'github.com': 'github',
  'gitlab.com': 'gitlab',
  'codeberg.org': 'gitea',
  'bitbucket.org': 'bitbucket',
};

/**
 * Which code host is spoken to, and how. Nothing is said where there are no credentials for it; a host that somebody named
 * without any is a mistake. Throws `GridError` `invalid-configuration`.
 */
export function forgeOptions(settings: RepositorySettings) {
  const kind = kindOf(settings);
  if (kind === null) return { kind: 'none' } as const;
  if (kind === 'github') return githubOptions(settings);
  const token = settings.forge_token;
  if (token === null && settings.forge === 'auto') return { kind: 'none' } as const;
  if (token === null)
    throw missing('forge_token', 'Statuses and comments at the code host need a token.');
  const name = nameOf(settings, settings.forge_repository);
  const baseUrl = settings.forge_url ?? apiOf(kind, settings);
  if (kind === 'bitbucket')
    return { kind, baseUrl, username: settings.forge_username, token, ...name } as const;
  return { kind, baseUrl, token, ...name } as const;
}

function kindOf(settings: RepositorySettings): Kind | null {
  if (settings.forge === 'none') return null;
  if (settings.forge !== 'auto') return settings.forge as Kind;
  const { github, github_token: token, github_app_id: app, github_app_key: key } = settings;
  if ([github, token, app, key].some((each) => each !== null)) return 'github';
  return hosts[hostOf(settings.repository ?? '')] ?? null;
}

function githubOptions(settings: RepositorySettings) {
  const auth = githubAuth(settings);
  const named = settings.forge_repository ?? settings.github;
  if (auth === null) {
    if (named === null && settings.forge === 'auto') return { kind: 'none' } as const;
    throw missing('github_token', 'Statuses at GitHub need a token, or a GitHub App.');
  }
  const baseUrl = settings.forge_url ?? settings.github_url;
  const onGithub = hostOf(settings.repository ?? '') === 'github.com';
  const isNamed = named !== null || onGithub || settings.forge === 'github';
  return { kind: 'github', baseUrl, auth, ...nameOf(settings, isNamed ? named : '') } as const;
}

function githubAuth(settings: RepositorySettings) {
  const { github_app_id: appId, github_app_key: privateKey } = settings;
  const token = settings.github_token ?? settings.forge_token;
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

/** What was named, or else what the repository's address ends with. GitLab has groups of groups; others have two names. */
function nameOf(
  settings: RepositorySettings,
  named: string | null,
): { readonly owner: string; readonly name: string } {
  const path = named ?? pathOf(settings.repository ?? '');
  const at = path.lastIndexOf('/');
  const [owner, name] = [path.slice(0, Math.max(0, at)), path.slice(at + 1)];
  const isDeep = owner.includes('/') && kindOf(settings) !== 'gitlab';
  if (/^[\w.-]+(\/[\w.-]+)*$/.test(owner) && /^[\w.-]+$/.test(name) && !isDeep)
    return { owner, name };
  throw missing(
    'forge_repository as OWNER/NAME',
    'There are credentials for the code host, but not for which repository.',
  );
}

function apiOf(kind: Exclude<Kind, 'github'>, settings: RepositorySettings): string {
  if (kind === 'bitbucket') return 'https://api.bitbucket.org/2.0';
  const host = hostOf(settings.repository ?? '');
  const version = kind === 'gitlab' ? 'v4' : 'v1';
  if (host !== '') return `https://${host}/api/${version}`;
  throw missing('forge_url', `It is https://HOST/api/${version}.`);
}

/** Lower case, without port: the API is where https is. */
function hostOf(repository: string): string {
  return split(repository)[0].toLowerCase();
}

function pathOf(repository: string): string {
  return split(repository)[1]
    .replace(/^\/+|\/+$/g, '')
    .replace(/\.git$/, '');
}

/** Of an https, ssh or scp-like address; of a path on this machine there is neither. */
function split(repository: string): readonly [host: string, path: string] {
  const scp = /^[\w.-]+@([\w.-]+):(?!\/)(.+)$/.exec(repository);
  if (scp !== null) return [scp[1] ?? '', scp[2] ?? ''];
  if (!URL.canParse(repository)) return ['', ''];
  const { protocol, hostname, pathname } = new URL(repository);
  return /^(https?|ssh):$/.test(protocol) ? [hostname, pathname] : ['', ''];
}

export function missing(what: string, hint: string): GridError {
  return new GridError({
    code: 'invalid-configuration',
    message: `the master needs ${what}`,
    hint,
  });
}
