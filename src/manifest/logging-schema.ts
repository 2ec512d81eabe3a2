import Type from 'typebox';
import { closed, mapOf, scalar, text } from './schema-parts.ts';

export const Logging = closed(
  {
    driver: Type.Optional(
      text({
        minLength: 1,
        maxLength: 255,
        description: "Docker's log driver; by default the one of the node's engine.",
        examples: ['json-file'],
      }),
    ),
    options: Type.Optional(
      mapOf(scalar(), { description: 'Options of the driver.', examples: [{ 'max-size': '10m' }] }),
    ),
  },
  { description: 'Where the output of the containers goes.' },
);
