import Type from 'typebox';
import { composeHooks, Hooks } from './hook-schema.ts';
import { laterDeployKeys, laterServiceKeys } from './later-keys.ts';
import {
  choice,
  closed,
  flag,
  list,
  listOrMap,
  mapOf,
  mapOrPairs,
  oneOrList,
  scalar,
  text,
  textOrMap,
} from './schema-parts.ts';

const port = { minimum: 1, maximum: 65_535 };

const Deploy = closed(
  {
    strategy: Type.Optional(
      choice(['ha', 'daemon', 'random'], {
        default: 'ha',
        description:
          'How nodes are chosen: spread over zones and nodes, on every matching node, or any.',
      }),
    ),
    wait_for_port: Type.Optional(
      Type.Integer({
        ...port,
        description: 'TCP port that must accept connections before an instance counts as ready.',
      }),
    ),
    min_health: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.8,
        description:
          'Share of the instances that stays healthy during a rollout. 1 is one at a time.',
      }),
    ),
    interval: Type.Optional(
      text({ description: 'Deploy again after this time, changed or not.', examples: ['1d'] }),
    ),
  },
  { description: 'How instances are placed and rolled out.', later: laterDeployKeys },
);

const HealthCheck = closed(
  {
    protocol: choice(['http', 'tcp'], {
      description: 'What is asked: an HTTP request, or only a connection.',
    }),
    port: Type.Integer({ ...port, description: 'Port in the container.' }),
    uri: Type.Optional(
      text({
        pattern: '^/\\S*$',
        default: '/',
        description: 'Path of the HTTP request; 200 to 399 is healthy.',
      }),
    ),
    timeout: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3_600,
        default: 10,
        description: 'Seconds until no answer is a bad answer.',
      }),
    ),
    interval: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 86_400,
        default: 60,
        description: 'Seconds from check to check.',
      }),
    ),
    initial_delay: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 86_400,
        default: 10,
        description: 'Seconds after the start without checks.',
      }),
    ),
  },
  { description: 'How the agent finds out whether an instance is healthy.' },
);

const Logging = closed(
  {
    driver: text({ minLength: 1, maxLength: 255, description: "Docker's log driver." }),
    options: Type.Optional(mapOf(scalar(), { description: 'Options of the driver.' })),
  },
  { description: 'Where the output of the containers goes.' },
);

const DependencyCondition = closed(
  {
    condition: Type.Optional(
      choice(['service_started', 'service_healthy'], {
        default: 'service_started',
        description: 'Either way the dependency has to be ready first.',
      }),
    ),
  },
  { later: ['restart', 'required'] },
);

export const Extends = textOrMap(
  {
    service: text({ minLength: 1, maxLength: 255, description: 'The service to start from.' }),
    file: Type.Optional(
      text({
        minLength: 1,
        description: 'A kontena.yml or docker-compose.yml, relative to this file.',
      }),
    ),
  },
  {
    description:
      'Start from another service. Environment is merged by name, every other key that is written here replaces the one there.',
    examples: [{ file: 'docker-compose.yml', service: 'web' }],
    later: ['stack'],
  },
);

