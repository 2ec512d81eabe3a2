import type { Forge, RepositoryName } from '../forge/forge.ts';
import type { Clock } from '../runtime/clock.ts';

const ASK_AGAIN_MILLISECONDS = 60_000;

/**
 * Whether only those who were let in can read a repository and what is commented there. Asked now and then: it may be opened
 * at any time. Whoever cannot be asked is not trusted with more than everybody may see.
 */
export function createPrivacy(of: {
  readonly forge: Pick<Forge, 'isPrivate'>;
  readonly repository: RepositoryName;
  readonly clock: Clock;
}): () => Promise<boolean> {
  const { forge, repository, clock } = of;
  let known: { readonly at: number; readonly isPrivate: boolean } | null = null;
  return async () => {
    const now = clock.now();
    const age = known === null ? null : now - known.at;
    if (known !== null && age !== null && age >= 0 && age < ASK_AGAIN_MILLISECONDS)
      return known.isPrivate;
    const isPrivate = await forge.isPrivate(repository).catch(() => false);
    known = { at: now, isPrivate };
    return isPrivate;
  };
}
