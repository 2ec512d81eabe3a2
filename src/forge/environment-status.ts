import { type Problem, printPosition } from '../model/problem.ts';
import { fit, plain } from './commit-status.ts';
import type { CommitState, CommitStatus, ForgeLimits } from './forge.ts';
import { gridContext } from './plan-status.ts';

/** What has become of the stacks that a pull request runs in a grid. */
export type EnvironmentNews =
  | { readonly kind: 'waiting'; readonly limit: number; readonly requests: readonly number[] }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }
  | { readonly kind: 'running'; readonly message: string }
  | { readonly kind: 'succeeded'; readonly stacks: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string }
  /** It ran something, and has come to want nothing of it. */
  | { readonly kind: 'ended' };

export const ENVIRONMENT_CONTEXT = 'gridops/environment';

/** The status of a request's commit for what it runs in a grid. Pure. Not to be required: a request may run nothing. */
export function environmentStatus(of: {
  readonly grid: string;
  readonly news: EnvironmentNews;
  readonly targetUrl: string | null;
  readonly limits: Pick<ForgeLimits, 'context' | 'description'>;
}): CommitStatus {
  const { grid, news, targetUrl, limits } = of;
  const { state, text, tail = '' } = stateOf(news);
  const context = gridContext(grid, limits, ENVIRONMENT_CONTEXT);
  return { state, context, description: fit(plain(text), tail, limits.description), targetUrl };
}

interface State {
  readonly state: CommitState;
  readonly text: string;
  readonly tail?: string;
}

function stateOf(news: EnvironmentNews): State {
  switch (news.kind) {
    case 'waiting':
      return { state: 'pending', text: waitingText(news) };
    case 'invalid':
      return invalid(news.problems);
    case 'running':
      return {
        state: 'pending',
        text: news.message === '' ? 'being deployed' : `being deployed: ${news.message}`,
      };
    case 'succeeded':
      return { state: 'success', text: `runs: ${news.stacks.join(', ')}` };
    case 'failed':
      return { state: 'failure', text: news.message };
    case 'ended':
      return { state: 'success', text: 'runs nothing: it changes none of these stacks any more' };
  }
}

function waitingText(of: { readonly limit: number; readonly requests: readonly number[] }): string {
  const numbers = of.requests.map((number) => `#${number}`).join(', ');
  return `waits until one of ${numbers} is closed: ${of.limit} at a time`;
}

function invalid(problems: readonly Problem[]): State {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return { state: 'failure', text: 'has errors' };
  const tail = errors.length > 1 ? ` (+${errors.length - 1} more)` : '';
  return { state: 'failure', text: `${printPosition(first.position)} ${first.message}`, tail };
}
