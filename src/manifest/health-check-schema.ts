import Type from 'typebox';
import { choice, closed, text } from './schema-parts.ts';

export const HealthCheck = closed(
  {
    protocol: choice(['http', 'tcp'], {
      description: 'What is asked: an HTTP request, or only a connection.',
    }),
    port: Type.Integer({
      minimum: 1,
      maximum: 65_535,
      description: 'Port in the container.',
      examples: [8080],
    }),
    uri: Type.Optional(
      text({
        pattern: '^/\\S*$',
        default: '/',
        description: 'Path of the HTTP request; 200 to 399 is healthy, redirects are not followed.',
        examples: ['/health'],
      }),
    ),
    timeout: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 3_600,
        default: 10,
        description: 'Seconds until no answer is a bad answer.',
        examples: [5],
      }),
    ),
    interval: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 86_400,
        default: 60,
        description: 'Seconds from check to check.',
        examples: [15],
      }),
    ),
    initial_delay: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 86_400,
        default: 10,
        description: 'Seconds after the start without checks.',
        examples: [30],
      }),
    ),
    retries: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        default: 3,
        description:
          'So many failures in a row make an instance that serves unhealthy, and one that starts a failure.',
        examples: [5],
      }),
    ),
  },
  {
    description:
      'How the agent finds out whether an instance is healthy. The agent asks, not Docker.',
  },
);
