import Type from 'typebox';
import { DEFAULT_MTU } from '../model/network.ts';
import { ConfigEntry, SecretEntry } from './config-schema.ts';
import { DeployWindows } from './deploy-windows.ts';
import { laterGridKeys, laterStackKeys, laterVolumeKeys } from './later-keys.ts';
import { nameRule, nodeNameRule, serviceNameRule, volumeNameRule } from './names.ts';
import { gridOnFailureKey } from './on-failure-schema.ts';
import { PreviewsEntry } from './preview-schema.ts';
import { RegistriesEntry } from './registry-schema.ts';
import {
  anyValue,
  choice,
  closed,
  conditionKeys,
  flagOrMap,
  list,
  mapOf,
  mapOrPairs,
  scalar,
  text,
} from './schema-parts.ts';
import { ServiceEntry } from './service-schema.ts';
import { StackEntry } from './stack-entry-schema.ts';
import { VariableEntry } from './variable-schema.ts';

export const VolumeEntry = closed(
  {
    external: Type.Optional(
      flagOrMap(
        {
          name: Type.Optional(
            text({
              pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$',
              description: 'Its name, when it is another.',
              examples: ['shop-data'],
            }),
          ),
        },
        {
          default: false,
          description: 'A volume that exists already, used under exactly its name.',
        },
      ),
    ),
    scope: Type.Optional(
      choice(['instance', 'stack', 'grid'], {
        default: 'instance',
        description:
          "Whose data it is: every instance's own, the stack's or the grid's on each node.",
      }),
    ),
    driver: Type.Optional(
      text({
        minLength: 1,
        maxLength: 255,
        description: "Docker's volume driver.",
        examples: ['local'],
      }),
    ),
    driver_opts: Type.Optional(
      mapOf(scalar(), {
        description: 'Options of the driver.',
        examples: [{ type: 'nfs', device: ':/exports/shop', o: 'addr=10.0.0.5' }],
      }),
    ),
    name: Type.Optional(
      text({
        pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$',
        description: 'Its exact name on the nodes, whoever else uses a volume of that name.',
        examples: ['shop-data'],
      }),
    ),
    labels: Type.Optional(
      mapOrPairs({
        description: 'Labels that it gets when it is made.',
        examples: [{ 'com.example.backup': 'daily' }],
      }),
    ),
    ...conditionKeys(),
  },
  { description: 'A named volume.', later: laterVolumeKeys },
);

export type VolumeEntry = Type.Static<typeof VolumeEntry>;

/** What is open to the schema of the stack as a whole is checked piece by piece, where its variables are known. */
const open = {
  variables: anything('object'),
  services: anything('object'),
  volumes: anything('object'),
  configs: anything('object'),
  secrets: anything('object'),
  networks: anything('object'),
};

function anything(type: string) {
  return Type.Optional(Type.Unsafe<unknown>({ type }));
}

export const DependEntry = closed(
  {
    stack: text({
      minLength: 1,
      description: 'The stack file, relative to this one.',
      examples: ['../redis/kontena.yml'],
    }),
    variables: Type.Optional(
      mapOf(anyValue(), {
        description: 'Values of the variables that the stack file declares.',
        examples: [{ size: '1g' }],
      }),
    ),
  },
  { description: 'A stack that comes with this one.' },
);

export type DependEntry = Type.Static<typeof DependEntry>;

const head = {
  stack: Type.Optional(
    text({
      minLength: 1,
      maxLength: 255,
      description: "The stack's own name. Its folder says how it is called in the grid.",
      examples: ['acme/shop'],
    }),
  ),
  version: Type.Optional(
    text({
      maxLength: 64,
      description: "The stack's version.",
      examples: ['1.4.0'],
      default: '0.0.1',
    }),
  ),
  description: Type.Optional(
    text({ description: 'What the stack is.', examples: ['The web shop'] }),
  ),
  expose: Type.Optional(
    text({
      maxLength: 64,
      description:
        'The service that answers to the name of the stack, too: `<stack>` and `<stack>.<grid>.kontena.local`.',
      examples: ['web'],
    }),
  ),
  name: Type.Optional(
    text({
      maxLength: 255,
      description:
        "Compose's and old Kontena files' name of the project. The stack's folder says it here.",
      examples: ['shop'],
    }),
  ),
  depends: Type.Optional(
    mapOf(DependEntry, {
      keys: nameRule,
      description:
        'Other stacks that this one brings along, as `<stack>-<name>`; `${name}` stands for what they are called.',
      examples: [{ redis: { stack: '../redis/kontena.yml', variables: { size: '1g' } } }],
    }),
  ),
  data: Type.Optional(
    anyValue({ description: 'No meaning, as in Kontena.', examples: [{ a: 1 }] }),
  ),
  errors: Type.Optional(anyValue({ description: 'No meaning, as in Kontena.', examples: [[]] })),
  meta: Type.Optional(
    mapOf(Type.Unsafe<unknown>({}), {
      description: 'Anything to know about the stack.',
      examples: [{ owner: 'team-shop' }],
    }),
  ),
  labels: Type.Optional(
    list(text({ maxLength: 255, pattern: '^[a-z0-9.-]+=' }), {
      description: 'Labels `name=value` of the stack.',
      examples: [['team=shop']],
    }),
  ),
};

export const StackHead = closed({ ...head, ...open }, { later: laterStackKeys });

