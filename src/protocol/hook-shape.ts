import Type from 'typebox';
import { list, nullable, record, text } from './schema-parts.ts';

/** Of one service, all kinds together. */
export const MAX_HOOKS = 200;

export const HookKeys = list(text(300), 10 * MAX_HOOKS);

export const Hook = Type.Object({
  kind: Type.Union([
    Type.Literal('pre-start'),
    Type.Literal('post-start'),
    Type.Literal('pre-stop'),
  ]),
  name: text(255),
  command: list(text(131_072)),
  instances: nullable(list(Type.Integer({ minimum: 1 }))),
  oneshot: Type.Boolean(),
  user: nullable(text(255)),
  privileged: Type.Boolean(),
  workingDirectory: nullable(text(4_096)),
  env: record,
});
