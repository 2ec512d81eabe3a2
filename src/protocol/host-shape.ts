import Type from 'typebox';

/** The wire shape of `HostReport`; see schema-parts.ts. Agents cut down what is more or longer. */
export const HOST_BOUNDS = { ports: 10_000, volumes: 10_000, images: 2_000, text: 255 } as const;

const text = Type.String({ maxLength: HOST_BOUNDS.text });

export const HostReport = Type.Object({
  ports: Type.Array(
    Type.Object({
      address: text,
      port: Type.Integer({ minimum: 1, maximum: 65_535 }),
      protocol: Type.Union([Type.Literal('tcp'), Type.Literal('udp'), Type.Literal('sctp')]),
      container: Type.Union([text, Type.Null()]),
      node: Type.Optional(text),
    }),
    { maxItems: HOST_BOUNDS.ports },
  ),
  volumes: Type.Array(text, { maxItems: HOST_BOUNDS.volumes }),
  images: Type.Optional(
    Type.Array(
      Type.Object({ name: text, bytes: Type.Integer({ minimum: 0, maximum: 2 ** 53 - 1 }) }),
      { maxItems: HOST_BOUNDS.images },
    ),
  ),
});
