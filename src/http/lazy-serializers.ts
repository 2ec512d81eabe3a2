import { type SerializerFactory, SerializerSelector } from '@fastify/fast-json-stringify-compiler';

/**
 * Compiling what writes the replies of all routes takes half a second, at every start, and of most routes nothing is asked
 * soon: each is compiled when it is first needed.
 */
export function lazySerializers(
  ...of: Parameters<SerializerFactory>
): ReturnType<SerializerFactory> {
  const compile = SerializerSelector()(...of);
  return (route) => {
    let write: ReturnType<typeof compile> | null = null;
    return (reply) => {
      write ??= compile(route);
      return write(reply);
    };
  };
}
