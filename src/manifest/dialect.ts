import type { Outline } from './outline.ts';

/**
 * The languages that a stack may be written in (kontena.md 1.0):
 *
 * - `stack`: Kontena's stack file; with variables and Liquid.
 * - `app`: what "kontena app deploy" took, with its services at the top or, in its second version, below `services`.
 * - `compose`: Docker Compose, in any of its versions.
 */
export type Dialect = 'stack' | 'app' | 'compose';

/** The names under which Docker Compose looks for its file, in its order, and Kontena's own before them. */
export const stackFileNames = [
  'kontena.yml',
  'kontena.yaml',
  'compose.yaml',
  'compose.yml',
  'docker-compose.yml',
  'docker-compose.yaml',
] as const;

/** What Compose lays over its file, in its order. */
export const overrideNames = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
] as const;

/**
 * Which one a file is written in, by its path and what stands at its left. `stack:` decides first: in a file that has it
 * `version` is the stack's own, else it is the format's.
 */
export function dialectOf(path: string, { keys }: Outline): Dialect {
  if (keys.has('stack')) return 'stack';
  if (/(?:^|\/)(?:docker-)?compose[^/]*\.ya?ml$/.test(path)) return 'compose';
  const version = keys.get('version')?.value ?? '';
  if (keys.has('services')) {
    if (version === '2') return 'app';
    return /^(?:[23]\.\d|3)$/.test(version) || keys.has('name') ? 'compose' : 'stack';
  }
  const hasServices = [...keys.values()].some(({ children }) =>
    ['image', 'build', 'extends'].some((key) => children.has(key)),
  );
  return hasServices ? 'app' : 'stack';
}
