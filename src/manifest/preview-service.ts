import { shortDigest } from '../model/digest.ts';
import type { ContainerExtras } from '../model/extras.ts';
import type { PreviewPolicy, Service } from '../model/grid.ts';
import { parseMark } from '../model/secret.ts';
import type { ContainerSpec, Mount } from '../model/spec.ts';
import { quote } from './quote.ts';
import type { Report } from './report.ts';

/** Room that nobody has planned for; more is a matter of the grid's own stacks. */
const MOST_INSTANCES = 20;

export interface PreviewRules {
  readonly policy: PreviewPolicy;
  /** Of the pull request. */
  readonly number: number;
  readonly report: Report;
}

/**
 * A service as it runs for a pull request: nobody has reviewed it, and it goes without leaving anything behind. So it gets no
 * port and no calendar of the grid, its volumes die with its containers, and what reaches the host, data of others, a secret
 * that is not listed, or a name that others may have, is an error. `null`: it does not run at all.
 */
export function previewService(
  service: Service,
  { policy, number, report }: PreviewRules,
): Service | null {
  if (service.job?.kind === 'schedule') return null;
  const { spec, position, name } = service;
  const { secrets } = policy;
  const refuse = (what: string): void =>
    report.error(position, {
      code: 'bad-preview',
      message: `the service ${quote(name)} asks for ${what}, which no pull request gets`,
      hint: 'Leave it out by a variable that "previews" gives another value, or take the stack out of "previews".',
    });
  if (service.instances > MOST_INSTANCES)
    refuse(`${service.instances} instances, more than ${MOST_INSTANCES}`);
  for (const what of powersOf(spec)) refuse(what);
  for (const what of namesOf(service, number)) refuse(what);
  for (const secret of secretsOf(service))
    if (!secrets.includes(secret)) refuse(`the secret ${quote(secret)}`);
  const { interval: _, ...rest } = service;
  const tamed = { ...spec, ports: [], mounts: spec.mounts.map(passing) };
  // The original covers what it borrows volumes from.
  const specHash = shortDigest([service.specHash, tamed]);
  return { ...rest, stateful: false, spec: tamed, specHash };
}

function passing(mount: Mount): Mount {
  return mount.kind === 'volume' ? { kind: 'anonymous', target: mount.target } : mount;
}

function* powersOf(spec: ContainerSpec): Generator<string> {
  if (spec.privileged) yield '"privileged"';
  if (spec.hostPid) yield 'the processes of its host';
  if (spec.networkMode === 'host') yield 'the network of its host';
  if (spec.capAdd.length > 0) yield '"cap_add"';
  for (const mount of spec.mounts) {
    if (mount.kind === 'bind') yield `${quote(mount.source)} of its host`;
    if (mount.kind === 'volume' && mount.volume.external)
      yield `the volume ${quote(mount.volume.name)}, which is not its own`;
  }
  yield* extraPowersOf(spec.extras ?? {});
}

function* extraPowersOf(extras: ContainerExtras): Generator<string> {
  const { devices, deviceRules, gpus, ipc, uts, userns, cgroup, securityOptions = [] } = extras;
  if (devices !== undefined || deviceRules !== undefined || gpus !== undefined)
    yield 'devices of its host';
  for (const [key, value] of Object.entries({ ipc, uts, userns, cgroup }))
    if (value === 'host') yield `"${key}" of its host`;
  for (const key of ['cgroupParent', 'runtime', 'sysctls', 'oomKillDisable'] as const)
    if (extras[key] !== undefined) yield `"${words[key]}"`;
  if (securityOptions.some((option) => !option.startsWith('no-new-privileges')))
    yield '"security_opt"';
}

const words = {
  cgroupParent: 'cgroup_parent',
  runtime: 'runtime',
  sysctls: 'sysctls',
  oomKillDisable: 'oom_kill_disable',
} as const;

/**
 * What others may be asked for by. A host with the request's own mark in it is nobody else's, and neither caught by a pattern
 * that is less exact nor one that catches; the lines of a load balancer's configuration are for all who are behind it.
 */
function* namesOf({ stack, spec, balanced }: Service, number: number): Generator<string> {
  for (const alias of spec.extras?.aliases ?? [])
    if (alias !== stack && !alias.startsWith(`${stack}.`)) yield `the name ${quote(alias)}`;
  if (balanced === undefined) return;
  const { virtualHosts, virtualPaths, customSettings, externalPort } = balanced.settings;
  if (customSettings.length > 0) yield 'settings of its own in the load balancer';
  if (externalPort !== null) yield 'a port of the load balancer';
  const mark = new RegExp(`(?:^|[./-])pr-${number}(?:$|[./-])`);
  const byPath = virtualHosts.length === 0;
  for (const route of byPath ? virtualPaths : virtualHosts)
    if (!mark.test(route))
      yield `${byPath ? `the path ${quote(route)} of every host` : `the host ${quote(route)}`}, without "pr-${number}" in it`;
}

/** Sealed ones. What chance made is its own. */
function secretsOf({ secrets = {} }: Service): readonly string[] {
  const marks = Object.keys(secrets).flatMap((text) => parseMark(text) ?? []);
  return [...new Set(marks.flatMap(({ kind, name }) => (kind === 'random' ? [] : [name])))];
}
