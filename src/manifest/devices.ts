import type { ContainerExtras, Device, DeviceRequest } from '../model/extras.ts';
import { compareText } from '../model/identity.ts';
import { sortedMap, unordered } from './lists.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate } from './tree.ts';

type WrittenRequest = Exclude<NonNullable<ServiceEntry['gpus']>, string>[number];

/** What a service takes of its node's devices. */
export function readDevices(section: Section<ServiceEntry>) {
  const { value } = section;
  return {
    devices: readDeviceList(section),
    deviceRules: unordered(value.device_cgroup_rules),
    gpus: readRequests(section),
    storageOptions: sortedMap(value.storage_opt),
  };
}

function readDeviceList(section: Section<ServiceEntry>): ContainerExtras['devices'] | undefined {
  const devices = new Map<string, Device>();
  for (const [index, written] of (section.value.devices ?? []).entries()) {
    const path = ['devices', index];
    const device = parseAt(section, path, textOf(written), parseDevice);
    if (device === null) continue;
    if (devices.has(device.target)) {
      const message = `the container has two devices at ${quote(device.target)}`;
      section.report.error(locate(section.node, path), { code: 'bad-device', message });
    }
    devices.set(device.target, device);
  }
  if (devices.size === 0) return undefined;
  return [...devices.values()].toSorted((a, b) => compareText(a.target, b.target));
}

function textOf(written: NonNullable<ServiceEntry['devices']>[number]): string {
  if (typeof written === 'string') return written;
  const { source, target = source, permissions = 'rwm' } = written;
  return `${source}:${target}:${permissions}`;
}

/** `host[:container[:permissions]]`; with two parts the second may be the permissions, as in Docker. */
function parseDevice(text: string): Parsed<Device> {
  const [source = '', second = source, third, ...rest] = text.split(':');
  const isShort = third === undefined && isPermissions(second);
  const target = isShort ? source : second;
  const permissions = isShort ? second : (third ?? 'rwm');
  const fits = source.startsWith('/') && target.startsWith('/') && isPermissions(permissions);
  if (fits && rest.length === 0)
    return { value: { source, target, permissions: inOrder(permissions) } };
  const message = `${quote(text)} is not a device`;
  const hint = 'Write it as "/dev/host[:/dev/container[:rwm]]".';
  return { fault: { code: 'bad-device', message, hint } };
}

function isPermissions(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

function inOrder(permissions: string): string {
  return ['r', 'w', 'm'].filter((one) => permissions.includes(one)).join('');
}

function readRequests(section: Section<ServiceEntry>): readonly DeviceRequest[] | undefined {
  const { gpus } = section.value;
  if (gpus === undefined || gpus.length === 0) return undefined;
  if (typeof gpus === 'string') return [request({})];
  for (const [index, { count, device_ids }] of gpus.entries()) {
    if (count === undefined || device_ids === undefined) continue;
    const message = 'either "count" says how many, or "device_ids" which ones';
    const at = locate(section.node, ['gpus', index]);
    section.report.error(at, { code: 'conflicting-keys', message });
  }
  return gpus.map(request);
}

function request({ driver, count, device_ids, capabilities, options }: WrittenRequest) {
  const ids = unordered(device_ids) ?? [];
  return {
    driver: driver ?? '',
    count: ids.length > 0 ? 0 : Number(count === undefined || count === 'all' ? -1 : count),
    ids,
    capabilities: unordered(capabilities) ?? ['gpu'],
    options: sortedMap(options) ?? {},
  };
}
