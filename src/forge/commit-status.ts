import type { DeployPhase } from '../model/deploy.ts';
import { shortDigest } from '../model/digest.ts';
import { type Problem, printPosition } from '../model/problem.ts';
import type { CommitState, CommitStatus } from './forge.ts';

/** What a commit status says about: a deploy, as far as it matters here. */
export interface DeployView {
  readonly phase: DeployPhase;
  readonly done: number;
  readonly total: number;
  /** Why it waits or ended: "removes 4 of 5 instances", "shop/web-1: exited with 1". */
  readonly message: string | null;
  readonly problems: readonly Problem[];
  /** Whose fault a failure without problems is; the workload's unless told. */
  readonly fault?: 'workload' | 'ours';
  /** The newer commit. */
  readonly supersededBy?: string;
  /** The commit changes nothing of this grid. */
  readonly unchanged?: boolean;
}

export interface CommitStatusInput {
  readonly grid: string;
  readonly deploy: DeployView;
  readonly targetUrl: string | null;
}

/** What GitHub takes; it refuses longer ones. */
const MAX_DESCRIPTION = 140;
const MAX_CONTEXT = 255;
/** So that a deep folder does not push the message out. */
const MAX_POSITION = 90;

/**
 * The status that a commit gets for one grid. Pure. A superseded deploy is a `failure`: there is no neutral state, `pending`
 * would hang for ever, and `success` would tell whoever waits for it that this commit is what runs.
 */
export function commitStatus({ grid, deploy, targetUrl }: CommitStatusInput): CommitStatus {
  const { state, text, tail = '' } = verdicts[deploy.phase](deploy);
  return { state, context: contextOf(grid), description: fit(plain(text), tail), targetUrl };
}

interface Verdict {
  readonly state: CommitState;
  readonly text: string;
  /** Comes after `text` and is never cut off. */
  readonly tail?: string;
}

const verdicts: Readonly<Record<DeployPhase, (deploy: DeployView) => Verdict>> = {
  queued: ({ message }) => ({ state: 'pending', text: message ?? 'queued' }),
  planning: () => ({ state: 'pending', text: 'planning' }),
  running: (deploy) => ({ state: 'pending', text: `${progress(deploy)} updated` }),
  held,
  superseded,
  succeeded: (deploy) => firstProblem(deploy) ?? succeeded(deploy),
  failed: (deploy) => firstProblem(deploy) ?? failed(deploy),
};

function held({ message }: DeployView): Verdict {
  const text = message === null ? 'held' : `held: ${message}`;
  return { state: 'pending', text, tail: '; confirm with gridops approve' };
}

function superseded(deploy: DeployView): Verdict {
  const by = deploy.supersededBy?.slice(0, 7) ?? 'a newer commit';
  const after = deploy.total === 0 ? '' : ` after ${progress(deploy)}`;
  return { state: 'failure', text: `superseded by ${by}${after}` };
}

function succeeded(deploy: DeployView): Verdict {
  if (deploy.unchanged === true) return { state: 'success', text: 'no changes for this grid' };
  if (deploy.total === 0) return { state: 'success', text: deploy.message ?? 'nothing to run' };
  return { state: 'success', text: deploy.message ?? `${instances(deploy.total)} running` };
}

/** Also of a deploy that succeeded: the stack with the problem was held back, and nobody must miss that. */
function firstProblem({ problems }: DeployView): Verdict | null {
  const errors = problems.filter((problem) => problem.severity === 'error');
  const first = errors[0];
  if (first === undefined) return null;
  const tail = errors.length === 1 ? '' : ` (+${errors.length - 1} more)`;
  const text = `${position(first)} ${first.message}`;
  const advised = first.hint === undefined ? text : `${text}. ${first.hint}`;
  // Half a piece of advice is none.
  const isShort = plain(advised).length + tail.length <= MAX_DESCRIPTION;
  return { state: 'failure', text: isShort ? advised : text, tail };
}

function failed({ message, fault }: DeployView): Verdict {
  return {
    state: fault === 'ours' ? 'error' : 'failure',
    text: message ?? (fault === 'ours' ? 'internal error' : 'failed'),
  };
}

function progress({ done, total }: DeployView): string {
  return `${done}/${instances(total)}`;
}

function instances(count: number): string {
  return count === 1 ? '1 instance' : `${count} instances`;
}

function position(problem: Problem): string {
  const printed = printPosition(problem.position);
  return printed.length <= MAX_POSITION ? printed : `…${printed.slice(1 - MAX_POSITION)}`;
}

/** A longer one ends in a digest of the whole, so that two long names stay two contexts. */
function contextOf(grid: string): string {
  const context = `gridops/${grid}`;
  if (context.length <= MAX_CONTEXT) return context;
  const mark = `-${shortDigest(grid)}`;
  return context.slice(0, MAX_CONTEXT - mark.length) + mark;
}

/** Not longer than a forge takes. `tail` comes whole. */
export function fit(text: string, tail: string, longest = MAX_DESCRIPTION): string {
  const room = longest - tail.length;
  return (text.length <= room ? text : `${text.slice(0, room - 1).trimEnd()}…`) + tail;
}

/**
 * One line that shows what is there: invisible and direction-changing characters as escapes. GitHub refuses descriptions
 * with characters above U+FFFF ("doesn't accept 4-byte Unicode"), and half a surrogate pair is no text at all.
 */
export function plain(text: string): string {
  return text
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(/[\p{Cs}\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[\p{Cc}\p{Cf}]/gu, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