/** `kontena.yml` */
export const StackFile = closed(
  {
    ...head,
    variables: Type.Optional(
      mapOf(VariableEntry, { description: 'What `${NAME}` may stand for in this file.' }),
    ),
    services: mapOf(ServiceEntry, { keys: serviceNameRule, description: 'The services, by name.' }),
    volumes: Type.Optional(
      mapOf(VolumeEntry, { keys: volumeNameRule, description: 'The named volumes, by name.' }),
    ),
    configs: Type.Optional(
      mapOf(ConfigEntry, { keys: volumeNameRule, description: 'Files to mount, by name.' }),
    ),
    secrets: Type.Optional(
      mapOf(SecretEntry, {
        keys: volumeNameRule,
        description: 'Files for /run/secrets, by name; in the clear.',
      }),
    ),
    networks: Type.Optional(
      mapOf(Type.Unsafe<unknown>({}), {
        description: 'No effect: all containers of a grid are in one network.',
        examples: [{ back: { internal: true } }],
      }),
    ),
  },
  { description: 'A stack: services that are deployed together.', later: laterStackKeys },
);

const NodeEntry = closed({
  labels: Type.Optional(
    list(text({ minLength: 1, maxLength: 255 }), {
      description: 'Labels of the node.',
      examples: [['az=eu-1a', 'ssd']],
    }),
  ),
  availability: Type.Optional(
    choice(['active', 'drain'], {
      default: 'active',
      description: 'With `drain` its instances move away.',
    }),
  ),
});

const gridHead = {
  compat: Type.Optional(
    choice(['kontena'], {
      description:
        'Read files as Kontena did where gridops is stricter: of a key that is written twice the last one counts.',
    }),
  ),
  subnet: Type.Optional(
    text({
      default: '10.81.0.0/16',
      description:
        "Addresses of the grid's network: of nodes, containers and people on the VPN. IPv4 CIDR between /8 and /24. Fixed when the first node joins.",
      examples: ['10.82.0.0/16'],
    }),
  ),
  trusted_subnets: Type.Optional(
    list(text(), {
      maxItems: 100,
      default: [],
      description: 'Nodes that both have an address in one of these talk in the clear.',
      examples: [['10.0.0.0/24']],
    }),
  ),
  mtu: Type.Optional(
    Type.Integer({
      minimum: 576,
      maximum: 9_000,
      default: DEFAULT_MTU,
      description:
        'Largest packet between containers, in bytes: that of the networks between the nodes less 130. Fixed when the first node joins.',
      examples: [8_870],
    }),
  ),
  default_affinity: Type.Optional(
    list(text({ maxLength: 1_024 }), {
      maxItems: 100,
      default: [],
      description: 'Affinity of services that have none.',
      examples: [['label!=spare']],
    }),
  ),
  nodes: Type.Optional(
    mapOf(NodeEntry, {
      keys: nodeNameRule,
      description: 'What is wished of nodes, by name. A node need not be listed.',
    }),
  ),
  prune: Type.Optional(
    closed(
      {
        budget: Type.Optional(
          text({
            pattern: '^(?:100|[0-9]{1,2})%$',
            default: '30%',
            description: 'Share of the instances that a deploy may remove without being confirmed.',
            examples: ['50%'],
          }),
        ),
      },
      { description: 'What is removed.' },
    ),
  ),
  deploy: Type.Optional(
    closed(
      {
        timeout: Type.Optional(
          text({
            default: '10m',
            description:
              'After this time without an end a deploy has failed. It still succeeds if it converges later.',
            examples: ['30m'],
          }),
        ),
        ...gridOnFailureKey,
        parallel: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 100_000,
            default: 1_000,
            description: 'How many instances are started, replaced or removed at a time.',
            examples: [20],
          }),
        ),
        windows: Type.Optional(DeployWindows),
        require_reviewed_plan: Type.Optional(
          Type.Boolean({
            default: false,
            description:
              'Whether a commit waits for `gridops approve` when its plan is not the one that a pull request has shown.',
            examples: [true],
          }),
        ),
        environment_url: Type.Optional(
          text({
            maxLength: 2_048,
            pattern: '^https?://[^\\s/][^\\s]*$',
            description:
              'Where people find what runs in the grid: the code host links to it from its page of deployments.',
            examples: ['https://shop.example.com'],
          }),
        ),
      },
      { description: 'How deploys are carried out.' },
    ),
  ),
  drift: Type.Optional(
    choice(['repair', 'report'], {
      default: 'repair',
      description:
        'What becomes of what a person changes about containers by hand: it is undone, or only shown. For services that say nothing.',
    }),
  ),
  previews: Type.Optional(PreviewsEntry),
  registries: Type.Optional(RegistriesEntry),
  grace_period: Type.Optional(
    closed(
      {
        ha: gracePeriod('2m', 'Of services with the strategy `ha`.'),
        daemon: gracePeriod('10m', 'Of services with the strategy `daemon`.'),
        random: gracePeriod('30s', 'Of services with the strategy `random`.'),
      },
      {
        description:
          'How long a node may be gone before its instances are placed elsewhere, by the strategy of their service; 10 seconds or more. Instances of stateful services never are.',
      },
    ),
  ),
};

function gracePeriod(period: string, description: string) {
  return Type.Optional(text({ default: period, description, examples: ['5m'] }));
}

export const GridHead = closed(
  { ...gridHead, stacks: anything('object') },
  { later: laterGridKeys },
);

export type GridHead = Type.Static<typeof GridHead>;

/** `grid.yml` */
export const GridFile = closed(
  {
    ...gridHead,
    stacks: Type.Optional(
      mapOf(StackEntry, {
        keys: nameRule,
        description: 'Stacks beyond the folders, and values of their variables.',
      }),
    ),
  },
  { description: 'A grid: a set of nodes and what runs on them.', later: laterGridKeys },
);
