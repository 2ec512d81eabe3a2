/**
 * Every setting there is, once: flags, environment, `gridops.yml`, the documentation and `config check` all follow from these
 * tables. A key is its name in `gridops.yml` (below its section); the flag and the variable are derived from it unless given.
 * What is `secret` can also come from a file: `<name>_file`, `--<name>-file`, `GRIDOPS_<NAME>_FILE`.
 */
export interface Setting {
  readonly type: SettingType;
  /** `null`: there is none. */
  readonly default: string | null;
  readonly description: string;
  readonly choices?: readonly string[];
  /** The least and the most that an integer may be. */
  readonly range?: readonly [number, number];
  readonly secret?: true;
  readonly env?: string;
  readonly flag?: string;
}

/**
 * `path`: relative ones start at the working directory, in `gridops.yml` at that file's folder. `address`: `host:port`.
 * `list`, and `urls` of that kind: separated by commas, a list in the file, or the flag several times.
 */
export type SettingType =
  | 'text'
  | 'path'
  | 'integer'
  | 'url'
  | 'urls'
  | 'address'
  | 'list'
  | 'choice';

export type Settings = Readonly<Record<string, Setting>>;

type Base<T extends SettingType> = T extends 'integer'
  ? number
  : T extends 'list' | 'urls'
    ? readonly string[]
    : T extends 'address'
      ? Address
      : string;

/** What a table's settings come out as: `null` only where there is no default. */
export type Values<T extends Settings> = {
  readonly [K in keyof T]: Base<T[K]['type']> | (T[K]['default'] extends null ? null : never);
};

export interface Address {
  readonly host: string;
  readonly port: number;
}

const logLevel = {
  type: 'choice',
  choices: ['debug', 'info', 'warn', 'error', 'silent'],
  default: 'info',
  description: 'How much is logged (JSON lines on stderr).',
} as const;

export const masterSettings = {
  data: {
    type: 'path',
    default: 'gridops-data',
    description: 'Directory of the store, the keys and the clone. Back it up.',
  },
  listen: {
    type: 'address',
    default: '127.0.0.1:8080',
    description: 'Where the pages, the API, webhooks and agents are served.',
  },
  public_url: {
    type: 'url',
    default: null,
    description: 'Where people and the forge reach the master, when that is another address.',
  },
  repository: {
    type: 'text',
    default: null,
    description: 'The grid repository: an https or ssh URL, or a path on this machine.',
  },
  branch: { type: 'text', default: 'main', description: 'The branch that is deployed.' },
  poll_seconds: {
    type: 'integer',
    range: [1, 86_400],
    default: '60',
    description: 'Seconds between looks at the branch; webhooks are faster and do not replace it.',
  },
  git_engine: {
    type: 'choice',
    choices: ['auto', 'isomorphic', 'native'],
    default: 'auto',
    description: "Read the repository by the built-in engine or by the machine's git.",
  },
  git_username: { type: 'text', default: null, description: 'User name for https.' },
  git_token: {
    type: 'text',
    secret: true,
    default: null,
    description: 'Token or password for https; not needed with GitHub credentials.',
  },
  ssh_key_file: { type: 'path', default: null, description: 'Private key for ssh.' },
  known_hosts: {
    type: 'path',
    default: null,
    description: 'Host keys that ssh accepts; no other is trusted.',
  },
  forge: {
    type: 'choice',
    choices: ['auto', 'github', 'gitlab', 'gitea', 'bitbucket', 'none'],
    default: 'auto',
    description:
      'The code host that is told what becomes of commits; `gitea` is also Forgejo. `auto`: by the host of `repository`, where that says it.',
  },
  forge_url: {
    type: 'url',
    default: null,
    description:
      "Base of the code host's REST API; if absent the usual one at the host of `repository`.",
  },
  forge_repository: {
    type: 'text',
    default: null,
    description: 'OWNER/NAME at the code host; if absent what `repository` ends with.',
  },
  forge_username: {
    type: 'text',
    default: null,
    description: "Bitbucket: address of the account that a person's token belongs to.",
  },
  forge_token: {
    type: 'text',
    secret: true,
    default: null,
    description: 'Token for the code host: statuses, comments, pull requests, and Git over https.',
  },
  github: {
    type: 'text',
    default: null,
    description:
      'OWNER/NAME at GitHub, for statuses; taken from a github.com `repository` if absent.',
  },
  github_url: {
    type: 'url',
    default: 'https://api.github.com',
    description: "Base of GitHub's REST API; for GitHub Enterprise https://HOST/api/v3.",
  },
  github_token: {
    type: 'text',
    secret: true,
    default: null,
    description: 'Token that may write commit statuses; or use an App.',
  },
  github_app_id: { type: 'integer', default: null, description: 'Id of a GitHub App.' },
  github_app_key: {
    type: 'text',
    secret: true,
    default: null,
    description: "The App's private key (PEM).",
  },
  github_app_installation: {
    type: 'integer',
    default: null,
    description: "Id of the App's installation; found by the repository if absent.",
  },
  webhook_secret: {
    type: 'text',
    secret: true,
    default: null,
    description: 'Signs webhooks. Several, one a line, while it is being changed.',
  },
  rollback_requests: {
    type: 'choice',
    choices: ['off', 'on'],
    default: 'off',
    description: 'Open a pull request that goes back when a commit does not become ready.',
  },
  verify: {
    type: 'path',
    default: null,
    description: 'File of policies: whose signatures commits must have to be deployed.',
  },
  api_token: {
    type: 'text',
    secret: true,
    default: null,
    description: 'Opens the API and the pages; if absent made once, in `api-token` of `data`.',
  },
  log_level: logLevel,
} as const satisfies Settings;

