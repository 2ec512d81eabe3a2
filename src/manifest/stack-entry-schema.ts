import Type from 'typebox';
import { anyValue, closed, list, mapOf, text } from './schema-parts.ts';

/** What `grid.yml` says of one stack. */
export const StackEntry = closed(
  {
    file: Type.Optional(
      text({
        minLength: 1,
        description:
          'The stack file, relative to this file. By default the folder `stacks/<name>` has it.',
        examples: ['../../stacks/shop/kontena.yml'],
      }),
    ),
    repository: Type.Optional(
      text({
        minLength: 1,
        maxLength: 2_048,
        description:
          "Another repository that has the stack: its name in the master's settings, or its address there. No other can be used.",
        examples: ['shop'],
      }),
    ),
    ref: Type.Optional(
      text({
        pattern: '^[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}$',
        description:
          "A branch or a tag of that repository, which is followed, or a commit of its branch in full. By default the branch in the master's settings.",
        examples: ['v1.2.3'],
      }),
    ),
    path: Type.Optional(
      text({
        minLength: 1,
        maxLength: 1_024,
        default: 'kontena.yml',
        description:
          'The stack file, from the root of that repository. It can use the files of its own folder.',
        examples: ['deploy/kontena.yml'],
      }),
    ),
    variables: Type.Optional(
      mapOf(anyValue(), {
        description: 'Values of the variables that the stack file declares.',
        examples: [{ domain: 'eu.example.com' }],
      }),
    ),
    profiles: Type.Optional(
      list(text({ minLength: 1, maxLength: 255 }), {
        description: "Compose's profiles that are switched on in this stack.",
        examples: [['debug']],
      }),
    ),
  },
  { description: 'A stack of this grid.' },
);
