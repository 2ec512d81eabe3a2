import Type from 'typebox';
import { choice } from './schema-parts.ts';

const words =
  '`hold` stops its rollout and tries that one again, `rollback` runs the last spec that served.';

/** Of a service. */
export const onFailureKey = {
  on_failure: Type.Optional(
    choice(['hold', 'rollback'], {
      description: `What follows when an instance fails on a new spec: ${words} By default as grid.yml says, and \`hold\` where \`stateful\` is.`,
    }),
  ),
};

/** Of a grid, for services that do not say it. */
export const gridOnFailureKey = {
  on_failure: Type.Optional(
    choice(['hold', 'rollback'], {
      default: 'hold',
      description: `What follows when an instance of a service that does not say it itself fails on a new spec: ${words}`,
    }),
  ),
};
