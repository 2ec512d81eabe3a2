import Type from 'typebox';
import { closed, flag, text, textOrMap } from './schema-parts.ts';

const configFile = {
  file: Type.Optional(
    text({ minLength: 1, description: 'A file of the repository, relative to this file.' }),
  ),
  environment: Type.Optional(text({ description: 'Not supported: the repository says it all.' })),
  external: Type.Optional(flag({ description: 'Not supported: the repository says it all.' })),
};

const laterConfigKeys = ['driver', 'driver_opts', 'labels', 'name', 'template_driver'];

export const ConfigEntry = closed(
  {
    ...configFile,
    content: Type.Optional(text({ maxLength: 262_144, description: 'The text of the file.' })),
  },
  { description: 'A file that services can mount.', later: laterConfigKeys },
);

export const SecretEntry = closed(configFile, {
  description: 'A file that services find in /run/secrets. The repository holds it in the clear.',
  later: laterConfigKeys,
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
