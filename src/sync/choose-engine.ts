import { GridError } from '../model/error.ts';
import type { EngineName, GitEngine } from './engine.ts';
import type { EngineOptions } from './engine-options.ts';
import { installGit } from './faults.ts';
import { usableGit } from './git-version.ts';
import { createNativeEngine } from './native.ts';

/**
 * `auto` is the machine's git when there is a recent one, isomorphic-git else.
 * @throws GridError invalid-configuration when `native` is asked for and cannot be had; unsupported-repository.
 */
export async function chooseEngine(
  wish: EngineName | 'auto',
  options: EngineOptions,
): Promise<GitEngine> {
  const version = wish === 'isomorphic' ? null : await usableGit(options.program);
  if (version !== null) return await createNativeEngine(options, version);
  if (wish === 'native') {
    throw new GridError({
      code: 'invalid-configuration',
      message: `git.engine is "native", but there is no git 2.30 or newer at "${options.program}".`,
      hint: installGit,
    });
  }
  // Loaded only where it is needed: it is the largest thing in this folder.
  const { createIsomorphicEngine } = await import('./isomorphic.ts');
  return createIsomorphicEngine(options);
}
