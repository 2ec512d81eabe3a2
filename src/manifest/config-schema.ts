import Type from 'typebox';
import { choice, closed, flagOrMap, type Refusal, text, textOrMap } from './schema-parts.ts';

const configFile = {
  file: Type.Optional(
    text({
      minLength: 1,
      description: 'A file of the repository, relative to this file.',
      examples: ['nginx.conf'],
    }),
  ),
};

/** Compose takes this from outside of the repository. */
function noEnvironment(hint: string): Readonly<Record<string, Refusal>> {
  const message =
    'there is no environment that it could come from: a deploy depends on the repository only';
  return { environment: { message, hint } };
}

const notExternal: Readonly<Record<string, Refusal>> = {
  external: {
    message: 'there is nothing outside of the repository that it could come from',
    hint: 'Use "file: ./path", relative to this file, or "content"; a secret can be sealed.',
  },
};

const laterSecretKeys = ['driver', 'driver_opts', 'labels', 'template_driver'];
const laterConfigKeys = [...laterSecretKeys, 'name'];

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
    people: Type.Optional(
      text({
        minLength: 1,
        description:
          'A people.yml as `gridops vpn` writes it, relative to this file: mounted as the table that the VPN server reads.',
        examples: ['people.yml'],
      }),
    ),
  },
  {
    description: 'A file that services can mount.',
    later: laterConfigKeys,
    refused: {
      ...notExternal,
      ...noEnvironment('Use "file: ./path", relative to this file, or "content".'),
    },
  },
);

const sealedName = text({
  minLength: 1,
  maxLength: 128,
  description: 'What the grid has sealed it under, when that is another name.',
  examples: ['shop-db-password'],
});

export const SecretEntry = closed(
  {
    file: Type.Optional(
      text({
        minLength: 1,
        description: 'A file of the repository, relative to this file: in the clear.',
        examples: ['token.txt'],
      }),
    ),
    external: Type.Optional(
      flagOrMap(
        { name: Type.Optional(sealedName) },
        {
          default: false,
          description: 'Its value is sealed in the grid: `gridops secret seal`.',
          examples: [true],
        },
      ),
    ),
    name: Type.Optional(sealedName),
  },
  {
    description: 'A file that services find in /run/secrets.',
    later: laterSecretKeys,
    refused: noEnvironment('Seal it, "gridops secret seal GRID NAME", and write "external: true".'),
  },
);

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

/**
 * One item of a service's `secrets`: in Compose's form a file, in Kontena's (`secret`, `name`, `type`) a variable of the
 * environment.
 */
export const SecretUse = textOrMap({
  source: Type.Optional(source),
  ...fileUse,
  secret: Type.Optional(
    text({
      minLength: 1,
      maxLength: 128,
      description: 'What the grid has sealed it under, or a variable is written to (`to: vault`).',
      examples: ['shop-db-password'],
    }),
  ),
  name: Type.Optional(
    text({
      minLength: 1,
      maxLength: 255,
      description:
        'The variable of the environment; several of the same name stand on a line each.',
      examples: ['DB_PASSWORD'],
    }),
  ),
  type: Type.Optional(choice(['env'], { default: 'env', description: 'Always the environment.' })),
});

/** One item of a service's `certificates`. */
export const CertificateUse = closed({
  subject: text({
    minLength: 1,
    maxLength: 255,
    description: 'The domain that it is for.',
    examples: ['www.example.com'],
  }),
  name: Type.Optional(
    text({
      minLength: 1,
      maxLength: 255,
      default: 'SSL_CERTS',
      description:
        'The variable of the environment; several of the same name stand on a line each.',
      examples: ['SSL_CERTS'],
    }),
  ),
  type: Type.Optional(choice(['env'], { default: 'env', description: 'Always the environment.' })),
});
