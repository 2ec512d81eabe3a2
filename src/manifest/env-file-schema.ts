import Type from 'typebox';
import { choice, flag, text, textOrMap } from './schema-parts.ts';

/** Compose's long form of an item of `env_file`, or the path alone. */
export const EnvFileWish = textOrMap({
  path: text({ minLength: 1, description: 'The file.' }),
  required: Type.Optional(
    flag({ default: true, description: 'Whether it is a problem when the file is not there.' }),
  ),
  format: Type.Optional(
    choice(['raw'], { description: 'Values are taken as they are, with their quotes.' }),
  ),
});
