import Type from 'typebox';
import {
  anyValue,
  choice,
  closed,
  conditionKeys,
  flag,
  list,
  mapOf,
  scalar,
  text,
} from './schema-parts.ts';

export const variableTypes = [
  'string',
  'integer',
  'boolean',
  'enum',
  'uri',
  'array',
  'group',
] as const;

export const digests = ['md5', 'sha1', 'sha256', 'sha384', 'sha512'] as const;

function option<T extends Type.TSchema>(schema: T) {
  return Type.Optional(schema);
}

const ofStrings = {
  empty_is_nil: option(
    flag({
      default: true,
      description:
        'string: blanks only count as no value. array: so does an empty one (default no).',
    }),
  ),
  min_length: option(
    Type.Integer({ minimum: 0, description: 'string: characters at least.', examples: [3] }),
  ),
  max_length: option(
    Type.Integer({ minimum: 0, description: 'string: characters at most.', examples: [64] }),
  ),
  encode_64: option(flag({ description: 'string: in base64.' })),
  decode_64: option(flag({ description: 'string: what it is in base64.' })),
  upcase: option(flag({ description: 'string: in upper-case letters.' })),
  downcase: option(flag({ description: 'string: in lower-case letters.' })),
  strip: option(flag({ description: 'string: without blanks around.' })),
  chomp: option(flag({ description: 'string: without the line break at its end.' })),
  capitalize: option(flag({ description: 'string: with an upper-case first letter.' })),
  hexdigest: option(choice(digests, { description: 'string: its digest, in hexadecimal.' })),
  echo: option(flag({ description: 'string: Kontena asked for it without showing it.' })),
};

const ofNumbers = {
  min: option(Type.Integer({ default: 0, description: 'integer: at least.', examples: [1] })),
  max: option(Type.Integer({ description: 'integer: at most.', examples: [16] })),
  nil_is_zero: option(flag({ default: false, description: 'integer: no value is 0.' })),
};

const ofBooleans = {
  truthy: option(
    list(text(), { description: 'boolean: texts that mean true.', examples: [['yes', 'on']] }),
  ),
  nil_is: option(scalar({ description: 'boolean: what no value means.', examples: [false] })),
  blank_is: option(scalar({ description: 'boolean: what a blank text means.', examples: [false] })),
  true: option(scalar({ description: 'boolean: what is put in for true.', examples: ['on'] })),
  false: option(scalar({ description: 'boolean: what is put in for false.', examples: ['off'] })),
  as: option(
    choice(['boolean', 'string', 'integer', 'true_or_nil'], {
      default: 'boolean',
      description: 'boolean: what it is put in as.',
    }),
  ),
};

const ofOthers = {
  options: option(
    anyValue({
      description:
        'enum: the values that are allowed; a list, a list of maps with `value`, or a map.',
      examples: [['small', 'large']],
    }),
  ),
  can_be_other: option(flag({ default: false, description: 'enum: other values are fine too.' })),
  schemes: option(
    list(text(), {
      default: ['http', 'https'],
      description: 'uri: the schemes that are allowed.',
      examples: [['http', 'https', 'redis']],
    }),
  ),
  split: option(
    text({ default: ',', description: 'array: what a text is split at.', examples: [','] }),
  ),
  join: option(
    scalar({ description: 'array: becomes a text with this between the items.', examples: [','] }),
  ),
  sort: option(flag({ description: 'array: in order.' })),
  uniq: option(flag({ description: 'array: each item once.' })),
  compact: option(flag({ description: 'array: without items that have no value.' })),
  count: option(flag({ description: 'array: becomes the number of its items.' })),
  variables: option(
    anyValue({
      description: 'group: the variables in it, declared in the same way.',
      examples: [{ host: { default: 'db' } }],
    }),
  ),
};

/** One variable of a stack file: opto's option (kontena.md 1.5). */
export const VariableEntry = closed(
  {
    type: option(
      choice(variableTypes, {
        default: 'string',
        description: 'What values are allowed.',
      }),
    ),
    label: option(text({ description: 'Name for people.', examples: ['Domain'] })),
    description: option(
      text({ description: 'What the variable is for.', examples: ['Where the shop is found'] }),
    ),
    required: option(
      flag({ default: true, description: 'Without a value the stack is not deployed.' }),
    ),
    default: option(
      anyValue({
        description: 'Value when nothing else gives one.',
        examples: ['example.com'],
      }),
    ),
    value: option(
      anyValue({
        description: 'Fixed value; only grid.yml can say otherwise.',
        examples: ['example.com'],
      }),
    ),
    from: option(
      anyValue({
        description:
          'Resolvers that give the value when grid.yml does not; the first that has one counts.',
        examples: [{ random_string: 16 }],
      }),
    ),
    generation: option(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'random resolvers: another number gives another value.',
        examples: [2],
      }),
    ),
    to: option(
      anyValue({
        description: 'Another name under which the value is known: `env: NAME`.',
        examples: [{ env: 'DOMAIN' }],
      }),
    ),
    in: option(
      list(scalar(), { description: 'The values that are allowed.', examples: [['a', 'b']] }),
    ),
    validate: option(
      mapOf(anyValue(), {
        description: 'The same limits, in a map of their own.',
        examples: [{ min_length: 3 }],
      }),
    ),
    transform: option(
      anyValue({
        description: 'What is done with a string, as a list of names or a map.',
        examples: [['strip', 'upcase']],
      }),
    ),
    ...conditionKeys(),
    ...ofStrings,
    ...ofNumbers,
    ...ofBooleans,
    ...ofOthers,
  },
  { description: 'A value that differs from grid to grid.' },
);

export type VariableEntry = Type.Static<typeof VariableEntry>;
