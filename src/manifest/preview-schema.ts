import Type from 'typebox';
import { nameRule, volumeNameRule } from './names.ts';
import { anyValue, choice, closed, list, mapOf, text } from './schema-parts.ts';

const PreviewedStackEntry = closed(
  {
    when: Type.Optional(
      choice(['changed', 'always'], {
        default: 'changed',
        description:
          'Of which pull requests: of those that change what the stack is made of, or of all.',
      }),
    ),
    variables: Type.Optional(
      mapOf(anyValue(), {
        description:
          "Values of the stack's variables that are others than the grid's. `${PULL_REQUEST}`, `${HEAD}`, `${STACK}` and `${GRID}` stand for the request's number, its commit, what the stack is called, and the grid.",
        examples: [{ domain: 'pr-${PULL_REQUEST}.shop.example.com' }],
      }),
    ),
  },
  { description: 'A stack that runs once more for pull requests.' },
);

/** `previews` of a grid file. */
export const PreviewsEntry = closed(
  {
    stacks: mapOf(PreviewedStackEntry, {
      keys: nameRule,
      description:
        'Stacks of this grid, from this repository. The one of pull request 7 is called `<stack>-pr-7`.',
      examples: [{ web: { when: 'always' } }],
    }),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 200,
        default: 5,
        description: 'How many pull requests may run something at a time. Others wait.',
        examples: [10],
      }),
    ),
    secrets: Type.Optional(
      list(text({ pattern: volumeNameRule.pattern, maxLength: 64 }), {
        maxItems: 200,
        default: [],
        description:
          "Names of values in `secrets.yml` that pull requests may use. Whoever can open one reads them: don't list what is worth something.",
        examples: [['SESSION_KEY']],
      }),
    ),
    url: Type.Optional(
      text({
        maxLength: 1_024,
        pattern: '^https?://[^\\s/][^\\s]*$',
        description:
          'Where people find what runs; the status on the pull request links to it. With the same variables.',
        examples: ['https://pr-${PULL_REQUEST}.shop.example.com'],
      }),
    ),
  },
  { description: 'What runs for pull requests until they are closed.' },
);

export type PreviewsEntry = Type.Static<typeof PreviewsEntry>;
