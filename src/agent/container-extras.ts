import type {
  Blkio,
  ContainerExtras,
  DeviceAmount,
  DeviceRequest,
  EngineCheck,
} from '../model/extras.ts';
import { present } from '../model/present.ts';

/** What a service's extras are in the engine's create request, outside of `HostConfig`. */
export function extraConfig(extras: ContainerExtras) {
  const { healthcheck } = extras;
  return present({
    Tty: extras.tty,
    OpenStdin: extras.stdinOpen,
    WorkingDir: extras.workingDir,
    Hostname: extras.hostname,
    Domainname: extras.domainname,
    // Engines from API 1.44 on want it at the endpoint, older ones here.
    MacAddress: extras.macAddress,
    Healthcheck: healthcheck === undefined ? undefined : healthConfig(healthcheck),
  });
}

/** What they are in its `HostConfig`. */
export function extraHostConfig(extras: ContainerExtras) {
  return { ...namespaces(extras), ...rights(extras), ...devices(extras), ...limits(extras) };
}

function namespaces(extras: ContainerExtras) {
  return present({
    Init: extras.init,
    IpcMode: extras.ipc,
    UTSMode: extras.uts,
    UsernsMode: extras.userns,
    CgroupnsMode: extras.cgroup,
    CgroupParent: extras.cgroupParent,
    Runtime: extras.runtime,
    ExtraHosts: extras.extraHosts,
    Annotations: extras.annotations,
    Sysctls: extras.sysctls,
  });
}

const systemPaths = 'systempaths=unconfined';

/** Unmasked system paths are an option of the docker command only; the engine is told by empty lists. */
function rights({ groups, securityOptions }: ContainerExtras) {
  const unmasked = securityOptions?.includes(systemPaths) === true ? [] : undefined;
  return present({
    GroupAdd: groups,
    SecurityOpt: securityOptions?.filter((option) => option !== systemPaths),
    MaskedPaths: unmasked,
    ReadonlyPaths: unmasked,
  });
}

function devices(extras: ContainerExtras) {
  return present({
    Devices: extras.devices?.map(({ source, target, permissions }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    })),
    DeviceCgroupRules: extras.deviceRules,
    DeviceRequests: extras.gpus?.map(deviceRequest),
    Tmpfs: extras.tmpfs,
    StorageOpt: extras.storageOptions,
  });
}

function deviceRequest({ driver, count, ids, capabilities, options }: DeviceRequest) {
  return {
    Driver: driver,
    Count: count,
    DeviceIDs: [...ids],
    Capabilities: [[...capabilities]],
    Options: { ...options },
  };
}

function limits(extras: ContainerExtras) {
  return present({
    Ulimits: extras.ulimits?.map(({ name, soft, hard }) => ({
      Name: name,
      Soft: soft,
      Hard: hard,
    })),
    MemoryReservation: extras.memoryReservation,
    MemorySwappiness: extras.memorySwappiness,
    OomKillDisable: extras.oomKillDisable,
    OomScoreAdj: extras.oomScoreAdj,
    PidsLimit: extras.pidsLimit,
    CpusetCpus: extras.cpuset,
    CpuPeriod: extras.cpuPeriod,
    CpuQuota: extras.cpuQuota,
    CpuRealtimePeriod: extras.cpuRealtimePeriod,
    CpuRealtimeRuntime: extras.cpuRealtimeRuntime,
    ...blkio(extras.blkio ?? {}),
  });
}

function blkio(config: Blkio) {
  const weights = config.weightDevice?.map(({ path, amount }) => ({ Path: path, Weight: amount }));
  return {
    BlkioWeight: config.weight,
    BlkioWeightDevice: weights,
    BlkioDeviceReadBps: rates(config.readBps),
    BlkioDeviceReadIOps: rates(config.readIops),
    BlkioDeviceWriteBps: rates(config.writeBps),
    BlkioDeviceWriteIOps: rates(config.writeIops),
  };
}

function rates(amounts: readonly DeviceAmount[] | undefined) {
  return amounts?.map(({ path, amount }) => ({ Path: path, Rate: amount }));
}

const NANOSECONDS = 1_000_000;

function healthConfig(check: EngineCheck) {
  return present({
    Test: check.test,
    Interval: nanoseconds(check.interval),
    Timeout: nanoseconds(check.timeout),
    Retries: check.retries,
    StartPeriod: nanoseconds(check.startPeriod),
    // Since API 1.44; older engines check at the interval from the start.
    StartInterval: nanoseconds(check.startInterval),
  });
}

function nanoseconds(milliseconds?: number): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds * NANOSECONDS;
}
