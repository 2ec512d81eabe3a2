import Type from 'typebox';
import { text, textOrMap } from './schema-parts.ts';

export const Extends = textOrMap(
  {
    service: text({ minLength: 1, maxLength: 255, description: 'The service to start from.' }),
    file: Type.Optional(
      text({
        minLength: 1,
        description: 'A kontena.yml or docker-compose.yml, relative to this file.',
      }),
    ),
    stack: Type.Optional(
      text({
        minLength: 1,
        description: 'The same, as Kontena had it for stacks; nothing is fetched from a registry.',
        examples: ['common.yml'],
      }),
    ),
  },
  {
    description:
      'Start from another service. Environment is merged by name, every other key that is written here replaces the one there.',
    examples: [{ file: 'docker-compose.yml', service: 'web' }],
  },
);
