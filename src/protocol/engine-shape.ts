import Type from 'typebox';

/** The wire shape of `DiskSpace`. Bytes: more than a double can count exactly no disk has. */
export const DiskSpace = Type.Object({
  free: Type.Number({ minimum: 0 }),
  total: Type.Number({ minimum: 0 }),
});
