import type { Affinity, Service } from '../model/grid.ts';
import { compareText } from '../model/identity.ts';
import type { ContainerSpec, Mount, PortBinding } from '../model/spec.ts';

/** What a service is made of, flat: each value by a key that reads like the stack file's, as text, marks included. */
export function serviceValues(service: Service): ReadonlyMap<string, string> {
  const { spec, affinity, beside = [], job, balancer, balanced, drift } = service;
  const { image, env, ports, mounts, labels, hooks = [], extras, ...rest } = spec;
  const values = new Map<string, string>();
  const { instances, stateful, strategy, minHealth, onFailure, interval, dependsOn } = service;
  const own = { instances, stateful, strategy, minHealth, onFailure, interval, dependsOn, drift };
  flatten({ image, ...own, ...spelt(rest), job, balancer, balanced, extras }, '', values);
  flatten([...affinity, ...beside].map(affinityText), 'affinity', values);
  flatten(ports.map(portText), 'ports', values);
  flatten(
    byName(hooks, ({ kind, name }) => `${kind}/${name}`),
    'hooks',
    values,
  );
  flatten(mountsOf(mounts, service), 'volumes', values);
  addTexts(env, 'environment', values);
  addTexts(labels, 'labels', values);
  return values;
}

/** A value's parts by key, sorted wherever their order means nothing. */
export function flatten(value: unknown, key: string, into: Map<string, string>): void {
  if (value === null || value === undefined || value === false || value === '') return;
  if (typeof value !== 'object') {
    into.set(key, textOf(value, key));
    return;
  }
  if (!Array.isArray(value)) {
    for (const [name, part] of sorted(value as Record<string, unknown>))
      flatten(part, below(key, spellings.get(name) ?? name), into);
    return;
  }
  if (value.length === 0) return;
  if (value.every((part) => typeof part !== 'object')) {
    into.set(key, value.length === 1 ? String(value[0]) : JSON.stringify(value));
    return;
  }
  for (const [at, part] of value.entries()) flatten(part, below(key, String(at + 1)), into);
}

/** An empty variable is one, too. */
function addTexts(
  texts: Readonly<Record<string, string>>,
  key: string,
  into: Map<string, string>,
): void {
  for (const [name, text] of sorted(texts)) into.set(below(key, name), text);
}

function sorted<T>(of: Readonly<Record<string, T>>): readonly (readonly [string, T])[] {
  return Object.entries(of).toSorted(([a], [b]) => compareText(a, b));
}

/** A name that could be taken for more than one is quoted: two values never have one key. */
function below(key: string, name: string): string {
  const part = /^[\w/@:+-]+$/.test(name) ? name : JSON.stringify(name);
  return key === '' ? part : `${key}.${part}`;
}

/** Words of ours as they are in files. What users name keeps its spelling. */
const words: readonly string[] = [
  'capAdd',
  'capDrop',
  'cpuShares',
  'defaultAffinity',
  'dependsOn',
  'deployTimeout',
  'driverOptions',
  'externalPort',
  'gracePeriods',
  'healthCheck',
  'hostPid',
  'internalPort',
  'memorySwap',
  'minHealth',
  'onFailure',
  'pruneBudget',
  'readOnly',
  'shmSize',
  'startWithin',
  'stopGracePeriod',
  'stopSignal',
  'timeZone',
  'trustedSubnets',
  'virtualHosts',
  'virtualPaths',
  'volumesFrom',
  'waitForPort',
];
const spellings = new Map(
  words.map((word) => [word, word.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)]),
);

const bytes = /(?:^|[._])(?:memory|memory_swap|memory_reservation|shm_size|size)$/;
const units = ['GiB', 'MiB', 'KiB'] as const;

function textOf(value: unknown, key: string): string {
  if (typeof value !== 'number' || !bytes.test(key)) return String(value);
  for (const [at, unit] of units.entries()) {
    const size = 1024 ** (units.length - at);
    if (value > 0 && value % size === 0) return `${value / size} ${unit}`;
  }
  return String(value);
}

/** Absent is what most services have. */
function spelt(rest: Omit<ContainerSpec, 'image' | 'env' | 'ports' | 'mounts' | 'labels'>): object {
  const { networkMode, stopGracePeriod, volumesFrom, ...others } = rest;
  return {
    ...others,
    ...(networkMode === 'bridge' ? {} : { net: networkMode }),
    ...(stopGracePeriod === 10 ? {} : { stopGracePeriod }),
    volumesFrom: (volumesFrom ?? []).map(({ service, number, readOnly }) => {
      const which = number === null ? service : `${service}-${number}`;
      return readOnly ? `${which}:ro` : which;
    }),
  };
}

function affinityText({ key, negated, soft, value }: Affinity): string {
  return `${key}${negated ? '!=' : '=='}${soft ? '~' : ''}${value}`;
}

function portText({ ip, nodePort, containerPort, protocol }: PortBinding): string {
  const address = ip === null ? '' : `${ip}:`;
  return `${address}${nodePort}:${containerPort}${protocol === 'tcp' ? '' : `/${protocol}`}`;
}

function byName<T>(all: readonly T[], name: (one: T) => string): Readonly<Record<string, T>> {
  return Object.fromEntries(all.map((one) => [name(one), one]));
}

/** By their places. Of files of the repository every one has its own value. */
function mountsOf(mounts: readonly Mount[], { files }: Service): object {
  const shown = mounts.map((mount) => {
    if (mount.kind !== 'files') return mount;
    const { digest, ...rest } = mount;
    const bundle = files?.bundles[digest];
    const contents = bundle?.files.map(({ path, mode, content }) => [path, { mode, content }]);
    const bare = { content: digest };
    return { ...rest, files: contents === undefined ? bare : Object.fromEntries(contents) };
  });
  return Object.fromEntries(shown.map(({ target, ...rest }) => [target, rest]));
}
