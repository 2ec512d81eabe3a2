import type { AssignedInstance, Assignment } from '../model/assignment.ts';
import type { Grid } from '../model/grid.ts';
import { compareText } from '../model/identity.ts';
import {
  areSameAccounts,
  passwordSources,
  type RegistryAccounts,
  registryOf,
} from '../model/registry-account.ts';
import { marksWithin, type SecretSources } from '../model/secret.ts';

/** What a node is told of its grid's accounts, and what the marks in them stand for. */
export interface NodeAccounts {
  readonly registries: RegistryAccounts;
  readonly secrets: SecretSources;
}

/** The accounts at the registries that these instances' images are from, and no others. `null`: there are none. */
export function accountsOf(
  instances: readonly AssignedInstance[],
  registries: Grid['registries'],
): NodeAccounts | null {
  return registries === undefined ? null : pick(registries, hostsOf(instances));
}

/** The next assignment of a node, for which nothing but the grid's accounts has changed. */
export function withAccounts(before: Assignment, registries: Grid['registries']): Assignment {
  const { registries: old = {}, secrets = {}, ...rest } = before;
  const passwords = new Set(Object.values(old).map(({ password }) => password));
  for (const mark of marksWithin([rest.instances, rest.files])) passwords.delete(mark);
  const kept = Object.entries(secrets).filter(([mark]) => !passwords.has(mark));
  const accounts = accountsOf(rest.instances, registries);
  const all = { ...Object.fromEntries(kept), ...accounts?.secrets };
  return {
    ...rest,
    generation: before.generation + 1,
    ...(Object.keys(all).length === 0 ? {} : { secrets: all }),
    ...(accounts === null ? {} : { registries: accounts.registries }),
  };
}

/** Notices when a node has been told of other accounts than it would be now. */
export class AccountWatch {
  readonly #hosts = new WeakMap<Assignment, ReadonlySet<string>>();

  isOutdated(assignment: Assignment, registries: Grid['registries']): boolean {
    if (registries === undefined) return assignment.registries !== undefined;
    const hosts = this.#hosts.get(assignment) ?? hostsOf(assignment.instances);
    this.#hosts.set(assignment, hosts);
    return !areSameAccounts(assignment.registries, pick(registries, hosts)?.registries);
  }
}

function hostsOf(instances: readonly AssignedInstance[]): ReadonlySet<string> {
  const images = new Set(instances.map(({ spec }) => spec.image));
  return new Set(Array.from(images, registryOf));
}

function pick(
  registries: NonNullable<Grid['registries']>,
  hosts: ReadonlySet<string>,
): NodeAccounts | null {
  const used = Object.entries(registries)
    .filter(([host]) => hosts.has(host))
    .toSorted(([a], [b]) => compareText(a, b));
  if (used.length === 0) return null;
  const accounts = used.map(
    ([host, { username, password }]) => [host, { username, password }] as const,
  );
  return {
    registries: Object.fromEntries(accounts),
    secrets: passwordSources(Object.fromEntries(used)),
  };
}
