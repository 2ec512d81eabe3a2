import type { Limits } from './limits.ts';
import type { Credentials, Location } from './location.ts';

/** What both engines are made from. */
export interface EngineOptions {
  readonly location: Location;
  /** Where mirrors and what belongs to them live. */
  readonly directory: string;
  readonly limits: Limits;
  /** Asked before every conversation: tokens of a forge's app live for an hour. */
  readonly credentials: () => Promise<Credentials | null>;
  /** The git command; a name is looked up in PATH. */
  readonly program: string;
  /** Path of a known_hosts file; null: the ones that ssh uses by itself. */
  readonly knownHosts: string | null;
  /** Path of a private key; null: those of the user's ssh agent. */
  readonly sshKeyFile: string | null;
}
