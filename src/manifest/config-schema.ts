import Type from 'typebox';
import { closed, type Refusal, text, textOrMap } from './schema-parts.ts';

const configFile = {
  file: Type.Optional(
    text({
      minLength: 1,
      description: 'A file of the repository, relative to this file.',
      examples: ['nginx.conf'],
    }),
  ),
};

/** Compose takes these from outside of the repository. Sealed secrets will be the answer for what must not lie in it. */
function elsewhere(hint: string): Readonly<Record<string, Refusal>> {
  return {
    environment: {
      message:
        'there is no environment that it could come from: a deploy depends on the repository only',
      hint,
    },
    external: {
      message: 'there is nothing outside of the repository that it could come from',
      hint,
    },
  };
}

const laterConfigKeys = ['driver', 'driver_opts', 'labels', 'name', 'template_driver'];

export const ConfigEntry = closed(
  {
    ...configFile,
    content: Type.Optional(
      text({
        maxLength: 262_144,
        description: 'The text of the file; variables are put in.',
        examples: ['made in ${GRID}'],
      }),
    ),
  },
  {
    description: 'A file that services can mount.',
    later: laterConfigKeys,
    refused: elsewhere('Use "file: ./path", relative to this file, or "content".'),
  },
);

export const SecretEntry = closed(configFile, {
  description: 'A file that services find in /run/secrets. The repository holds it in the clear.',
  later: laterConfigKeys,
  refused: elsewhere(
    'Sealed secrets do not exist yet. Use "file: ./path" for what may be read by all who can read the repository, or mount a file of the node.',
  ),
});

const fileUse = {
  target: Type.Optional(text({ minLength: 1, description: 'The path in the container.' })),
  uid: Type.Optional(text({ pattern: '^\\d{1,9}$', description: 'The user who owns it.' })),
  gid: Type.Optional(text({ pattern: '^\\d{1,9}$', description: 'The group that owns it.' })),
  mode: Type.Optional(
    text({ default: '0444', description: 'Permissions, octal.', examples: ['0440'] }),
  ),
};

const source = text({
  minLength: 1,
  maxLength: 255,
  description: 'Its name at the top of the file.',
});

/** One item of a service's `configs`. */
export const ConfigUse = textOrMap({ source, ...fileUse });

const vault = "Kontena's vault, which does not exist here yet.";

/** One item of a service's `secrets`. What Kontena had there is told from what is misspelt. */
export const SecretUse = textOrMap({
  source: Type.Optional(source),
  ...fileUse,
  secret: Type.Optional(text({ description: vault })),
  name: Type.Optional(text({ description: vault })),
  type: Type.Optional(text({ description: vault })),
});
