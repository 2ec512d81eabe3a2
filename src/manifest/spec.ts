import type { LinkAlias } from '../model/extras.ts';
import { compareText } from '../model/identity.ts';
import type { ContainerSpec, VolumesFrom } from '../model/spec.ts';
import { splitCommand } from './command.ts';
import { parseDuration } from './durations.ts';
import { readExtras } from './extras.ts';
import { readHealthCheck } from './health-check.ts';
import { readHooks } from './hooks.ts';
import { parseImage } from './image.ts';
import { readLabels } from './labels.ts';
import { type MountContext, readMounts } from './mounts.ts';
import { readNetworkMode } from './network-mode.ts';
import { readPorts } from './ports.ts';
import { quote } from './quote.ts';
import type { Fault } from './report.ts';
import { readResources } from './resources.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { suggest } from './suggest.ts';
import { locate, locateKey, type TreeNode } from './tree.ts';

export interface SpecContext {
  /** Variables that every container of the service gets; they win over what the file says. */
  readonly injected: Readonly<Record<string, string>>;
  /** Kontena's secrets and certificates; they win over what `environment` says. */
  readonly secrets: ReadonlyMap<string, string>;
  readonly mounts: MountContext;
  readonly volumesFrom: readonly VolumesFrom[];
  /** Names that the service gives to others. */
  readonly links: readonly LinkAlias[];
  /** Names that it answers to beyond its own. */
  readonly names: readonly string[];
}

/** Kontena's default, in seconds. */
const defaultGracePeriod = 10;

/**
 * A service entry → what its containers are. Lists whose order means nothing are sorted, so that reordering them changes no
 * spec hash. After a reported error the result is only good for finding more errors.
 */
export function readSpec(section: Section<ServiceEntry>, context: SpecContext): ContainerSpec {
  const { value } = section;
  const mounts = readMounts(section, context.mounts);
  const hooks = readHooks(section);
  const grace = parseAt(section, ['stop_grace_period'], value.stop_grace_period, parseDuration);
  return {
    image: readImage(section),
    command: readCommand(section, 'command'),
    entrypoint: readCommand(section, 'entrypoint'),
    env: readEnvironment(section, context),
    user: value.user ?? null,
    ports: readPorts(section),
    mounts,
    ...(context.volumesFrom.length === 0 ? {} : { volumesFrom: context.volumesFrom }),
    networkMode: readNetworkMode(section),
    hostPid: value.pid === 'host',
    privileged: value.privileged ?? false,
    readOnly: value.read_only ?? false,
    capAdd: readCapabilities(value.cap_add),
    capDrop: readCapabilities(value.cap_drop),
    ...readResources(section),
    stopSignal: value.stop_signal?.toUpperCase() ?? null,
    stopGracePeriod: grace ?? defaultGracePeriod,
    logging: readLogging(value.logging),
    waitForPort: value.deploy?.wait_for_port ?? null,
    healthCheck: readHealthCheck(section),
    labels: readLabels(section),
    ...readExtras(section, { links: context.links, names: context.names, mounts }),
    ...(hooks.length === 0 ? {} : { hooks }),
  };
}

function readImage(section: Section<ServiceEntry>): string {
  if (section.value.image !== undefined) {
    return parseAt(section, ['image'], section.value.image, parseImage) ?? '';
  }
  // What was probably meant to be it has a problem of its own.
  if (section.report.failed() && writtenKeys(section.node).some(isImage)) return '';
  section.report.error(section.node, {
    code: 'missing-key',
    message: 'the service has no image',
    hint: section.value.build === undefined ? nameImage : nameBuilt,
  });
  return '';
}

const nameImage = 'Write "image: NAME", or "extends" a service that has one.';
const nameBuilt =
  'Write "image: [registry/]NAME:TAG": "gridops build" builds and pushes it under that name, and nodes pull it.';

function writtenKeys(node: TreeNode): readonly string[] {
  return node.kind === 'map' ? [...node.entries.keys()] : [];
}

function isImage(key: string): boolean {
  return !key.startsWith('x-') && suggest(key, ['image']) !== null;
}

function readCommand(
  section: Section<ServiceEntry>,
  key: 'command' | 'entrypoint',
): readonly string[] | null {
  const written = section.value[key];
  const words =
    typeof written === 'string' ? parseAt(section, [key], written, splitCommand) : written;
  if (words === undefined || words === null) return null;
  // The engine takes an empty command for none.
  if (words.length === 0 && key === 'command') return null;
  if (words.length > 0 && words.length <= 1_000) return [...words];
  const fault = words.length === 0 ? noEntrypoint : tooManyWords(key);
  section.report.error(locate(section.node, [key]), fault);
  return null;
}

const noEntrypoint: Fault = {
  code: 'bad-command',
  message: '"entrypoint" has no words; that of the image cannot be taken away',
  hint: 'Name the program that is to run in its place: "entrypoint: [/bin/program]".',
};

function tooManyWords(key: string): Fault {
  return { code: 'bad-command', message: `${quote(key)} has more than 1000 words` };
}

/** What differs from instance to instance. */
const setByAgent = ['KONTENA_NODE_NAME', 'KONTENA_SERVICE_INSTANCE_NUMBER'];

/** `environment` is a map by now (settleEnvironment). Names in code unit order. */
function readEnvironment(
  { value, node, report }: Section<ServiceEntry>,
  { injected, secrets }: SpecContext,
): Readonly<Record<string, string>> {
  const written = new Map(Object.entries(value.environment ?? {}));
  for (const [name, mark] of secrets) {
    if (written.has(name)) report.warn(locateKey(node, ['environment', name]), replaced(name));
    written.set(name, mark);
  }
  for (const name of [...Object.keys(injected), ...setByAgent]) {
    if (!written.delete(name)) continue;
    const message = `${name} is set by gridops; what is written here has no effect`;
    report.warn(locateKey(node, ['environment', name]), { code: 'no-effect', message });
  }
  const all = [...written, ...Object.entries(injected)].map(
    ([name, text]) => [name, text ?? ''] as const,
  );
  return Object.fromEntries(all.toSorted(([a], [b]) => compareText(a, b)));
}

function replaced(name: string) {
  const message = `a secret is called ${quote(name)}, too; what is written here has no effect`;
  return { code: 'no-effect', message };
}

/** Docker takes them in any case, with and without `CAP_`: one spelling, so that the spec hash is the same. */
function readCapabilities(written: readonly string[] = []): readonly string[] {
  const names = written.map((name) => name.toUpperCase().replace(/^CAP_/, ''));
  return [...new Set(names)].toSorted(compareText);
}

function readLogging(written: ServiceEntry['logging']): ContainerSpec['logging'] {
  if (written === undefined) return null;
  const options = Object.entries(written.options ?? {}).map(
    ([name, text]) => [name, text ?? ''] as const,
  );
  const { driver = '' } = written;
  if (driver === '' && options.length === 0) return null;
  return { driver, options: Object.fromEntries(options) };
}
