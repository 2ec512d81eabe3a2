import Type from 'typebox';
import { choice, closed, flag, list, mapOf, scalar, text, textOrMap } from './schema-parts.ts';

const { Optional } = Type;

const rates = (description: string, examples: readonly unknown[]) =>
  Optional(
    list(
      closed({
        path: text({ pattern: '^/', description: 'The device on the node.' }),
        rate: text({ description: 'A size such as `12mb`, or a number of operations.' }),
      }),
      { description, examples },
    ),
  );

const BlkioConfig = closed(
  {
    weight: Optional(
      Type.Integer({
        minimum: 10,
        maximum: 1_000,
        examples: [300],
        description: 'Share of block I/O among containers; 500 is normal.',
      }),
    ),
    weight_device: Optional(
      list(
        closed({
          path: text({ pattern: '^/', description: 'The device on the node.' }),
          weight: Type.Integer({ minimum: 10, maximum: 1_000, description: 'Its weight.' }),
        }),
        {
          description: 'Weights for single devices.',
          examples: [[{ path: '/dev/sda', weight: 300 }]],
        },
      ),
    ),
    device_read_bps: rates('Bytes a second that may be read.', [
      [{ path: '/dev/sda', rate: '12mb' }],
    ]),
    device_read_iops: rates('Reads a second.', [[{ path: '/dev/sda', rate: 120 }]]),
    device_write_bps: rates('Bytes a second that may be written.', [
      [{ path: '/dev/sda', rate: '1024k' }],
    ]),
    device_write_iops: rates('Writes a second.', [[{ path: '/dev/sda', rate: 30 }]]),
  },
  { description: 'Limits of block I/O.' },
);

export const DeviceRequest = closed({
  driver: Optional(text({ maxLength: 255, description: 'The driver, such as `nvidia`.' })),
  count: Optional(
    text({ pattern: '^(?:all|-1|[1-9]\\d{0,3})$', description: 'How many; `all` by default.' }),
  ),
  device_ids: Optional(
    list(text({ minLength: 1, maxLength: 255 }), {
      description: 'Which ones, instead of how many.',
    }),
  ),
  capabilities: Optional(
    list(text({ minLength: 1, maxLength: 255 }), {
      description: 'What they must be able to do; `[gpu]` by default.',
    }),
  ),
  options: Optional(mapOf(scalar({ maxLength: 4_096 }), { description: 'Options of the driver.' })),
});

export const gpus = Type.Unsafe<string | readonly Type.Static<typeof DeviceRequest>[]>({
  type: ['string', 'array'],
  items: DeviceRequest,
  maxItems: 100,
  pattern: '^all$',
  description: '`all`, or a list of what is asked of which driver.',
  examples: ['all', [{ driver: 'nvidia', count: 1 }]],
});

function microseconds(about: string, example: number) {
  const description = `${about} Microseconds, or a duration such as \`50ms\`.`;
  return Optional(text({ description, examples: [example] }));
}

const deviceRule = '^[abc] (?:\\d+|\\*):(?:\\d+|\\*) (?=[rwm]{1,3}$)(?!.*(.).*\\1)';

/** Keys about what a container may take of its node: devices, memory, processor time, block I/O. */
export const resourceKeys = {
  devices: Optional(
    list(
      textOrMap({
        source: text({ minLength: 1, description: 'The device on the node.' }),
        target: Optional(text({ description: 'Where it is in the container; the same place.' })),
        permissions: Optional(text({ default: 'rwm', description: 'Read, write, make nodes.' })),
      }),
      {
        description: 'Devices of the node, `host[:container[:permissions]]`.',
        examples: [['/dev/ttyUSB0:/dev/ttyUSB0:rwm']],
      },
    ),
  ),
  device_cgroup_rules: Optional(
    list(text({ maxLength: 64, pattern: deviceRule }), {
      description: 'Rules for devices, `type major:minor permissions`.',
      examples: [['c 1:3 mr']],
    }),
  ),
  gpus: Optional(gpus),
  storage_opt: Optional(
    mapOf(scalar({ maxLength: 4_096 }), {
      description: "Options of the engine's storage driver.",
      examples: [{ size: '10G' }],
    }),
  ),
  mem_reservation: Optional(
    text({ description: 'Memory that it keeps when the node runs short.', examples: ['256m'] }),
  ),
  mem_swappiness: Optional(
    Type.Integer({
      minimum: 0,
      maximum: 100,
      examples: [10],
      description: 'How readily its memory is swapped.',
    }),
  ),
  oom_kill_disable: Optional(
    flag({ default: false, description: 'Never kill it when memory runs out.' }),
  ),
  oom_score_adj: Optional(
    Type.Integer({
      minimum: -1_000,
      maximum: 1_000,
      examples: [-500],
      description: 'How early it is killed when the memory of the node runs out.',
    }),
  ),
  pids_limit: Optional(
    Type.Integer({
      minimum: -1,
      examples: [100],
      description: 'Processes at most; -1 is no limit.',
    }),
  ),
  cpuset: Optional(
    text({
      maxLength: 1_024,
      pattern: '^\\d{1,4}(?:-\\d{1,4})?(?:,\\d{1,4}(?:-\\d{1,4})?)*$',
      description: 'CPUs that it may run on.',
      examples: ['0-3,6'],
    }),
  ),
  cpu_period: microseconds('Length of a scheduling period.', 100_000),
  cpu_quota: microseconds('CPU time in each period; instead of `cpus`.', 50_000),
  cpu_rt_period: microseconds('Length of a period of the real-time scheduler.', 1_000_000),
  cpu_rt_runtime: microseconds('Real-time CPU time in each of its periods.', 950_000),
  blkio_config: Optional(BlkioConfig),
};

/** Former spellings that only say where something has moved to; see spellings.ts. */
export const formerKeys = {
  scale: Optional(
    Type.Integer({
      minimum: 0,
      description: "Compose's word for `instances`.",
      examples: [2],
    }),
  ),
  net: Optional(choice(['bridge', 'host'], { description: 'Former name of `network_mode`.' })),
  log_driver: Optional(
    text({ examples: ['syslog'], description: 'Former name of `logging.driver`.' }),
  ),
  log_opt: Optional(
    mapOf(scalar(), {
      examples: [{ tag: 'web' }],
      description: 'Former name of `logging.options`.',
    }),
  ),
  log_opts: Optional(
    mapOf(scalar(), {
      examples: [{ tag: 'web' }],
      description: 'Former name of `logging.options`.',
    }),
  ),
  mem_swaplimit: Optional(
    text({ examples: ['1g'], description: "Kontena's misspelling of `memswap_limit`." }),
  ),
};