export const agentSettings = {
  master: {
    type: 'urls',
    default: null,
    description: "The master's address; of several, the first that answers is used.",
  },
  token: {
    type: 'text',
    secret: true,
    default: null,
    description: 'Join token; needed once, until the node has its own key.',
  },
  name: { type: 'text', default: null, description: "The node's name; the host's name if absent." },
  label: {
    type: 'list',
    env: 'GRIDOPS_LABELS',
    default: '',
    description: 'Labels of the node that affinity rules match, as `key=value`.',
  },
  publish_address: {
    type: 'text',
    default: '0.0.0.0',
    description: 'Address of this host on which ports without one are published.',
  },
  data: {
    type: 'path',
    env: 'GRIDOPS_AGENT_DATA',
    default: 'gridops-agent-data',
    description:
      "Directory of the node's key, credential and last assignment, and of files that containers mount.",
  },
  docker: {
    type: 'text',
    env: 'GRIDOPS_DOCKER',
    default: null,
    description: 'The Docker engine: a socket path or a tcp URL; else as `DOCKER_HOST` says.',
  },
  network: {
    type: 'choice',
    choices: ['overlay', 'bridge', 'none'],
    default: null,
    description:
      "How containers are connected: in the grid's overlay, in a bridge of this host alone, or not by gridops. If absent: the overlay where the host allows it, else a bridge.",
  },
  public_address: {
    type: 'text',
    default: null,
    description: 'Address or name by which nodes of other regions reach this one.',
  },
  private_address: {
    type: 'text',
    default: null,
    description:
      'Address by which nodes of the same region reach this one; if absent the first private one of its interfaces.',
  },
  hosts_file: {
    type: 'path',
    default: '/etc/hosts',
    description:
      "The host's hosts file, where its engine finds registries that run in the grid; in a container, where it is mounted.",
  },
  wireguard_image: {
    type: 'text',
    default: 'gridops/wireguard',
    description: 'Image of the helper for hosts whose kernel has no WireGuard.',
  },
  concurrency: {
    type: 'integer',
    range: [1, 64],
    default: null,
    description: 'Containers started at the same moment; by the number of cores if absent.',
  },
  image_keep: {
    type: 'integer',
    range: [0, 8_760],
    default: '24',
    description:
      'Hours that an image which the agent itself has pulled stays on the node after its last use; no other image is ever removed.',
  },
  log_level: logLevel,
} as const satisfies Settings;

export const clientSettings = {
  url: {
    type: 'url',
    flag: 'master',
    default: 'http://127.0.0.1:8080',
    description: "The master's address.",
  },
  api_token: {
    type: 'text',
    flag: 'token',
    secret: true,
    default: null,
    description: "The master's API token.",
  },
} as const satisfies Settings;

/** The sections of `gridops.yml`. */
export const sections = {
  master: masterSettings,
  agent: agentSettings,
  client: clientSettings,
} as const;

export type SectionName = keyof typeof sections;

export function flagOf(name: string, setting: Setting): string {
  return setting.flag ?? name.replaceAll('_', '-');
}

export function variableOf(name: string, setting: Setting): string {
  return setting.env ?? `GRIDOPS_${name.toUpperCase()}`;
}
