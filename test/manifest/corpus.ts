import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** Files of other people, kept beside the repository and not in it. */
const folder = new URL('../../../shared/corpus', import.meta.url).pathname;

export interface CorpusFile {
  /** Where it is in the corpus. */
  readonly name: string;
  readonly stack: string;
  /** The file as the stack file of a grid, with all that lies beside it. */
  readonly files: Readonly<Record<string, string>>;
}

/** What people had in the vaults of their grids. */
const names = [
  'DRONE_ADMIN_USERNAMES',
  'DRONE_GITHUB_CLIENT_ID',
  'DRONE_GITHUB_CLIENT_SECRET',
  'DRONE_SHARED_SECRET',
  'GALERA_MYSQL_ROOT_PASSWORD',
  'GALERA_XTRABACKUP_PASSWORD',
  'MATTERMOST_MYSQL_PASSWORD',
  'MATTERMOST_MYSQL_ROOT_PASSWORD',
  'MINIO_ACCESS_KEY',
  'MINIO_SECRET_KEY',
  'PARSE_FILE_KEY',
  'PARSE_MASTER_KEY',
  'PARSE_SERVER_CERT',
  'FOO',
  'WP_ADMIN_PASSWORD',
  'WP_MYSQL_ROOT_PW',
];
const sealedSecrets = `secrets:\n${names.map((name) => `  ${name}: g1.${'a'.repeat(16)}.${'QUJD'.repeat(20)}\n`).join('')}`;

/** Every YAML file as a stack of its own, called as its folder is; none where there is no corpus. */
export function corpusFiles(): readonly CorpusFile[] {
  if (!existsSync(folder)) return [];
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  return all.filter((path) => /\.ya?ml$/.test(path)).map((path) => toStack(path, all));
}

function toStack(path: string, all: readonly string[]): CorpusFile {
  const stack = basename(dirname(path)).toLowerCase();
  const root = `grids/demo/stacks/${stack}`;
  const isCompose = /docker-compose/.test(basename(path));
  const file = isCompose ? 'docker-compose.yml' : 'kontena.yml';
  const beside = all
    .filter((other) => other !== path && !relative(dirname(path), other).startsWith('..'))
    .map((other) => [relative(dirname(path), other), readFileSync(other, 'utf8')] as const)
    // The stack's own file is the one that is looked at.
    .filter(([name]) => name !== file && !(isCompose && /^kontena\.ya?ml$/.test(name)));
  const files = Object.fromEntries(beside.map(([name, text]) => [`${root}/${name}`, text]));
  return {
    name: relative(folder, path),
    stack,
    files: {
      ...files,
      [`${root}/${file}`]: readFileSync(path, 'utf8'),
      'grids/demo/secrets.yml': sealedSecrets,
    },
  };
}
