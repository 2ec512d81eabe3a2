/**
 * How the shape of `given` differs from that of `recorded`: keys that only one of them has, and values of different
 * types. Lists are compared by their first entries. One line for each difference, `path: what`.
 */
export function differences(recorded: unknown, given: unknown, path = ''): readonly string[] {
  if (typeOf(recorded) !== typeOf(given)) {
    return [`${path}: ${typeOf(recorded)} recorded, ${typeOf(given)} given`];
  }
  if (Array.isArray(recorded) && Array.isArray(given)) {
    if (recorded.length === 0 || given.length === 0) return [];
    return differences(recorded[0], given[0], `${path}[]`);
  }
  if (!isObject(recorded) || !isObject(given)) return [];
  const missing = Object.keys(recorded).filter((key) => !(key in given));
  const extra = Object.keys(given).filter((key) => !(key in recorded));
  const shared = Object.keys(recorded).filter((key) => key in given);
  return [
    ...missing.map((key) => `${path}: only recorded: ${key}`),
    ...extra.map((key) => `${path}: only ours: ${key}`),
    ...shared.flatMap((key) => differences(recorded[key], given[key], `${path}.${key}`)),
  ];
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeOf(value) === 'object';
}
