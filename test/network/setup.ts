import { reasonAgainstRig, withoutRig } from './rig/requirements.ts';

/** Before the network tests: says once why they are skipped, and ends them where that must not be. */
export function setup(): void {
  const reason = reasonAgainstRig();
  if (reason === null) return;
  if (!withoutRig) throw new Error(`the network tests cannot run: ${reason}`);
  process.stderr.write(`network tests skipped: ${reason}\n`);
}
