import type { CommitPolicy } from '../model/commit-policy.ts';
import { GridError } from '../model/error.ts';
import type { LogLevel } from '../runtime/log.ts';
import { forgeOptions, missing } from './forge-options.ts';
import { repositoryName } from './repository-name.ts';
import type { NamedRepository, RepositorySettings } from './repository-settings.ts';
import type { masterSettings, Values } from './settings.ts';
import { readPolicies } from './verify-file.ts';

/**
 * The master's settings as the options that it is started with; `repositories` are those of the list in `gridops.yml`, if there
 * is one. Throws `GridError` `invalid-configuration`.
 */
function masterOptions(
  settings: Values<typeof masterSettings>,
  repositories: readonly NamedRepository[] = [],
) {
  const one = { ...settings, name: repositoryName(settings.repository ?? ''), used_by: [] };
  const several = repositories.length > 0;
  return {
    data: settings.data,
    listen: settings.listen,
    publicUrl: settings.public_url,
    repositories: several
      ? namedOptions(repositories)
      : [trackedOptions({ ...one, holds: 'grids' })],
    apiToken: settings.api_token,
    logLevel: settings.log_level as LogLevel,
  };
}

type Options = ReturnType<typeof masterOptions>;
type Tracked = Omit<ReturnType<typeof trackedOptions>, 'policyFile'> & {
  readonly verify?: readonly CommitPolicy[];
};

export type MasterStart = Omit<Options, 'repositories'> & {
  readonly repositories: readonly Tracked[];
};

/** The same, with what files of policies say. Throws `GridError` `invalid-configuration`. */
export async function masterStart(
  settings: Values<typeof masterSettings>,
  listed: readonly NamedRepository[] = [],
): Promise<MasterStart> {
  const options = masterOptions(settings, listed);
  const repositories: Tracked[] = [];
  for (const { policyFile, ...tracked } of options.repositories)
    repositories.push(
      policyFile === null ? tracked : { ...tracked, verify: await readPolicies(policyFile) },
    );
  return { ...options, repositories };
}

function namedOptions(repositories: readonly NamedRepository[]) {
  const options = repositories.map((one) => saidOf(one.name, () => trackedOptions(one)));
  checkTogether(options);
  return options;
}

/** What is wrong with one of several says of which. */
function saidOf<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof GridError)) throw error;
    const { code, message, hint } = error;
    throw new GridError({
      code,
      message: `repository ${name}: ${message}`,
      ...(hint === undefined ? {} : { hint }),
    });
  }
}

function trackedOptions(settings: NamedRepository) {
  const { name, holds, used_by: usedBy } = settings;
  return {
    name,
    holds: holds as 'grids' | 'stacks' | 'both',
    usedBy: usedBy.length === 0 ? null : usedBy,
    repository: repositoryOptions(settings),
    forge: forgeOptions(settings),
    policyFile: settings.verify,
    ...requestsOf(settings),
    webhookSecrets: lines(settings.webhook_secret),
  };
}

function requestsOf(settings: RepositorySettings) {
  if (settings.rollback_requests !== 'on') return {};
  if (forgeOptions(settings).kind !== 'none') return { rollbackRequests: true };
  throw missing(
    'a code host for rollback_requests',
    'Configure the code host, or leave rollback_requests off.',
  );
}

function checkTogether(options: readonly ReturnType<typeof trackedOptions>[]): void {
  const grids = options.filter(({ holds }) => holds !== 'stacks').map(({ name }) => name);
  const seen = new Map<string, string>();
  for (const { name, usedBy, repository } of options) {
    const place = `${repository.url} ${repository.branch}`;
    const twin = seen.get(place);
    if (twin !== undefined)
      throw missing(
        `repositories ${twin} and ${name} to differ`,
        'They are one branch of one URL.',
      );
    seen.set(place, name);
    const stranger = usedBy?.find((user) => !grids.includes(user));
    if (stranger !== undefined)
      throw missing(
        `the repository ${stranger}`,
        `It is in used_by of ${name}; those with grids are: ${grids.join(', ')}.`,
      );
  }
  if (grids.length === 0)
    throw missing('a repository with grids', 'Give one of them "holds: grids".');
}

function repositoryOptions(settings: RepositorySettings) {
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

function lines(text: string | null): string[] {
  return (text ?? '').split(/\s+/).filter((line) => line !== '');
}
