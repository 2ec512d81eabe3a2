import type { AssignedInstance } from '../model/assignment.ts';
import type { Deviation } from '../model/drift.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { changeableOptions } from './container-options.ts';
import type { ContainerFacts } from './containers.ts';

/** What of a container a person can change while it exists, as the engine shows it. What is not set is absent. */
export interface LiveSettings {
  readonly limits: Limits;
  /** The network that it was made in. */
  readonly network: string;
}

/** The engine's name of a property that it changes while a container runs → its key in the stack file. */
const keyOf = {
  Memory: 'mem_limit',
  MemorySwap: 'memswap_limit',
  MemoryReservation: 'mem_reservation',
  NanoCpus: 'cpus',
  CpuShares: 'cpu_shares',
  CpuPeriod: 'cpu_period',
  CpuQuota: 'cpu_quota',
  CpuRealtimePeriod: 'cpu_rt_period',
  CpuRealtimeRuntime: 'cpu_rt_runtime',
  CpusetCpus: 'cpuset',
  CpusetMems: 'cpuset_mems',
  PidsLimit: 'pids_limit',
  BlkioWeight: 'blkio_config.weight',
  RestartPolicy: 'restart',
} as const;

type LimitKey = keyof typeof keyOf;
export type Limits = Readonly<Partial<Record<LimitKey, number | string>>>;

const limitKeys = Object.keys(keyOf) as LimitKey[];
const UNLIMITED = -1;
/** The kernel's greatest share of the CPU: the engine writes down no more. */
const MAX_SHARES = 262_144;

/** Of the engine's `HostConfig`, as it is asked for and as it is shown. */
export function limitsOf(config: object): Limits {
  const limits: Partial<Record<LimitKey, number | string>> = {};
  for (const key of limitKeys) {
    const value = setting(key, (config as Readonly<Record<string, unknown>>)[key]);
    if (value !== null) limits[key] = value;
  }
  return limits;
}

export function wantedLimits(spec: ContainerSpec): Limits {
  return limitsOf(changeableOptions(spec));
}

function setting(key: LimitKey, value: unknown): number | string | null {
  if (key === 'RestartPolicy') return restartPolicy(value as { readonly Name?: string } | null);
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  // Said by somebody, unlike an absent one: a limit that was taken away.
  if (key === 'PidsLimit' && Number(value) <= 0) return UNLIMITED;
  return value === 0 || value === '' ? null : value;
}

/** Agents restart what exits, never the engine. */
function restartPolicy(policy: { readonly Name?: string } | null | undefined): string | null {
  const name = policy?.Name ?? '';
  return name === '' || name === 'no' ? null : name;
}

/**
 * How a container differs from what it was made with. An engine leaves out limits that its kernel does not know: what is not
 * set is therefore never a person's doing, and neither can a person unset a limit while it runs.
 */
export function deviationsOf(
  { settings, networks = [], phase }: ContainerFacts,
  wanted: AssignedInstance,
): readonly Deviation[] {
  if (settings === undefined || phase === 'created' || phase === 'removing') return [];
  const limits = limitDeviations(settings.limits, wantedLimits(wanted.spec));
  if (wanted.spec.networkMode !== 'bridge') return limits;
  return [...limits, ...networkDeviations(settings.network, networks)];
}

function limitDeviations(found: Limits, wanted: Limits): readonly Deviation[] {
  return limitKeys.flatMap((key) => {
    const [is, wish] = [found[key], wanted[key]];
    if (is === undefined || is === wish || isTheEngines(key, found, wanted)) return [];
    return [
      {
        what: keyOf[key],
        wanted: wish === undefined ? 'none' : shown(key, wish),
        found: shown(key, is),
        cure: wish === undefined && !isUnsettable(key) ? ('replace' as const) : ('update' as const),
      },
    ];
  });
}

/** What the engine makes of a wish by itself. */
function isTheEngines(key: LimitKey, found: Limits, wanted: Limits): boolean {
  if (key === 'CpuShares') return found[key] === MAX_SHARES && Number(wanted[key]) > MAX_SHARES;
  if (key === 'PidsLimit') return found[key] === UNLIMITED && wanted[key] === undefined;
  if (key !== 'MemorySwap') return false;
  // It follows the memory where nothing is said, and is given up where the kernel counts no swap.
  if (found.MemorySwap === UNLIMITED || found.Memory !== wanted.Memory) return true;
  return wanted.MemorySwap === undefined && found.MemorySwap === 2 * Number(found.Memory);
}

function isUnsettable(key: LimitKey): boolean {
  return key === 'RestartPolicy' || key === 'PidsLimit';
}

function networkDeviations(own: string, networks: readonly string[]): readonly Deviation[] {
  const others = networks.filter((name) => name !== own);
  const cut = { what: 'network', wanted: 'its own', found: 'none', cure: 'connect' as const };
  return [
    ...(networks.includes(own) ? [] : [cut]),
    ...others.map((found) => ({
      what: 'network',
      wanted: 'only its own',
      found,
      cure: 'disconnect' as const,
    })),
  ];
}

/** The engine's request to set back these properties. `null`: none of them is set back like this. */
export function updateRequest(
  deviations: readonly Deviation[],
  spec: ContainerSpec,
): Readonly<Record<string, unknown>> | null {
  const keys = new Set(deviations.filter(({ cure }) => cure === 'update').map(({ what }) => what));
  if (keys.size === 0) return null;
  const wanted = wantedLimits(spec);
  const values = limitKeys
    .filter((key) => keys.has(keyOf[key]))
    .map((key) => [key, key === 'RestartPolicy' ? { Name: 'no' } : (wanted[key] ?? UNLIMITED)]);
  // The engine refuses memory beyond the swap that is set: both change at once.
  const swap = keys.has(keyOf.Memory)
    ? { MemorySwap: wanted.MemorySwap ?? 2 * Number(wanted.Memory) }
    : {};
  return { ...Object.fromEntries(values), ...swap };
}

const MEBIBYTE = 1024 ** 2;

function shown(key: LimitKey, value: number | string): string {
  if (value === UNLIMITED) return 'unlimited';
  if (!key.startsWith('Memory') || typeof value === 'string') return String(value);
  return value % MEBIBYTE === 0 ? `${value / MEBIBYTE} MiB` : `${value} bytes`;
}
