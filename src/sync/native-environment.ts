import type { EngineOptions } from './engine-options.ts';
import type { Credentials, Location } from './location.ts';
import { sshCommand } from './ssh-command.ts';

/** Before every command: nothing of the machine's or a repository's making runs, and nothing outlives the command. */
export const fixedArgs: readonly string[] = Object.entries({
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  // Larger blobs are streamed instead of held in memory.
  'core.bigFileThreshold': '1m',
  'protocol.ext.allow': 'never',
  'http.followRedirects': 'false',
  'http.lowSpeedLimit': '1',
  'http.lowSpeedTime': '60',
  'init.defaultBranch': 'main',
  // Always a pack, whose size can be watched, never loose objects.
  'fetch.unpackLimit': '1',
  'gc.autoDetach': 'false',
  'maintenance.autoDetach': 'false',
  // The mirror's ref stays a file that can be read without git.
  'gc.packRefs': 'false',
}).flatMap(([key, value]) => ['-c', `${key}=${value}`]);

/**
 * git asks this helper, and only for the host of this URL. The text is fixed: the values come from the environment,
 * where only this user can read them.
 */
export function credentialArgs(kind: Location['kind'], url: string): readonly string[] {
  if (kind !== 'http') return [];
  const helper =
    '!f() { test "$1" = get && test -n "$GRIDOPS_GIT_PASSWORD" && ' +
    'printf "username=%s\\npassword=%s\\n" "$GRIDOPS_GIT_USERNAME" "$GRIDOPS_GIT_PASSWORD"; }; f';
  return ['-c', `credential.${new URL(url).origin}.helper=${helper}`];
}

// What a git behind a corporate proxy or with a private certificate authority needs of our environment.
const passedOn =
  /^(PATH|SSH_AUTH_SOCK|SSL_CERT_(FILE|DIR)|GIT_SSL_CAINFO|(https?|no|all)_proxy|(HTTPS|NO|ALL)_PROXY)$/;

const protocols: Readonly<Record<Location['kind'], string>> = {
  http: 'https:http',
  ssh: 'ssh',
  path: 'file',
};

export interface NativeEnvironment {
  readonly options: EngineOptions;
  /** An empty folder. */
  readonly home: string;
  /** The only configuration file that is read. */
  readonly config: string;
  readonly credentials: Credentials | null;
}

/** The whole environment of a git command. */
export function nativeEnvironment(of: NativeEnvironment): Readonly<Record<string, string>> {
  const { options, home, credentials } = of;
  const inherited = Object.entries(process.env).filter(([name]) => passedOn.test(name));
  return {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    LC_ALL: 'C',
    HOME: home,
    XDG_CONFIG_HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: of.config,
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_DEFAULT_REF_FORMAT: 'files',
    GIT_ALLOW_PROTOCOL: protocols[options.location.kind],
    GIT_SSH_COMMAND: sshCommand(options),
    GIT_SSH_VARIANT: 'ssh',
    GRIDOPS_GIT_USERNAME: credentials?.username ?? '',
    GRIDOPS_GIT_PASSWORD: credentials?.password ?? '',
  };
}
