import { createSignatureCheck } from '../sync/signature-check.ts';
import type { RepositoryPart } from './repository-part.ts';
import { createVerification, type Verification } from './verification.ts';

/** How commits are verified, by the name of their repository: each has its own policies. */
export type Verifications = (repository: string) => Verification;

/** `directory`: where keys and the like are put for the programs that check signatures. */
export function createVerifications(
  parts: readonly RepositoryPart[],
  directory: string,
): Verifications {
  const signatures = createSignatureCheck(directory);
  const made = new Map(
    parts.map(({ name, repository, options }) => {
      const { verify: policies = [] } = options;
      return [name, createVerification({ policies, repository, signatures })] as const;
    }),
  );
  return (name) => made.get(name) ?? unfollowed;
}

/** Of a repository that is not followed any more nothing new is read. */
const unfollowed: Verification = {
  verify: async () => await Promise.resolve(null),
  isWanted: () => false,
};
