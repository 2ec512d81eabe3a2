import { chooseFirewall } from './firewall.ts';
import { lookAt } from './look.ts';
import { performAll } from './perform.ts';
import type { Helper } from './ports.ts';
import { stepsTowards } from './steps.ts';
import type { Tools } from './tools.ts';

/** A helper that has just been ended may still hold its device. */
const ATTEMPTS = 3;

/**
 * Takes everything of the overlay off this host but Docker's network; what is not there is fine. Rejects when something is
 * left after all. Nobody may be making it at the same time.
 */
export async function takeOverlayAway(tools: Tools, helper: Helper): Promise<void> {
  const firewall = await chooseFirewall(tools);
  const unwatched = new AbortController().signal;
  let failures: readonly string[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const seen = await lookAt(tools, firewall, () => undefined);
    const steps = stepsTowards(null, seen, new Map());
    if (steps.length === 0) return;
    failures = await performAll({ tools, helper, firewall, keyFile: '' }, steps, unwatched);
  }
  if (failures[0] !== undefined)
    throw new Error(`the overlay cannot be taken away: ${failures[0]}`);
}
