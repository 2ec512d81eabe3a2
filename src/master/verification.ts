import { type CommitPolicy, concernsGrid, guardedPaths } from '../model/commit-policy.ts';
import { GridError } from '../model/error.ts';
import type { Problem } from '../model/problem.ts';
import type { CommitInfo, Repository } from '../sync/repository.ts';
import type { SignatureCheck, SignatureVerdict } from '../sync/signature-check.ts';

export interface VerificationOptions {
  readonly policies: readonly CommitPolicy[];
  readonly repository: Pick<
    Repository,
    'commit' | 'content' | 'newestTouching' | 'everyTouching' | 'isAncestor'
  >;
  readonly signatures: SignatureCheck;
}

export interface Verification {
  /** Why a commit may not become what a grid is; `null`: it may. Nothing of the commit's files is read. */
  verify(sha: string, grid: string): Promise<Problem | null>;
  /** Whether commits without a signature are refused for a grid. */
  isWanted(grid: string): boolean;
}

/** Before a commit is read for a grid, its signature is: what a stranger has pushed is not even parsed. */
export function createVerification(options: VerificationOptions): Verification {
  const known = new Map<string, SignatureVerdict>();
  const of = (grid: string) => options.policies.filter((policy) => concernsGrid(policy, grid));
  return {
    isWanted: (grid) => of(grid).length > 0,
    verify: async (sha, grid) => {
      for (const policy of of(grid)) {
        const why = await objection({ ...options, known, policy, sha });
        if (why !== null)
          return { ...why, position: { file: `grids/${grid}`, line: 1, column: 1 } };
      }
      return null;
    },
  };
}

interface Question extends VerificationOptions {
  readonly known: Map<string, SignatureVerdict>;
  readonly policy: CommitPolicy;
  readonly sha: string;
}

type Objection = Omit<Problem, 'position'>;

async function objection(question: Question): Promise<Objection | null> {
  const commits = await commitsToCheck(question);
  if ('message' in commits) return commits;
  for (const commit of commits) {
    const verdict = await verdictOf(question, commit.sha);
    if (verdict.kind === 'bad') return unverified(question.policy, commit, verdict.why);
  }
  return null;
}

async function commitsToCheck({
  repository,
  policy,
  sha,
}: Question): Promise<readonly CommitInfo[] | Objection> {
  const paths = guardedPaths(policy);
  try {
    if (policy.mode === 'head' || policy.seal === null) {
      const newest = await repository.newestTouching(sha, paths);
      // A history without the files is no way to be rid of them.
      if (newest !== null) return [newest];
      return policy.path.split('/')[0] === 'stacks' ? [] : unknownHistory(policy, sha);
    }
    if (!(await repository.isAncestor(policy.seal, sha))) return unsealed(policy, sha);
    return await repository.everyTouching({ newer: sha, older: policy.seal }, paths);
  } catch (error) {
    if (!(error instanceof GridError) || error.retry === 'later') throw error;
    return {
      severity: 'error',
      code: 'commit-unverified',
      message: error.message,
      ...hintOf(error),
    };
  }
}

// Kept by commit and policy for as long as the master runs; keys that change are read by the next one.
const mostKnown = 10_000;

async function verdictOf(
  { known, policy, repository, signatures, policies }: Question,
  sha: string,
): Promise<SignatureVerdict> {
  const key = `${sha} ${policies.indexOf(policy)}`;
  const verdict = known.get(key);
  if (verdict !== undefined) return verdict;
  const content = await repository.content(sha);
  const found = await signatures.check({ content, digits: sha.length }, policy);
  if (known.size >= mostKnown) known.clear();
  // What is bad may be mended without a commit: a key is added, a program is installed.
  if (found.kind === 'good') known.set(key, found);
  return found;
}

function unverified(policy: CommitPolicy, commit: CommitInfo, why: string): Objection {
  const where = policy.path === '' ? 'the repository' : `${policy.path}/`;
  const title = (commit.message.split('\n', 1)[0] ?? '').slice(0, 60);
  return {
    severity: 'error',
    code: 'commit-unverified',
    message: `commit ${commit.sha.slice(0, 12)} of ${commit.author} ("${title}") ${why}; the master wants trusted signatures for ${where}`,
    hint:
      policy.mode === 'head'
        ? 'Push a signed commit that changes it: git commit -S. Or have its key added to those that the master trusts.'
        : 'Sign it (git rebase --exec "git commit --amend --no-edit -S") and push it again, or have the seal moved past it.',
  };
}

function unknownHistory({ path }: CommitPolicy, sha: string): Objection {
  return {
    severity: 'error',
    code: 'commit-unverified',
    message: `no commit in the history of ${sha.slice(0, 12)} has ever changed ${path === '' ? 'grids or stacks' : path}`,
    hint: 'The branch was set to another history, or the policy names another folder.',
  };
}

function unsealed({ seal }: CommitPolicy, sha: string): Objection {
  return {
    severity: 'error',
    code: 'commit-unverified',
    message: `the history of commit ${sha.slice(0, 12)} does not lead to the seal ${seal?.slice(0, 12)}`,
    hint: 'The branch was set to another history. Set it back, or have the seal moved.',
  };
}

function hintOf({ hint }: GridError): { readonly hint?: string } {
  return hint === undefined ? {} : { hint };
}
