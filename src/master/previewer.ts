import type { PullRequest } from '../forge/forge.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { GridPreview, PreviewOutcome } from '../model/preview.ts';
import {
  type AffectedGrid,
  type AffectedPorts,
  affectedGrids,
  sameAffected,
} from './preview-grids.ts';

export interface PreviewerPorts extends AffectedPorts {
  /** Brings what a ref points at into the mirror; `null`: it points at nothing. */
  readonly fetchRef: (ref: string, signal: AbortSignal) => Promise<string | null>;
  readonly merge: (base: string, head: string) => Promise<MergeResult>;
  readonly grid: (affected: AffectedGrid, of: Merged) => Promise<GridPreview>;
}

export interface Merged {
  /** The result. */
  readonly commit: string;
  /** Whose it is to be. */
  readonly head: string;
}

export type MergeResult =
  | { readonly kind: 'merged'; readonly commit: string }
  | { readonly kind: 'conflict'; readonly files: readonly string[] }
  | { readonly kind: 'unrelated' };

/** What a preview was made of. As long as this is the same, the preview holds. */
export interface PreviewBasis {
  readonly head: string;
  readonly base: string;
  /** Somebody who may write has asked for it; only what comes from a fork needs that. */
  readonly isAllowed: boolean;
  readonly kind: PreviewOutcome['kind'];
  readonly affected: readonly AffectedGrid[];
}

export interface Previewed {
  readonly outcome: PreviewOutcome;
  readonly basis: PreviewBasis;
  /** The commit that merging it makes; `null`: none is made. */
  readonly merged: string | null;
  /** The same is known already: only the branch has moved, and in nothing that matters. */
  readonly isKnown: boolean;
  /** Trying again may change it. */
  readonly isPassing: boolean;
}

export interface PreviewWish {
  readonly request: Pick<PullRequest, 'head' | 'ref' | 'isFork'>;
  /** What the branch points at. */
  readonly base: string;
  readonly isAllowed: boolean;
  readonly known: PreviewBasis | null;
  /** Also where nothing but what runs may have changed. */
  readonly isAnew: boolean;
  /** The branch has moved in what is known to be planned for the same head; that is planned anew now. */
  readonly onMoved: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** The most grids that one preview plans. Who changes more with one request has a script, and reads no preview. */
const MOST_GRIDS = 200;

/**
 * What merging a pull request would do, from the result of the merge. Whatever goes wrong is an outcome, too: who waits for
 * the request's status must not wait for ever. Rejects only when the signal is aborted.
 */
export async function previewed(ports: PreviewerPorts, wish: PreviewWish): Promise<Previewed> {
  const { request, isAllowed } = wish;
  if (request.isFork && !isAllowed) return ended(wish, { kind: 'fork' });
  try {
    return await planned(ports, wish);
  } catch (error) {
    wish.signal.throwIfAborted();
    const hint = error instanceof GridError ? (error.hint ?? null) : null;
    const outcome = { kind: 'failed', message: errorMessage(error), hint } as const;
    const isFinal = error instanceof GridError && error.retry === 'never';
    return { ...ended(wish, outcome), isPassing: !isFinal };
  }
}

async function planned(ports: PreviewerPorts, wish: PreviewWish): Promise<Previewed> {
  const { base, known, isAnew } = wish;
  const head = await fetchHead(ports, wish);
  const result = await ports.merge(base, head);
  if (result.kind === 'unrelated') throw unrelated();
  if (result.kind === 'conflict')
    return ended(wish, { kind: 'conflict', files: result.files.slice(0, 100) });
  const affected = await affectedGrids(ports, { base, merged: result.commit });
  const basis = { ...basisOf(wish), kind: 'planned', affected } as const;
  const wasPlanned = known?.kind === 'planned' && known.head === head;
  const isSame = wasPlanned && sameAffected(known.affected, affected);
  const isKnown = !isAnew && isSame;
  if (wasPlanned && !isSame) await wish.onMoved();
  if (affected.length > MOST_GRIDS) throw tooMany(affected.length);
  const grids: GridPreview[] = [];
  for (const one of isKnown ? [] : affected) {
    wish.signal.throwIfAborted();
    grids.push(await ports.grid(one, { commit: result.commit, head }));
  }
  const outcome = { kind: 'planned', grids } as const;
  return { outcome, basis, merged: result.commit, isKnown, isPassing: false };
}

/** The forge's answers and its Git are not of the same moment: what is planned is what it said, or nothing. */
async function fetchHead(ports: PreviewerPorts, wish: PreviewWish): Promise<string> {
  const { ref, head } = wish.request;
  if (ref === null) throw unfetchable();
  const found = await ports.fetchRef(ref, wish.signal);
  if (found === head.sha) return found;
  throw new GridError({
    code: 'repository-unreachable',
    message: `${ref} is at ${found?.slice(0, 7) ?? 'nothing'}, and the pull request says ${head.sha.slice(0, 7)}`,
    hint: 'It is looked at again by itself.',
    retry: 'later',
  });
}

/** What was told of grids for the same head is theirs to be told otherwise, now or later. */
function ended(wish: PreviewWish, outcome: PreviewOutcome): Previewed {
  const { known } = wish;
  const made = basisOf(wish);
  const affected = known?.head === made.head ? known.affected : [];
  const basis = { ...made, kind: outcome.kind, affected };
  const isKnown =
    known !== null && known.head === basis.head && known.kind === basis.kind && isSettled(outcome);
  return { outcome, basis, merged: null, isKnown, isPassing: false };
}

/** An outcome that says no more than its kind. */
function isSettled(outcome: PreviewOutcome): boolean {
  return outcome.kind === 'fork';
}

function basisOf({ request, base, isAllowed }: PreviewWish): Omit<PreviewBasis, 'kind'> {
  return { head: request.head.sha, base, isAllowed, affected: [] };
}

function unrelated(): GridError {
  return new GridError({
    code: 'invalid-request',
    message: 'the pull request and the branch have no commit in common',
    hint: 'Rebase it onto the branch.',
    retry: 'never',
  });
}

function unfetchable(): GridError {
  return new GridError({
    code: 'invalid-request',
    message: "the pull request's commits cannot be fetched from this repository",
    hint: 'Open it from a branch of this repository.',
    retry: 'never',
  });
}

function tooMany(count: number): GridError {
  return new GridError({
    code: 'invalid-request',
    message: `it changes ${count} grids, and one preview plans ${MOST_GRIDS}`,
    hint: 'Make several pull requests of it.',
    retry: 'never',
  });
}
