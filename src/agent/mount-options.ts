import type { AssignedInstance } from '../model/assignment.ts';
import { GridError } from '../model/error.ts';
import {
  type BindMount,
  type FilesMount,
  type Mount,
  mountPlace,
  type SecretMount,
  type TmpfsMount,
  type VolumeMount,
  type VolumesFrom,
} from '../model/spec.ts';
import { dataVolumeName, volumeName } from '../model/volume-name.ts';
import type { PlacedInstance, Scope } from './containers.ts';
import { ownVolumeLabels, volumeLabels } from './labels.ts';

export interface MountOptionsInput {
  readonly scope: Scope;
  readonly instance: PlacedInstance;
  readonly imageVolumes: readonly string[];
}

/** What of the engine's create request says what is mounted. Delivered files are binds by now (file-store.ts). */
export function mountOptions(input: MountOptionsInput) {
  const { instance } = input;
  const { mounts, volumesFrom } = instance.spec;
  return {
    Binds: mounts.filter(isPlainBind).map(bind),
    Mounts: [...mounts.flatMap((mount) => structured(mount, input)), ...imageMounts(input)],
    ...(volumesFrom === undefined
      ? {}
      : { VolumesFrom: volumesFrom.map((one, at) => lender(one, instance.lenders?.[at])) }),
  };
}

/**
 * `Binds`, not `Mounts`: only they make a missing directory on the host, as Kontena's users are used to, and only they label
 * for SELinux.
 */
function isPlainBind(mount: Mount): mount is BindMount {
  return mount.kind === 'bind' && (mount.mustExist !== true || mount.selinux !== undefined);
}

function bind(mount: BindMount): string {
  if (mount.source.includes(':') || mount.target.includes(':'))
    throw new GridError({
      code: 'engine-refused',
      message: `the engine cannot mount ${mount.source} at ${mount.target}: a path must not hold a colon`,
    });
  const flags = [mount.readOnly ? 'ro' : '', mount.selinux ?? '', mount.propagation ?? ''];
  const said = flags.filter((flag) => flag !== '').join(',');
  return `${mount.source}:${mount.target}${said === '' ? '' : `:${said}`}`;
}

type StructuredMount =
  | ReturnType<typeof strictBind>
  | ReturnType<typeof namedVolume>
  | ReturnType<typeof anonymousVolume>
  | ReturnType<typeof tmpfs>;

function structured(
  mount: Mount,
  { scope, instance }: MountOptionsInput,
): readonly StructuredMount[] {
  switch (mount.kind) {
    case 'bind':
      return isPlainBind(mount) ? [] : [strictBind(mount)];
    case 'volume':
      return [namedVolume(scope, instance, mount)];
    case 'anonymous':
      return [anonymousVolume(scope, instance, mount.target)];
    case 'tmpfs':
      return [tmpfs(mount)];
    case 'files':
    case 'secret':
      throw notPlaced(mount);
  }
}

function strictBind({ source, target, readOnly, propagation }: BindMount) {
  return {
    Type: 'bind' as const,
    Source: source,
    Target: target,
    ReadOnly: readOnly,
    ...(propagation === undefined ? {} : { BindOptions: { Propagation: propagation } }),
  };
}

/** The engine makes a named volume when it is missing, with these labels and this driver, and never deletes it. */
function namedVolume(scope: Scope, instance: AssignedInstance, mount: VolumeMount) {
  const { volume, target, readOnly, noCopy = false, subpath } = mount;
  const isShared = volume.scope !== 'instance';
  const labels = isShared ? volumeLabels(scope, instance) : ownVolumeLabels(scope, instance);
  return {
    Type: 'volume' as const,
    Source: volumeName(instance, volume),
    Target: target,
    ReadOnly: readOnly,
    VolumeOptions: {
      NoCopy: noCopy,
      ...(subpath === undefined ? {} : { Subpath: subpath }),
      Labels: { ...volume.labels, ...labels },
      DriverConfig: { Name: volume.driver ?? '', Options: { ...volume.driverOptions } },
    },
  };
}

/** Data of a stateful service is kept as a volume of the instance. */
function anonymousVolume(scope: Scope, instance: AssignedInstance, target: string) {
  const base = { Type: 'volume' as const, Target: target, ReadOnly: false };
  if (!instance.stateful) return { ...base, Source: '' };
  return {
    ...base,
    Source: dataVolumeName(instance, target),
    VolumeOptions: {
      NoCopy: false,
      Labels: { ...ownVolumeLabels(scope, instance) },
      DriverConfig: { Name: '', Options: {} },
    },
  };
}

function tmpfs({ target, readOnly, size, mode }: TmpfsMount) {
  return {
    Type: 'tmpfs' as const,
    Target: target,
    Source: '',
    ReadOnly: readOnly,
    TmpfsOptions: {
      ...(size === null ? {} : { SizeBytes: size }),
      ...(mode === null ? {} : { Mode: mode }),
    },
  };
}

function imageMounts({ scope, instance, imageVolumes }: MountOptionsInput) {
  const { mounts, extras } = instance.spec;
  // The engine refuses two mounts at one place.
  const memory = Object.keys(extras?.tmpfs ?? {}).map(mountPlace);
  const targets = new Set([...mounts.map((mount) => mount.target), ...memory]);
  return [...new Set(imageVolumes.map(mountPlace))]
    .filter((target) => !targets.has(target))
    .toSorted()
    .map((target) => anonymousVolume(scope, instance, target));
}

function lender({ service, readOnly }: VolumesFrom, container: string | undefined): string {
  if (container !== undefined) return readOnly ? `${container}:ro` : container;
  throw new GridError({
    code: 'internal',
    message: `the container of ${service} was not looked up before the one that takes its volumes`,
  });
}

function notPlaced({ target }: FilesMount | SecretMount): GridError {
  return new GridError({
    code: 'internal',
    message: `the files for ${target} were not put in place before the container`,
  });
}
