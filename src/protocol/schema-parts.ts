import Type from 'typebox';

/**
 * The wire shapes of model types, as JSON Schema, are in the `-shape` files, and what the API is asked and answers in the
 * `-api` files; these are their common parts. Unknown fields are tolerated (a newer peer), missing ones are not. `codec` does
 * not compile where what fits a shape does not fit its model type.
 */

export const text = (maxLength: number) => Type.String({ maxLength });
export const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const list = <T extends Type.TSchema>(items: T, maxItems = 1_000) =>
  Type.Array(items, { maxItems });
export const record = Type.Record(Type.String(), text(131_072));
export const count = Type.Integer({ minimum: 0 });

export const Name = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]*$',
});

export const Hash = text(128);
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
export const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
export const instanceId = {
  stack: Name,
  service: Name,
  number: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
};
