import Type from 'typebox';
import { closed, flag, oneOrList, text } from './schema-parts.ts';

const { Optional } = Type;

/** Compose's health check: the engine runs it in the container. */
export const EngineHealthCheck = closed(
  {
    test: Optional(
      oneOrList(text({ maxLength: 131_072 }), {
        description:
          'A shell command, or `[CMD, …]`, `[CMD-SHELL, …]`, `[NONE]`; by default what the image says.',
        examples: [['CMD', 'curl', '-f', 'http://localhost']],
      }),
    ),
    interval: Optional(
      text({ default: '30s', examples: ['30s'], description: 'Time from check to check.' }),
    ),
    timeout: Optional(
      text({
        default: '30s',
        examples: ['5s'],
        description: 'A check that takes longer has failed.',
      }),
    ),
    retries: Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000,
        default: 3,
        examples: [3],
        description: 'So many failures in a row make the instance unhealthy. 0 is the default.',
      }),
    ),
    start_period: Optional(
      text({
        default: '0s',
        examples: ['1m'],
        description: 'Time after the start in which failures do not count.',
      }),
    ),
    start_interval: Optional(
      text({
        default: '5s',
        examples: ['2s'],
        description:
          'Time from check to check in that time. Needs Docker 25; others go by `interval`.',
      }),
    ),
    disable: Optional(flag({ default: false, description: "Switch off the image's own check." })),
  },
  { description: 'How Docker finds out whether an instance is healthy.' },
);
