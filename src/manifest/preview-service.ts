import { shortDigest } from '../model/digest.ts';
import type { ContainerExtras } from '../model/extras.ts';
import type { PreviewPolicy, Service } from '../model/grid.ts';
import { parseMark } from '../model/secret.ts';
import type { ContainerSpec, Mount } from '../model/spec.ts';
import { quote } from './quote.ts';
import type { Report } from './report.ts';

/**
 * A service as it runs for a pull request: nobody has reviewed it, and it goes without leaving anything behind. So it gets no
 * port and no calendar of the grid, its volumes die with its containers, and what reaches the host, data of others or a secret
 * that is not listed is an error. `null`: it does not run at all.
 */
export function previewService(
  service: Service,
  { secrets }: PreviewPolicy,
  report: Report,
): Service | null {
  if (service.job?.kind === 'schedule') return null;
  const { spec, position, name } = service;
  const refuse = (what: string): void =>
    report.error(position, {
      code: 'bad-preview',
      message: `the service ${quote(name)} asks for ${what}, which no pull request gets`,
      hint: 'Leave it out by a variable that "previews" gives another value, or take the stack out of "previews".',
    });
  for (const what of powersOf(spec)) refuse(what);
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

/** Sealed ones. What chance made is its own. */
function secretsOf({ secrets = {} }: Service): readonly string[] {
  const marks = Object.keys(secrets).flatMap((text) => parseMark(text) ?? []);
  return [...new Set(marks.flatMap(({ kind, name }) => (kind === 'random' ? [] : [name])))];
}
