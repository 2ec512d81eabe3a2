import type { EngineHealth } from './containers.ts';

/** What Docker says of the health check that it runs, in its inspections and its listings. */

/** What a check prints may be a page; its beginning says why. */
const MESSAGE_LENGTH = 500;
const verdicts: readonly EngineHealth[] = ['starting', 'healthy', 'unhealthy'];

/** A container whose image has no check to run has no verdict either. */
export function verdictOf(status: string | undefined): EngineHealth | null {
  return verdicts.find((verdict) => verdict === status) ?? null;
}

/** "Up 5 seconds (healthy)", "Up 1 second (health: starting)": a listing says it in words only. */
export function listedHealth(status: string): EngineHealth | null {
  return verdictOf(/\((?:health: )?(\w+)\)$/.exec(status)?.[1]);
}

/** What the last check printed. */
export function lastOutput(log: readonly { readonly Output: string }[] | undefined): string {
  return log?.at(-1)?.Output.trim().slice(0, MESSAGE_LENGTH) ?? '';
}
