import Type from 'typebox';
import { onFailureKey } from './on-failure-schema.ts';
import { refusedPlacementKeys, refusedResourceKeys } from './refused-keys.ts';
import { DeviceRequest } from './resource-schema.ts';
import { anything, choice, closed, list, mapOrPairs, text } from './schema-parts.ts';

const { Optional } = Type;

const Limits = closed(
  {
    cpus: Optional(Type.Number({ examples: [0.5], description: "Compose's place for `cpus`." })),
    memory: Optional(text({ examples: ['512m'], description: "Compose's place for `mem_limit`." })),
    pids: Optional(
      Type.Integer({ examples: [100], description: "Compose's place for `pids_limit`." }),
    ),
  },
  { description: 'What it may use at most.', refused: refusedResourceKeys },
);

const Reservations = closed(
  {
    cpus: Optional(
      Type.Number({ examples: [0.25], description: 'No effect: CPU time is not set aside.' }),
    ),
    memory: Optional(
      text({ examples: ['256m'], description: "Compose's place for `mem_reservation`." }),
    ),
    devices: Optional(
      list(DeviceRequest, {
        examples: [[{ capabilities: ['gpu'], count: 1 }]],
        description: "Compose's place for `gpus`.",
      }),
    ),
  },
  { description: 'What is kept for it.', refused: refusedResourceKeys },
);

const RestartPolicy = closed(
  {
    condition: Optional(
      choice(['any', 'on-failure', 'none'], {
        default: 'any',
        description: '`any`: agents start again what exits.',
      }),
    ),
    delay: Optional(
      text({ examples: ['5s'], description: 'No effect: agents wait longer from exit to exit.' }),
    ),
    max_attempts: Optional(
      Type.Integer({ examples: [3], description: 'No effect: agents never give up.' }),
    ),
    window: Optional(text({ examples: ['2m'], description: 'No effect: readiness decides.' })),
  },
  { description: 'When it is started again.' },
);

const UpdateConfig = closed(
  {
    parallelism: Optional(
      Type.Integer({ examples: [2], description: 'No effect: see `min_health`.' }),
    ),
    delay: Optional(
      text({
        examples: ['10s'],
        description: 'No effect: the next one follows when one is ready.',
      }),
    ),
    failure_action: Optional(
      choice(['pause', 'continue', 'rollback'], {
        default: 'pause',
        description: "Compose's place for `on_failure`: `pause` is `hold`.",
      }),
    ),
    monitor: Optional(text({ examples: ['30s'], description: 'No effect: readiness decides.' })),
    max_failure_ratio: Optional(
      Type.Number({ examples: [0.1], description: 'No effect: the first failure counts.' }),
    ),
    order: Optional(
      choice(['start-first', 'stop-first'], {
        default: 'start-first',
        description: 'The new one starts first, wherever ports and volumes allow it.',
      }),
    ),
  },
  { description: 'How it is rolled out.' },
);

const Placement = closed(
  {
    constraints: Optional(
      list(text({ maxLength: 1_024 }), {
        description: 'Turned into `affinity`: `node.hostname` and `node.labels.*`.',
        examples: [['node.labels.disk==ssd']],
      }),
    ),
    preferences: Optional(
      anything({
        examples: [[{ spread: 'node.labels.zone' }]],
        description: 'No effect: `ha` spreads by itself.',
      }),
    ),
  },
  { description: 'Which nodes may have it.', refused: refusedPlacementKeys },
);

/** What Compose and Swarm write below `deploy`, and what theirs is read as. */
export const composeDeployKeys = {
  ...onFailureKey,
  mode: Optional(
    choice(['replicated', 'global'], {
      default: 'replicated',
      description: "`global` is Compose's word for the strategy `daemon`.",
    }),
  ),
  replicas: Optional(
    Type.Integer({ minimum: 0, examples: [2], description: "Compose's place for `instances`." }),
  ),
  resources: Optional(
    closed(
      {
        limits: Optional(Limits),
        reservations: Optional(Reservations),
      },
      { description: "Compose's place for limits." },
    ),
  ),
  restart_policy: Optional(RestartPolicy),
  placement: Optional(Placement),
  update_config: Optional(UpdateConfig),
  rollback_config: Optional(
    anything({ examples: [{ parallelism: 1 }], description: 'No effect: see `on_failure`.' }),
  ),
  endpoint_mode: Optional(
    choice(['vip', 'dnsrr'], {
      description: '`dnsrr`: a name has the addresses of all instances.',
    }),
  ),
  labels: Optional(
    mapOrPairs({
      examples: [{ 'com.example.team': 'shop' }],
      description: 'No effect: there is no Swarm service to label.',
    }),
  ),
};
