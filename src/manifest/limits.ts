import type { Blkio, ContainerExtras, DeviceAmount } from '../model/extras.ts';
import { compareText } from '../model/identity.ts';
import { present } from '../model/present.ts';
import { parseByteSize } from './byte-size.ts';
import { onlyTrue } from './process.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate, locateKey } from './tree.ts';

type Written = NonNullable<ServiceEntry['blkio_config']>;
type RateKey = 'device_read_bps' | 'device_read_iops' | 'device_write_bps' | 'device_write_iops';

/** Limits beyond those that every service has a field for. */
export function readLimits(section: Section<ServiceEntry>) {
  const { value } = section;
  checkQuota(section);
  return {
    memoryReservation: readReservation(section),
    memorySwappiness: value.mem_swappiness,
    oomKillDisable: onlyTrue(value.oom_kill_disable),
    oomScoreAdj: value.oom_score_adj,
    // The engine takes both for "no limit".
    pidsLimit: value.pids_limit === 0 ? -1 : value.pids_limit,
    cpuset: value.cpuset,
    cpuPeriod: readTime(section, 'cpu_period'),
    cpuQuota: readTime(section, 'cpu_quota'),
    cpuRealtimePeriod: readTime(section, 'cpu_rt_period'),
    cpuRealtimeRuntime: readTime(section, 'cpu_rt_runtime'),
    blkio: readBlkio(section),
  };
}

function checkQuota({ value, node, report }: Section<ServiceEntry>): void {
  const key = (['cpu_quota', 'cpu_period'] as const).find((one) => value[one] !== undefined);
  if (value.cpus === undefined || key === undefined) return;
  report.error(locateKey(node, [key]), {
    code: 'conflicting-keys',
    message: `"cpus" and ${quote(key)} both say how much CPU time the container gets`,
    hint: 'Keep "cpus" alone; it is the quota in a period of 100 ms.',
  });
}

function readReservation(section: Section<ServiceEntry>): number | undefined {
  const { value, node, report } = section;
  const reserved = parseAt(section, ['mem_reservation'], value.mem_reservation, parseByteSize);
  const limit = value.mem_limit === undefined ? undefined : parseByteSize(value.mem_limit).value;
  if (reserved !== null && limit !== undefined && reserved > limit) {
    const message = '"mem_reservation" cannot be more than "mem_limit"';
    report.error(locate(node, ['mem_reservation']), { code: 'bad-size', message });
  }
  return reserved ?? undefined;
}

function readTime(
  section: Section<ServiceEntry>,
  key: 'cpu_period' | 'cpu_quota' | 'cpu_rt_period' | 'cpu_rt_runtime',
): number | undefined {
  const time = parseAt(section, [key], section.value[key], parseMicroseconds) ?? undefined;
  if (key !== 'cpu_period' || time === undefined || time <= 1_000_000) return time;
  const message = 'a scheduling period has at most one second';
  section.report.error(locate(section.node, [key]), { code: 'bad-duration', message });
  return undefined;
}

const factors: Readonly<Record<string, number>> = { us: 1, ms: 1_000, s: 1_000_000 };

function parseMicroseconds(text: string): Parsed<number> {
  const [, amount = '', unit = 'us'] = /^(\d{1,9})(us|ms|s)?$/.exec(text) ?? [];
  const time = Number(amount) * (factors[unit] ?? 1);
  // The kernel's bounds for periods; a shorter quota the engine refuses.
  if (amount !== '' && time >= 1_000 && time <= 1_000_000_000) return { value: time };
  const message = `${quote(text)} is not a time from 1 ms to 1000 s`;
  const hint = 'Write microseconds, or a number with the unit us, ms or s, for example "50ms".';
  return { fault: { code: 'bad-duration', message, hint } };
}

function readBlkio(section: Section<ServiceEntry>): ContainerExtras['blkio'] | undefined {
  const written = section.value.blkio_config;
  if (written === undefined) return undefined;
  const blkio: Blkio = present({
    weight: written.weight,
    weightDevice: byPath(
      (written.weight_device ?? []).map(({ path, weight }) => ({ path, amount: weight })),
    ),
    readBps: readRates(section, written, 'device_read_bps'),
    readIops: readRates(section, written, 'device_read_iops'),
    writeBps: readRates(section, written, 'device_write_bps'),
    writeIops: readRates(section, written, 'device_write_iops'),
  });
  return Object.keys(blkio).length === 0 ? undefined : blkio;
}

function readRates(section: Section<ServiceEntry>, written: Written, key: RateKey) {
  const parse = key.endsWith('_bps') ? parseByteSize : parseCount;
  const amounts = (written[key] ?? []).flatMap(({ path, rate }, index) => {
    const amount = parseAt(section, ['blkio_config', key, index, 'rate'], rate, parse);
    return amount === null ? [] : [{ path, amount }];
  });
  return byPath(amounts);
}

function parseCount(text: string): Parsed<number> {
  if (/^\d{1,12}$/.test(text)) return { value: Number(text) };
  return { fault: { code: 'bad-size', message: `${quote(text)} is not a number of operations` } };
}

function byPath(amounts: readonly DeviceAmount[]): readonly DeviceAmount[] | undefined {
  if (amounts.length === 0) return undefined;
  return amounts.toSorted((a, b) => compareText(a.path, b.path) || a.amount - b.amount);
}
