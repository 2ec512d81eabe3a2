import { setTimeout as delay } from 'node:timers/promises';
import type { Branch } from './branch.ts';
import { inject } from './faults.ts';
import type { Scene } from './scene.ts';
import type { PlannedFault, Schedule } from './schedule.ts';
import type { Watch } from './watch.ts';

export interface Stage {
  readonly scene: Scene;
  readonly branch: Branch;
  readonly watch: Watch;
  /** A line for people. */
  readonly say: (line: string) => void;
}

/**
 * Lets a schedule happen: each target has what is done to it one after the other, commits come meanwhile. When it resolves,
 * every fault is mended. Resolves to why faults could not be made. Where one cannot be made or mended for a reason of the run's
 * own, nothing more begins, and it rejects when nothing is under way any more: who takes the scene down has it for himself.
 */
export async function perform(
  stage: Stage,
  { faults, pushes }: Schedule,
): Promise<ReadonlyMap<PlannedFault, string>> {
  const began = Date.now();
  const ending = new AbortController();
  const { signal } = ending;
  const at = async (moment: number) =>
    await delay(Math.max(0, began + moment - Date.now()), undefined, { signal });
  const skipped = new Map<PlannedFault, string>();
  const targets = [...new Set(faults.map(({ target }) => target))];
  const lanes = targets.map(async (target) => {
    for (const fault of faults.filter((one) => one.target === target)) {
      await at(fault.at);
      const reason = await breakAndMend(stage, fault);
      if (reason !== null) skipped.set(fault, reason);
    }
  });
  const commits = async (): Promise<void> => {
    for (const { at: moment, change } of pushes) {
      await at(moment);
      const sha = await stage.branch.push(change);
      stage.say(`commit ${sha.slice(0, 7)}: ${change}`);
    }
  };
  const all = [...lanes, commits()];
  try {
    await Promise.all(all);
  } finally {
    ending.abort();
    await Promise.allSettled(all);
  }
  return skipped;
}

/** Resolves to why it could not be made; `null` when it was. */
async function breakAndMend(stage: Stage, fault: PlannedFault): Promise<string | null> {
  const { scene, watch, say } = stage;
  const name = typeof fault.target === 'number' ? `h${fault.target}: ${fault.kind}` : fault.kind;
  say(`${name}, for ${(fault.lasts / 1_000).toFixed(1)} s`);
  const heal = await inject(scene, fault);
  if (typeof heal !== 'function') {
    say(`${name}: not done, ${heal.reason}`);
    return heal.reason;
  }
  await delay(fault.lasts);
  await heal();
  watch.mended(fault);
  say(`${name}: over`);
  return null;
}
