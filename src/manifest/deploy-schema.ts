import Type from 'typebox';
import { composeDeployKeys } from './compose-deploy-schema.ts';
import { choice, closed, text } from './schema-parts.ts';

export const Deploy = closed(
  {
    strategy: Type.Optional(
      choice(['ha', 'daemon', 'random'], {
        default: 'ha',
        description:
          'How nodes are chosen: spread over regions, zones and nodes, on every matching node, or any.',
      }),
    ),
    wait_for_port: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 65_535,
        description: 'TCP port that must accept connections before an instance counts as ready.',
        examples: [8080],
      }),
    ),
    min_health: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.8,
        description:
          'Share of the instances that stays healthy during a rollout. 1 is one at a time.',
        examples: [0.5],
      }),
    ),
    interval: Type.Optional(
      text({
        description:
          'Deploy again after this time, changed or not: the same containers, made anew. Stateful services are not.',
        examples: ['1d'],
      }),
    ),
    ...composeDeployKeys,
  },
  { description: 'How instances are placed and rolled out.' },
);
