/** Why a remote repository has not moved a branch. */
export type PushVerdict =
  | { readonly kind: 'moved' }
  | { readonly kind: 'refused'; readonly why: string };

/** Null when git says nothing of the branch: it did not get that far. */
export function pushVerdict(porcelain: string): PushVerdict | null {
  const line = porcelain.split('\n').find((text) => text.startsWith('!\t'));
  const said = line?.split('\t')[2];
  return said === undefined ? null : verdictOf(said);
}

// Somebody was faster, or is being so.
const raced =
  /stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|already exists/i;

/** What git or a server says of one branch, such as `[remote rejected] (pre-receive hook declined)`. */
export function verdictOf(said: string): PushVerdict {
  if (raced.test(said)) return { kind: 'moved' };
  return { kind: 'refused', why: /\((.*)\)/.exec(said)?.[1] ?? said };
}
