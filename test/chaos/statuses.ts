import type { CommitStatus } from '../forge/world.ts';
import type { World } from '../support/world.ts';

type Told = Pick<CommitStatus, 'state' | 'description'>;

/**
 * What is wrong with what one commit was told: it gets one verdict, and a verdict is its last word. A status that the forge
 * took without saying so is sent again: the same words twice are one verdict. A failure whose cause went away may become a
 * success, as it does where an engine was broken for a while.
 */
export function statusFaults(statuses: readonly Told[], sha: string): readonly string[] {
  const [short, last] = [sha.slice(0, 7), statuses.at(-1)];
  if (last === undefined) return [`${short} was never told anything`];
  const verdicts = statuses.filter(isVerdict);
  if (verdicts.length === 0) return [`${short} still waits: ${last.description}`];
  if (!isVerdict(last)) return [`${short} waits again after its verdict: ${last.description}`];
  const said = [...new Set(verdicts.map(({ state, description }) => `${state}: ${description}`))];
  const recovered = said.length === 2 && verdicts[0]?.state === 'failure';
  const isOne = said.length === 1 || (recovered && last.state === 'success');
  return isOne ? [] : [`${short} has ${said.length} verdicts: ${said.join(' / ')}`];
}

export function statusesOf(world: World, sha: string): readonly CommitStatus[] {
  const context = `gridops/${world.grid}`;
  return world.github.statuses(sha).filter((status) => status.context === context);
}

function isVerdict({ state }: Told): boolean {
  return state !== 'pending';
}
