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
    }
  | {
      readonly kind: 'gitlab' | 'gitea';
      readonly baseUrl: string;
      readonly token: string;
      /** With its groups, at GitLab. */
      readonly owner: string;
      readonly name: string;
    }
  | {
      readonly kind: 'bitbucket';
      readonly baseUrl: string;
      /** `null`: the token belongs to no person. */
      readonly username: string | null;
      readonly token: string;
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

/** One repository that a master follows. */
export interface TrackedOptions {
  /** What people, the API and `grid.yml` call it. No two have the same. */
  readonly name: string;
  /** Its folder `grids/` is deployed, grids may take stacks from it, or both. */
  readonly holds: 'grids' | 'stacks' | 'both';
  /** Names of the repositories whose grids may take stacks from it; `null`: of all. */
  readonly usedBy: readonly string[] | null;
  readonly repository: RepositoryOptions;
  readonly forge: ForgeOptions;
  /** Opens a pull request that goes back when a commit's containers do not become ready. Absent: no. */
  readonly rollbackRequests?: boolean;
  /** Whose signatures commits must have; never from the repository. Absent: nobody's. */
  readonly verify?: readonly CommitPolicy[];
  /** Any of them signs a webhook: two while one is being changed. Empty: webhooks are refused. */
  readonly webhookSecrets: readonly string[];
}

/** Everything that a master is started with. `startMaster` reads neither environment nor files for settings. */
export interface MasterOptions {
  /** Directory of the store, the keys and the clones; created if absent. */
  readonly data: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Where people and the forge reach the pages; `null`: the address that is listened on. */
  readonly publicUrl: string | null;
  /** Of two that have a grid of the same name, and neither had it first, the earlier one gets it. */
  readonly repositories: readonly TrackedOptions[];
  /** `null`: made once and kept in `<data>/api-token`, readable by the owner only. */
  readonly apiToken: string | null;
  readonly logLevel: LogLevel;
}
