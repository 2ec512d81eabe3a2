import Type from 'typebox';
import {
  laterGridDeployKeys,
  laterGridKeys,
  laterStackKeys,
  laterVariableKeys,
  laterVolumeKeys,
} from './later-keys.ts';
import { nameRule, nodeNameRule, volumeNameRule } from './names.ts';
import { choice, closed, flag, flagOrMap, list, mapOf, scalar, text } from './schema-parts.ts';
import { ServiceEntry } from './service-schema.ts';

const variableTypes = ['string', 'integer', 'boolean', 'enum'] as const;

export const VariableEntry = closed(
  {
    type: Type.Optional(
      choice(variableTypes, { default: 'string', description: 'What values are allowed.' }),
    ),
    label: Type.Optional(text({ description: 'Name for people.' })),
    description: Type.Optional(text({ description: 'What the variable is for.' })),
    required: Type.Optional(
      flag({ default: true, description: 'Without a value the stack is not deployed.' }),
    ),
    default: Type.Optional(scalar({ description: 'Value when grid.yml gives none.' })),
    value: Type.Optional(scalar({ description: 'Fixed value; only grid.yml can say otherwise.' })),
    from: Type.Optional(
      Type.Unsafe<unknown>({
        type: ['string', 'object', 'array'],
        description: 'Where Kontena looked for a value. Values come from grid.yml here.',
      }),
    ),
    empty_is_nil: Type.Optional(
      flag({ default: true, description: 'string: an empty value counts as none.' }),
    ),
    min_length: Type.Optional(
      Type.Integer({ minimum: 0, description: 'string: characters at least.' }),
    ),
    max_length: Type.Optional(
      Type.Integer({ minimum: 0, description: 'string: characters at most.' }),
    ),
    min: Type.Optional(Type.Integer({ default: 0, description: 'integer: at least.' })),
    max: Type.Optional(Type.Integer({ description: 'integer: at most.' })),
    options: Type.Optional(
      Type.Unsafe<unknown>({
        type: ['array', 'object'],
        description: 'enum: the values that are allowed.',
      }),
    ),
  },
  { description: 'A value that differs from grid to grid.', later: laterVariableKeys },
);

export type VariableEntry = Type.Static<typeof VariableEntry>;

export const VolumeEntry = closed(
  {
    external: Type.Optional(
      flagOrMap(
        {
          name: Type.Optional(
            text({
              pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$',
              description: 'Its name, when it is another.',
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
      text({ minLength: 1, maxLength: 255, description: "Docker's volume driver." }),
    ),
    driver_opts: Type.Optional(mapOf(scalar(), { description: 'Options of the driver.' })),
  },
  { description: 'A named volume.', later: laterVolumeKeys },
);

export type VolumeEntry = Type.Static<typeof VolumeEntry>;

/** What is open to the schema of the stack as a whole is checked piece by piece, where its variables are known. */
const open = {
  variables: anything('object'),
  services: anything('object'),
  volumes: anything('object'),
  networks: anything('object'),
};

function anything(type: string) {
  return Type.Optional(Type.Unsafe<unknown>({ type }));
}

const head = {
  stack: Type.Optional(
    text({
      minLength: 1,
      maxLength: 255,
      description: "The stack's own name. Its folder says how it is called in the grid.",
    }),
  ),
  version: Type.Optional(
    text({ maxLength: 64, description: "The stack's version.", default: '0.0.1' }),
  ),
  description: Type.Optional(text({ description: 'What the stack is.' })),
  expose: Type.Optional(
    text({ maxLength: 64, description: 'The service that answers to the name of the stack.' }),
  ),
  meta: Type.Optional(
    mapOf(Type.Unsafe<unknown>({}), { description: 'Anything to know about the stack.' }),
  ),
  labels: Type.Optional(
    list(text({ maxLength: 255, pattern: '^[a-z0-9.-]+=' }), {
      description: 'Labels `name=value` of the stack.',
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
    services: mapOf(ServiceEntry, { keys: nameRule, description: 'The services, by name.' }),
    volumes: Type.Optional(
      mapOf(VolumeEntry, { keys: volumeNameRule, description: 'The named volumes, by name.' }),
    ),
    networks: Type.Optional(
      mapOf(Type.Unsafe<unknown>({}), {
        description: 'No effect: all containers of a grid are in one network.',
      }),
    ),
  },
  { description: 'A stack: services that are deployed together.', later: laterStackKeys },
);

export const StackEntry = closed(
  {
    file: Type.Optional(
      text({
        minLength: 1,
        description:
          'The stack file, relative to this file. By default the folder `stacks/<name>` has it.',
      }),
    ),
    variables: Type.Optional(
      mapOf(scalar(), { description: 'Values of the variables that the stack file declares.' }),
    ),
  },
  { description: 'A stack of this grid.' },
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
  subnet: Type.Optional(
    text({ default: '10.81.0.0/16', description: 'Addresses of the containers, as IPv4 CIDR.' }),
  ),
  trusted_subnets: Type.Optional(
    list(text(), {
      maxItems: 100,
      default: [],
      description: 'Networks between nodes that need no encryption.',
    }),
  ),
  default_affinity: Type.Optional(
    list(text({ maxLength: 1_024 }), {
      maxItems: 100,
      default: [],
      description: 'Affinity of services that have none.',
    }),
  ),
  nodes: Type.Optional(
    mapOf(NodeEntry, {
      keys: nodeNameRule,
      description: 'What is wished of nodes, by name.',
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
            description: 'After this time without an end a deploy has failed.',
          }),
        ),
      },
      { description: 'How deploys are carried out.', later: laterGridDeployKeys },
    ),
  ),
};

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
