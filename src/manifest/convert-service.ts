import { isMap, isScalar, isSeq, type Node, Scalar, YAMLMap } from 'yaml';

/** Says what was changed, and at which place of the file. */
export type Noting = (at: unknown, message: string) => void;

/** The text of a scalar, else nothing. */
export function textOf(node: unknown): string {
  return isScalar(node) && typeof node.value === 'string' ? node.value : '';
}

/** Changes a service of Compose or of an app file into one of a stack file, in place. */
export function convertService(service: YAMLMap, note: Noting): void {
  for (const change of changes) change(service, note);
}

const changes: readonly ((service: YAMLMap, note: Noting) => void)[] = [
  dropName,
  dropRestart,
  keepBuild,
  dropNetworks,
  renameOld,
  gatherLogging,
  countInstances,
  pinData,
];

function take(map: YAMLMap, key: string): unknown {
  const value = map.get(key, true);
  return map.delete(key) ? (value ?? null) : undefined;
}

function dropName(service: YAMLMap, note: Noting): void {
  const name = take(service, 'container_name');
  if (name !== undefined)
    note(name, '"container_name" is gone: containers are called <stack>.<service>-<number>');
}

function dropRestart(service: YAMLMap, note: Noting): void {
  const restart = service.get('restart', true);
  if (!['always', 'unless-stopped'].includes(textOf(restart))) return;
  service.delete('restart');
  note(restart, '"restart" is gone: the agent starts again whatever stops');
}

/** An app file's `dockerfile` has its place inside. */
function keepBuild(service: YAMLMap, note: Noting): void {
  const build = service.get('build', true);
  if (build === undefined) return;
  const dockerfile = take(service, 'dockerfile');
  if (dockerfile !== undefined) {
    const both = isMap(build) ? build : new YAMLMap();
    if (!isMap(build)) both.set(new Scalar('context'), build);
    if (!both.has('dockerfile')) both.set(new Scalar('dockerfile'), dockerfile);
    service.set('build', both);
    note(dockerfile, '"dockerfile" is inside of "build"');
  }
  const name = service.has('image') ? '' : ', and "image" has to say under which name';
  const what =
    '"build" is for "gridops build", before the commit is pushed; its folder is relative to the stack file';
  note(build, what + name);
}

function dropNetworks(service: YAMLMap, note: Noting): void {
  const networks = take(service, 'networks');
  if (networks !== undefined)
    note(networks, '"networks" is gone: the services of a grid share its network');
}

/** What app files called otherwise. */
function renameOld(service: YAMLMap, note: Noting): void {
  for (const [old, name] of [
    ['net', 'network_mode'],
    ['scale', 'instances'],
  ] as const) {
    const value = take(service, old);
    if (value === undefined || service.has(name)) continue;
    service.set(new Scalar(name), value);
    note(value, `"${old}" is called "${name}"`);
  }
}

function gatherLogging(service: YAMLMap, note: Noting): void {
  const driver = take(service, 'log_driver');
  const options = take(service, 'log_opts') ?? take(service, 'log_opt');
  if (driver === undefined || service.has('logging')) return;
  const logging = new YAMLMap();
  logging.set(new Scalar('driver'), driver);
  if (options !== undefined && options !== null) logging.set(new Scalar('options'), options);
  service.set(new Scalar('logging'), logging);
  note(driver, '"log_driver" and its options are in "logging"');
}

function countInstances(service: YAMLMap, note: Noting): void {
  const deploy = service.get('deploy', true);
  if (!isMap(deploy)) return;
  const [replicas, mode] = [take(deploy, 'replicas'), take(deploy, 'mode')];
  if (replicas !== undefined && !service.has('instances')) {
    service.set(new Scalar('instances'), replicas);
    note(replicas, '"replicas" is called "instances"');
  }
  if (textOf(mode) === 'global') {
    deploy.set(new Scalar('strategy'), new Scalar('daemon'));
    note(mode, 'the mode "global" is the strategy "daemon"');
  }
  if (deploy.items.length === 0) service.delete('deploy');
}

/** The data of a volume is on one node: what uses it must stay there. */
function pinData(service: YAMLMap, note: Noting): void {
  const [volume] = volumesOf(service);
  if (volume === undefined || service.has('stateful')) return;
  service.set(new Scalar('stateful'), new Scalar('true'));
  note(volume.at, `"stateful" keeps the service on the node that has the volume "${volume.name}"`);
}

interface NamedVolume {
  readonly name: string;
  readonly at: Node;
}

/** The volumes with names that services mount, each once. */
export function namedVolumes(services: YAMLMap): readonly NamedVolume[] {
  const all = services.items.flatMap(({ value }) => (isMap(value) ? volumesOf(value) : []));
  return [...new Map(all.map((volume) => [volume.name, volume])).values()];
}

function volumesOf(service: YAMLMap): readonly NamedVolume[] {
  const volumes = service.get('volumes', true);
  return (isSeq(volumes) ? volumes.items : []).flatMap((item): readonly NamedVolume[] => {
    if (!isScalar(item) && !isMap(item)) return [];
    const isVolume = !isMap(item) || textOf(item.get('type', true)) === 'volume';
    const source = isMap(item)
      ? textOf(item.get('source', true))
      : (/^([^:]+):/.exec(textOf(item))?.[1] ?? '');
    return isVolume && /^[A-Za-z0-9][\w.-]*$/.test(source) ? [{ name: source, at: item }] : [];
  });
}
