import type { CommitPolicy } from '../model/commit-policy.ts';
import type { LogLevel } from '../runtime/log.ts';

/** How a master authenticates at GitHub: as an App (its own identity, short-lived tokens) or with a token. */
export type ForgeAuth =
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'app';
      readonly appId: number;
      /** PEM text. */
      readonly privateKey: string;
      /** `null`: found by the repository's name. */
      readonly installationId: number | null;
    };

export type ForgeOptions =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'github';
      /** Base of the REST API, for example `https://api.github.com`. */
      readonly baseUrl: string;
      readonly auth: ForgeAuth;
      readonly owner: string;
      readonly name: string;
    };

export interface RepositoryOptions {
  /** https URL, ssh URL or a path on this machine. */
  readonly url: string;
  readonly branch: string;
  readonly engine: 'auto' | 'isomorphic' | 'native';
  /** Seconds between looks at the branch when nothing else tells of a push. */
  readonly pollSeconds: number;
  readonly username?: string;
  readonly token?: string;
  /** File with the host keys that ssh accepts; no other is trusted. */
  readonly knownHosts?: string;
  readonly sshKeyFile?: string;
}

/** Everything that a master is started with. `startMaster` reads neither environment nor files for settings. */
export interface MasterOptions {
  /** Directory of the store, the keys and the clone; created if absent. */
  readonly data: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Where people and the forge reach the pages; `null`: the address that is listened on. */
  readonly publicUrl: string | null;
  readonly repository: RepositoryOptions;
  readonly forge: ForgeOptions;
  /** Any of them signs a webhook: two while one is being changed. Empty: webhooks are refused. */
  /** Opens a pull request that goes back when a commit's containers do not become ready. Absent: no. */
  readonly rollbackRequests?: boolean;
  /** Whose signatures commits must have; never from the repository. Absent: nobody's. */
  readonly verify?: readonly CommitPolicy[];
  readonly webhookSecrets: readonly string[];
  /** `null`: made once and kept in `<data>/api-token`, readable by the owner only. */
  readonly apiToken: string | null;
  readonly logLevel: LogLevel;
}
