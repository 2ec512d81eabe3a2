import Type from 'typebox';
import { choice, closed, flag } from './schema-parts.ts';

/** What Compose says of one service in `depends_on`. */
export const DependencyCondition = closed({
  condition: Type.Optional(
    choice(['service_started', 'service_healthy', 'service_completed_successfully'], {
      default: 'service_started',
      description:
        'Started or healthy: either way it has to be ready first. A service that has to complete is a job.',
    }),
  ),
  restart: Type.Optional(flag({ default: false, description: 'No effect when it is true.' })),
  required: Type.Optional(
    flag({ default: true, description: 'When it is false, the service need not be there.' }),
  ),
});
