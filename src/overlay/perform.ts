import { errorMessage } from '../model/error.ts';
import { type Means, perform } from './deeds.ts';
import { deviceNames } from './names.ts';
import type { Step } from './steps.ts';

/** Steps that need each other. */
type Part = 'guard' | 'isolation' | 'tunnels' | 'fabric';

/** Parts that must not have failed. No port is opened that nothing guards. */
const needs: Readonly<Record<Part, readonly Part[]>> = {
  guard: [],
  isolation: [],
  tunnels: ['tunnels'],
  fabric: ['guard', 'fabric'],
};

/** Without these the rest of their part cannot be done. Of all others each stands for itself. */
const FOUNDATIONS: ReadonlySet<Step['kind']> = new Set([
  'write-rules',
  'make-wireguard',
  'make-vxlan',
]);

const FABRIC: ReadonlySet<Step['kind']> = new Set([
  'make-vxlan',
  'remove-vxlan',
  'join-bridge',
  'add-entry',
  'remove-entry',
]);

/**
 * Does the steps in their order; one that fails does not keep those that do not need it. Resolves to what went wrong: the
 * first is the cause of the others, if there are any.
 */
export async function performAll(
  means: Means,
  steps: readonly Step[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const failures: string[] = [];
  const broken = new Set<Part>();
  for (const step of steps) {
    if (signal.aborted) break;
    const part = partOf(step);
    if (needs[part].some((needed) => broken.has(needed))) continue;
    try {
      await perform(means, step);
    } catch (error) {
      failures.push(errorMessage(error));
      if (FOUNDATIONS.has(step.kind)) broken.add(part);
    }
  }
  return failures;
}

function partOf(step: Step): Part {
  if (step.kind === 'write-rules')
    return step.family === 'ipv4' && step.table === 'filter' ? 'guard' : 'isolation';
  const isOfVxlan = 'device' in step && step.device === deviceNames.vxlan;
  return isOfVxlan || FABRIC.has(step.kind) ? 'fabric' : 'tunnels';
}
