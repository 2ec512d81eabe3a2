import type { Position } from './problem.ts';
import type { SecretSources } from './secret.ts';

/** Whom a registry is to take a node for that pulls from it. */
export interface RegistryAccount {
  readonly username: string;
  /** A mark: what stands for it is known on the node. */
  readonly password: string;
}

/** By host, as image names have it. */
export type RegistryAccounts = Readonly<Record<string, RegistryAccount>>;

/** As grid.yml names it. */
export interface DeclaredAccount extends RegistryAccount {
  /** What the password is sealed in. */
  readonly sealed: string;
  /** Where the password is named. */
  readonly position: Position;
}

/** Docker Hub, in which images are whose names begin with no host. */
export const dockerHub = 'docker.io';

/**
 * The host of the registry that an image is from, by Docker's own rule: what stands before the first slash is one if it has
 * a dot, a colon or an upper-case letter, or is `localhost`.
 */
export function registryOf(image: string): string {
  const slash = image.indexOf('/');
  const first = image.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const host = first.toLowerCase();
  return !isHost || host === 'index.docker.io' ? dockerHub : host;
}

export function isSameAccount(
  a: RegistryAccount | undefined,
  b: RegistryAccount | undefined,
): boolean {
  return a?.username === b?.username && a?.password === b?.password;
}

export function areSameAccounts(a: RegistryAccounts = {}, b: RegistryAccounts = {}): boolean {
  const [hosts, others] = [Object.keys(a), Object.keys(b)];
  return hosts.length === others.length && hosts.every((host) => isSameAccount(a[host], b[host]));
}

/** What the marks of passwords stand for. */
export function passwordSources(
  accounts: Readonly<Record<string, DeclaredAccount>>,
): SecretSources {
  const all = Object.values(accounts);
  return Object.fromEntries(all.map(({ password, sealed }) => [password, sealed]));
}
