import { compareText } from '../model/identity.ts';
import { type FilesMount, type Mount, mountPlace, type VolumeSpec } from '../model/spec.ts';
import type { Bundler } from './bundler.ts';
import { type ConfigContext, readConfigMounts } from './config-uses.ts';
import { parseMountMap } from './mount-map.ts';
import { type MountWish, parseMountText } from './mount-wish.ts';
import { volumeNameFault } from './names.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import type { Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { didYouMean } from './suggest.ts';
import { locate, type TreeNode } from './tree.ts';

export interface MountContext extends ConfigContext {
  readonly volumes: ReadonlyMap<string, VolumeSpec>;
  /**
   * What a volume is that `volumes` does not have: a problem, or, as in Kontena's older format and in Compose's, a volume of
   * the stack.
   */
  readonly undeclared: 'refuse' | 'declare';
}

/** No more than an agent takes: what is in `volumes`, `configs` and `secrets` together. */
const maxMounts = 1_000;

/** The service's mounts by target; one target has one mount. */
export function readMounts(
  section: Section<ServiceEntry>,
  context: MountContext,
): readonly Mount[] {
  const mounts = new Map<string, Mount>();
  const found = [...readVolumeMounts(section, context), ...readConfigMounts(section, context)];
  for (const { mount, at } of found) {
    const { target } = mount;
    const place = mountPlace(target);
    if (!mounts.has(place)) mounts.set(place, { ...mount, target: place });
    else {
      const message = `something is already mounted at ${quote(target)}`;
      section.report.error(at, { code: 'duplicate-mount', message });
    }
  }
  const extra = found[maxMounts];
  if (extra !== undefined) section.report.error(extra.at, tooMany);
  return [...mounts.values()].toSorted((a, b) => compareText(a.target, b.target));
}

const tooMany: Fault = {
  code: 'bad-volume',
  message: `a service mounts at most ${maxMounts} volumes, configs and secrets together`,
  hint: 'Mount a folder instead of each file in it.',
};

/** A mount with the place where it is written. */
export interface PlacedMount {
  readonly mount: Mount;
  readonly at: TreeNode;
}

function readVolumeMounts(
  { value, node, report }: Section<ServiceEntry>,
  context: MountContext,
): readonly PlacedMount[] {
  return (value.volumes ?? []).flatMap((entry, index) => {
    const at = locate(node, ['volumes', index]);
    const wish = typeof entry === 'string' ? parseMountText(entry) : parseMountMap(entry);
    if (wish.fault !== undefined) {
      report.error(at, wish.fault);
      return [];
    }
    const source = typeof entry === 'string' ? at : locate(at, ['source']);
    const mount = fulfil(wish.value, source.file, context);
    if (mount.fault !== undefined) {
      report.error(source, mount.fault);
      return [];
    }
    for (const fault of remarks(wish.value, mount.value)) report.warn(at, fault);
    return [{ mount: mount.value, at }];
  });
}

function fulfil(wish: MountWish, from: string, context: MountContext): Parsed<Mount> {
  const { target } = wish;
  switch (wish.kind) {
    case 'anonymous':
      return { value: { kind: 'anonymous', target } };
    case 'tmpfs': {
      const { size = null, mode = null } = wish;
      return { value: { kind: 'tmpfs', target, readOnly: wish.readOnly ?? false, size, mode } };
    }
    case 'volume':
      return volumeMount(wish, context);
    case 'bind':
      return wish.source.startsWith('/')
        ? hostMount(wish)
        : filesMount(wish, from, context.bundler);
  }
}

function volumeMount(wish: MountWish, { volumes, undeclared }: MountContext): Parsed<Mount> {
  const { source, target, noCopy, subpath } = wish;
  const declared = volumes.get(source);
  if (declared === undefined && undeclared === 'refuse') return unknownVolume(source, volumes);
  const fault = declared === undefined ? volumeNameFault(source) : null;
  if (fault !== null) return { fault };
  const volume: VolumeSpec = declared ?? {
    name: source,
    scope: 'stack',
    external: false,
    driver: null,
    driverOptions: {},
  };
  return {
    value: {
      kind: 'volume',
      volume,
      target,
      readOnly: wish.readOnly ?? false,
      ...(noCopy === undefined ? {} : { noCopy }),
      ...(subpath === undefined ? {} : { subpath }),
    },
  };
}

function hostMount(wish: MountWish): Parsed<Mount> {
  const { source, target, propagation, selinux, mustExist } = wish;
  if (selinux !== undefined && mustExist !== undefined) {
    const message = 'Docker cannot both label a path for SELinux and refuse to make it';
    return { fault: { code: 'bad-volume', message, hint: 'Write one of the two.' } };
  }
  return {
    value: {
      kind: 'bind',
      source,
      target,
      readOnly: wish.readOnly ?? false,
      ...(propagation === undefined ? {} : { propagation }),
      ...(selinux === undefined ? {} : { selinux }),
      ...(mustExist === undefined ? {} : { mustExist }),
    },
  };
}

function filesMount(wish: MountWish, from: string, bundler: Bundler): Parsed<FilesMount> {
  const { source, target, selinux } = wish;
  if (source.startsWith('~')) return { fault: homeless(source) };
  const { value: digest, fault } = bundler.path(source, from);
  if (fault !== undefined)
    return { fault: fault.code === 'file-missing' ? nothingThere(source) : fault };
  return {
    value: { kind: 'files', target, digest, ...(selinux === undefined ? {} : { selinux }) },
  };
}

function homeless(source: string): Fault {
  return {
    code: 'bad-path',
    message: `${quote(source)} begins with a home folder; on a node nobody is at home`,
    hint: 'Write an absolute path of the node, or a path relative to this file.',
  };
}

/** Compose would make an empty folder. */
function nothingThere(source: string): Fault {
  return {
    code: 'file-missing',
    message: `the repository has nothing at ${quote(source)}, or it is out of this grid's reach`,
    hint: 'For data that containers write, use a named volume or an absolute path of the node. Files come from this grid\'s folder and from "stacks/".',
  };
}

function unknownVolume(name: string, volumes: ReadonlyMap<string, VolumeSpec>): Parsed<never> {
  const hint =
    didYouMean(name, volumes.keys()).hint ?? `Declare it in this file: "volumes: {${name}: {}}".`;
  const message = `the volume ${quote(name)} is not declared in "volumes"`;
  return { fault: { code: 'unknown-volume', message, hint } };
}

/** What was said and does nothing, or is otherwise than it was said. */
function remarks(wish: MountWish, mount: Mount): readonly Fault[] {
  const idle = [...wish.ignored];
  if (mount.kind !== 'bind') {
    if (wish.propagation !== undefined) idle.push(wish.propagation);
    if (wish.mustExist !== undefined) idle.push('create_host_path');
    if (wish.selinux !== undefined && mount.kind !== 'files') idle.push(wish.selinux);
  }
  if (wish.noCopy !== undefined && mount.kind !== 'volume') idle.push('nocopy');
  if (wish.readOnly === true && mount.kind === 'anonymous') idle.push('read_only');
  const faults: Fault[] = idle.map((word) => ({
    code: 'no-effect',
    message: `${quote(word)} has no effect on this mount`,
  }));
  if (mount.kind === 'files' && wish.readOnly !== true) faults.push(readOnlyFiles(wish.source));
  return faults;
}

function readOnlyFiles(source: string): Fault {
  return {
    code: 'read-only-files',
    message: `the containers can only read ${quote(source)}: it is delivered from the repository`,
    hint: 'Write ":ro" (or "read_only: true") to say that this is meant.',
  };
}
