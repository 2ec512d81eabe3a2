import type { CommitStatus } from '../forge/world.ts';
import type { World } from '../support/world.ts';

/**
 * What is wrong with what one commit was told: it gets one verdict, and that is its last word. A status that the forge took
 * without saying so is sent again: the same words twice are one verdict.
 */
export function statusFaults(statuses: readonly CommitStatus[], sha: string): readonly string[] {
  const [short, verdicts] = [sha.slice(0, 7), statuses.filter(isVerdict)];
  const said = [...new Set(verdicts.map(({ state, description }) => `${state}: ${description}`))];
  const last = statuses.at(-1);
  if (last === undefined) return [`${short} was never told anything`];
  if (verdicts.length === 0) return [`${short} still waits: ${last.description}`];
  return [
    ...(said.length === 1 ? [] : [`${short} has ${said.length} verdicts: ${said.join(' / ')}`]),
    ...(isVerdict(last) ? [] : [`${short} waits again after its verdict: ${last.description}`]),
  ];
}

export function statusesOf(world: World, sha: string): readonly CommitStatus[] {
  const context = `gridops/${world.grid}`;
  return world.github.statuses(sha).filter((status) => status.context === context);
}

function isVerdict({ state }: CommitStatus): boolean {
  return state !== 'pending';
}
