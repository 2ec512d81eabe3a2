import type { LogLevel } from '../runtime/log.ts';
import { forgeOptions, missing } from './forge-options.ts';
import type { masterSettings, Values } from './settings.ts';

type MasterSettings = Values<typeof masterSettings>;

/** The master's settings as the options that it is started with. Throws `GridError` `invalid-configuration`. */
export function masterOptions(settings: MasterSettings) {
  return {
    data: settings.data,
    listen: settings.listen,
    publicUrl: settings.public_url,
    repository: repositoryOptions(settings),
    forge: forgeOptions(settings),
    webhookSecrets: lines(settings.webhook_secret),
    apiToken: settings.api_token,
    logLevel: settings.log_level as LogLevel,
  };
}

export type MasterStart = ReturnType<typeof masterOptions>;

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

function lines(text: string | null): string[] {
  return (text ?? '').split(/\s+/).filter((line) => line !== '');
}
