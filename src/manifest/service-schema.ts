import Type from 'typebox';
import { buildServiceKeys } from './build-schema.ts';
import { CertificateUse, ConfigUse, SecretUse } from './config-schema.ts';
import { DependencyCondition } from './dependency-schema.ts';
import { Deploy } from './deploy-schema.ts';
import { EngineHealthCheck } from './engine-check-schema.ts';
import { EnvFileWish } from './env-file-schema.ts';
import { Extends } from './extends-schema.ts';
import { HealthCheck } from './health-check-schema.ts';
import { composeHooks, Hooks } from './hook-schema.ts';
import { JobEntry } from './job-schema.ts';
import { Logging } from './logging-schema.ts';
import { MountEntry } from './mount-map.ts';
import { networkKeys, Port } from './network-schema.ts';
import { processKeys } from './process-schema.ts';
import { refusedServiceKeys } from './refused-keys.ts';
import { formerKeys, resourceKeys } from './resource-schema.ts';
import {
  choice,
  closed,
  conditionKeys,
  flag,
  list,
  listOrMap,
  mapOrPairs,
  oneOrList,
  text,
} from './schema-parts.ts';

/** One service of a stack file. */
export const ServiceEntry = closed(
  {
    image: Type.Optional(
      text({
        minLength: 1,
        maxLength: 1_000,
        description: 'Image to run; without a tag it is `:latest`.',
        examples: ['nginx:1.27'],
      }),
    ),
    extends: Type.Optional(Extends),
    instances: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 10_000,
        default: 1,
        description: 'How many; with the strategy `daemon` how many on each node.',
        examples: [3],
      }),
    ),
    stateful: Type.Optional(
      flag({
        default: false,
        description:
          'Instances have data of their own, are replaced one at a time and never move to another node by themselves.',
      }),
    ),
    environment: Type.Optional(
      mapOrPairs({
        description: 'Environment variables, as a map or as a list of `NAME=value`.',
        examples: [{ LOG_LEVEL: 'info' }],
      }),
    ),
    env_file: Type.Optional(
      oneOrList(EnvFileWish, {
        minLength: 1,
        description:
          'Files with lines `NAME=value`, relative to this file. What `environment` says wins.',
        examples: ['app.env'],
      }),
    ),
    command: Type.Optional(
      oneOrList(text({ maxLength: 131_072 }), {
        description: 'Command line, as a shell would split it, or its words.',
        examples: ['server --port 8080'],
      }),
    ),
    entrypoint: Type.Optional(
      oneOrList(text({ maxLength: 131_072 }), {
        description: 'Entrypoint, as a shell would split it, or its words.',
        examples: [['/entrypoint.sh', '--verbose']],
      }),
    ),
    ports: Type.Optional(
      list(Port, {
        description:
          "Published ports, `[ip:]node:container[/protocol]`, also ranges. Without an address: the agent's publish address. Each port of a node can be taken once, so it also decides about places.",
        examples: [['80:8080', '127.0.0.1:53:53/udp', '8000-8010:8000-8010']],
      }),
    ),
    volumes: Type.Optional(
      list(MountEntry, {
        description:
          'Mounts: `/path`, `./file:/path:ro`, `/host/path:/path[:ro]` or `volume:/path[:ro]`.',
        examples: [['data:/var/lib/postgresql/data', './nginx.conf:/etc/nginx/nginx.conf:ro']],
      }),
    ),
    volumes_from: Type.Optional(
      list(text({ maxLength: 255 }), {
        maxItems: 20,
        description:
          'Everything that an instance of another service of the stack has mounted: `service[:ro]`, or `service-%s` for the instance with the same number.',
        examples: [['store-%s', 'uploads:ro']],
      }),
    ),
    configs: Type.Optional(
      list(ConfigUse, {
        description: 'Files of `configs` that are mounted, at `/<name>` unless a target is given.',
        examples: [[{ source: 'nginx', target: '/etc/nginx/nginx.conf' }]],
      }),
    ),
    secrets: Type.Optional(
      list(SecretUse, {
        description:
          'Sealed values, and files of `secrets`: mounted in /run/secrets, or, in the form with `secret`, variables of the environment.',
        examples: [['api-key']],
      }),
    ),
    certificates: Type.Optional(
      list(CertificateUse, {
        description:
          'Certificates that the grid has sealed, as variables: certificate, chain and key.',
        examples: [[{ subject: 'www.example.com', name: 'SSL_CERTS', type: 'env' }]],
      }),
    ),
    links: Type.Optional(
      list(text({ maxLength: 255 }), {
        description:
          'Services that must be ready first, `[stack/]service[:alias]`; an alias is a name for this service only.',
        examples: [['db:database']],
      }),
    ),
    depends_on: Type.Optional(
      listOrMap(DependencyCondition, {
        description: 'Services that must be ready first.',
        examples: [['db']],
      }),
    ),
    deploy: Type.Optional(Deploy),
    drift: Type.Optional(
      choice(['repair', 'report'], {
        description:
          "What becomes of what a person changes about its containers by hand: it is undone, or only shown. By default as the grid's `drift` says.",
      }),
    ),
    health_check: Type.Optional(HealthCheck),
    mem_limit: Type.Optional(text({ description: 'Memory at most.', examples: ['512m'] })),
    memswap_limit: Type.Optional(
      text({ description: 'Memory and swap together at most; -1 is no limit.', examples: ['1g'] }),
    ),
    shm_size: Type.Optional(text({ description: 'Size of /dev/shm.', examples: ['64m'] })),
    cpus: Type.Optional(
      Type.Number({
        // Less the engine refuses, at the time of the deploy: a quota has at least 1 of the 100 ms.
        minimum: 0.01,
        maximum: 4_096,
        description: 'CPUs at most; fractions are fine.',
        examples: [1.5],
      }),
    ),
    cpu_shares: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 262_144,
        description: 'Weight when CPUs are short; 1024 is normal.',
        examples: [512],
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
        examples: ['1000:1000'],
      }),
    ),
    privileged: Type.Optional(
      flag({ default: false, description: 'Give the container the rights of the node.' }),
    ),
    cap_add: Type.Optional(
      list(text({ maxLength: 64, pattern: '^[A-Za-z_]+$' }), {
        description: 'Capabilities to add.',
        examples: [['NET_ADMIN']],
      }),
    ),
    cap_drop: Type.Optional(
      list(text({ maxLength: 64, pattern: '^[A-Za-z_]+$' }), {
        description: 'Capabilities to take away.',
        examples: [['ALL']],
      }),
    ),
    read_only: Type.Optional(
      flag({ default: false, description: 'The root file system cannot be written.' }),
    ),
    pid: Type.Optional(choice(['host'], { description: "See the node's processes." })),
    network_mode: Type.Optional(
      text({
        maxLength: 255,
        default: 'bridge',
        description: "`bridge` is the grid's network, `host` the node's own, `none` none.",
        examples: ['host'],
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
    labels: Type.Optional(
      mapOrPairs({
        description: 'Labels of the containers.',
        examples: [{ 'com.example.team': 'shop' }],
      }),
    ),
    ...conditionKeys(),
    profiles: Type.Optional(
      list(text({ minLength: 1, maxLength: 255 }), {
        description:
          'The service is there only when grid.yml switches one of these on, in `stacks.<stack>.profiles`.',
        examples: [['debug']],
      }),
    ),
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
    healthcheck: Type.Optional(EngineHealthCheck),
    ...processKeys,
    ...networkKeys,
    ...resourceKeys,
    ...buildServiceKeys,
    ...formerKeys,
    job: Type.Optional(JobEntry),
  },
  {
    description: 'One service: a workload with any number of instances.',
    refused: refusedServiceKeys,
  },
);

export type ServiceEntry = Type.Static<typeof ServiceEntry>;