/** One service of a stack file. */
export const ServiceEntry = closed(
  {
    image: Type.Optional(
      text({
        minLength: 1,
        maxLength: 1_000,
        description: 'Image to run; without a tag it is `:latest`.',
      }),
    ),
    extends: Type.Optional(Extends),
    instances: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 10_000,
        default: 1,
        description: 'How many; with the strategy `daemon` how many on each node.',
      }),
    ),
    stateful: Type.Optional(
      flag({
        default: false,
        description:
          'Instances have data of their own and never move to another node by themselves.',
      }),
    ),
    environment: Type.Optional(
      mapOrPairs({ description: 'Environment variables, as a map or as a list of `NAME=value`.' }),
    ),
    env_file: Type.Optional(
      oneOrList(text(), {
        minLength: 1,
        description:
          'Files with lines `NAME=value`, relative to this file. What `environment` says wins.',
      }),
    ),
    command: Type.Optional(
      oneOrList(text({ maxLength: 131_072 }), {
        description: 'Command line, as a shell would split it, or its words.',
      }),
    ),
    entrypoint: Type.Optional(
      oneOrList(text({ maxLength: 131_072 }), {
        description: 'Entrypoint, as a shell would split it, or its words.',
      }),
    ),
    ports: Type.Optional(
      list(text({ maxLength: 255 }), {
        description: 'Published ports, `[ip:]node:container[/protocol]`.',
        examples: [['80:8080', '127.0.0.1:53:53/udp']],
      }),
    ),
    volumes: Type.Optional(
      list(text(), {
        description: 'Mounts: `/path`, `/host/path:/path[:ro]` or `volume:/path[:ro]`.',
        examples: [['data:/var/lib/postgresql/data']],
      }),
    ),
    links: Type.Optional(
      list(text({ maxLength: 255 }), {
        description: 'Services that must be ready first, `[stack/]service`.',
      }),
    ),
    depends_on: Type.Optional(
      listOrMap(DependencyCondition, { description: 'Services that must be ready first.' }),
    ),
    deploy: Type.Optional(Deploy),
    health_check: Type.Optional(HealthCheck),
    mem_limit: Type.Optional(text({ description: 'Memory at most.', examples: ['512m'] })),
    memswap_limit: Type.Optional(
      text({ description: 'Memory and swap together at most; -1 is no limit.', examples: ['1g'] }),
    ),
    shm_size: Type.Optional(text({ description: 'Size of /dev/shm.', examples: ['64m'] })),
    cpus: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 4_096,
        description: 'CPUs at most; fractions are fine.',
      }),
    ),
    cpu_shares: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 262_144,
        description: 'Weight when CPUs are short; 1024 is normal.',
      }),
    ),
    affinity: Type.Optional(
      list(text({ maxLength: 1_024 }), {
        maxItems: 100,
        description:
          'Placement rules, `KEY==VALUE` or `KEY!=VALUE`; `~` before the value makes it a wish.',
        examples: [['label==ssd', 'service!=~web']],
      }),
    ),
    user: Type.Optional(
      text({
        minLength: 1,
        maxLength: 255,
        description: 'User (and group) that the container runs as.',
      }),
    ),
    privileged: Type.Optional(
      flag({ default: false, description: 'Give the container the rights of the node.' }),
    ),
    cap_add: Type.Optional(
      list(text({ maxLength: 64, pattern: '^[A-Za-z_]+$' }), {
        description: 'Capabilities to add.',
      }),
    ),
    cap_drop: Type.Optional(
      list(text({ maxLength: 64, pattern: '^[A-Za-z_]+$' }), {
        description: 'Capabilities to take away.',
      }),
    ),
    read_only: Type.Optional(
      flag({ default: false, description: 'The root file system cannot be written.' }),
    ),
    pid: Type.Optional(choice(['host'], { description: "See the node's processes." })),
    network_mode: Type.Optional(
      choice(['bridge', 'host'], {
        default: 'bridge',
        description: "The grid's network, or the node's own.",
      }),
    ),
    stop_signal: Type.Optional(
      text({
        maxLength: 32,
        pattern: '^(?:[Ss][Ii][Gg](?:[A-Za-z0-9]+|RTMIN\\+\\d+|RTMAX-\\d+)|\\d+)$',
        description: 'Signal that asks the container to end.',
        examples: ['SIGQUIT'],
      }),
    ),
    stop_grace_period: Type.Optional(
      text({
        default: '10s',
        description: 'Time between the stop signal and the kill.',
        examples: ['1m30s'],
      }),
    ),
    logging: Type.Optional(Logging),
    labels: Type.Optional(mapOrPairs({ description: 'Labels of the containers.' })),
    hooks: Type.Optional(Hooks),
    post_start: Type.Optional(
      composeHooks(
        'In the container, after each start: like `hooks.post_start`, as Compose has it.',
      ),
    ),
    pre_stop: Type.Optional(
      composeHooks(
        'In the container, before it is stopped: like `hooks.pre_stop`, as Compose has it.',
      ),
    ),
  },
  { description: 'One service: a workload with any number of instances.', later: laterServiceKeys },
);

export type ServiceEntry = Type.Static<typeof ServiceEntry>;
