import Type from 'typebox';
import { closed, flag, list, mapOrPairs, oneOrList, text } from './schema-parts.ts';

/** More than any service has; what a node runs one after the other has an end. */
const maxHooks = 30;

const name = text({
  minLength: 1,
  maxLength: 255,
  description: 'What the hook is called. A oneshot hook is remembered by it.',
});
const cmd = text({
  minLength: 1,
  maxLength: 32_768,
  description: 'What `/bin/sh -c` runs.',
  examples: ['bin/migrate up'],
});

const Hook = closed({
  name,
  cmd,
  instances: Type.Optional(
    oneOrList(text({ maxLength: 255 }), {
      maxLength: 4_096,
      default: '*',
      description: 'Numbers of the instances that run it, or "*" (with quotes) for all.',
      examples: ['*', 1, [1, 2]],
    }),
  ),
  oneshot: Type.Optional(
    flag({ default: false, description: 'Once in the life of an instance, when it succeeded.' }),
  ),
});

/** What `gridops build` runs; masters and nodes do not. */
export const PreBuildHooks = list(closed({ name, cmd }), {
  maxItems: maxHooks,
  examples: [[{ name: 'assets', cmd: 'make assets' }]],
  description:
    'Before `gridops build` builds the image, on the machine where it is called, in the folder of this file.',
});

export const Hooks = closed(
  {
    pre_build: Type.Optional(PreBuildHooks),
    pre_start: Type.Optional(
      list(Hook, {
        maxItems: maxHooks,
        examples: [[{ name: 'migrate', cmd: 'bin/migrate', oneshot: true }]],
        description:
          'In a container of their own, before a new container of the instance is started; they must succeed.',
      }),
    ),
    post_start: Type.Optional(
      list(Hook, {
        maxItems: maxHooks,
        examples: [[{ name: 'warm', cmd: 'bin/warm-cache' }]],
        description: 'In the container, after each start and before it counts as ready.',
      }),
    ),
    pre_stop: Type.Optional(
      list(Hook, {
        maxItems: maxHooks,
        examples: [[{ name: 'drain', cmd: 'bin/drain' }]],
        description: 'In the container, before it is stopped.',
      }),
    ),
  },
  {
    description: 'Commands that run at certain moments of a container’s life.',
    examples: [{ pre_start: [{ name: 'migrate', cmd: 'bin/migrate up', instances: 1 }] }],
  },
);

const ComposeHook = closed({
  command: oneOrList(text({ maxLength: 32_768 }), {
    minLength: 1,
    maxLength: 32_768,
    description: 'What `/bin/sh -c` runs, or the words of a command.',
  }),
  user: Type.Optional(
    text({ minLength: 1, maxLength: 255, description: 'User; by default the container’s.' }),
  ),
  privileged: Type.Optional(flag({ default: false, description: 'With the rights of the node.' })),
  working_dir: Type.Optional(
    text({ minLength: 1, description: 'Directory; by default the container’s.' }),
  ),
  environment: Type.Optional(mapOrPairs({ description: 'Variables beyond the container’s.' })),
});

/** Compose's spelling of `hooks.post_start` and `hooks.pre_stop`. */
export function composeHooks(description: string) {
  const examples = [[{ command: 'chown -R app /data', user: 'root' }]];
  return list(ComposeHook, { maxItems: maxHooks, description, examples });
}
