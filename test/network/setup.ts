import { reasonAgainstRig, withoutRig } from './rig/requirements.ts';

/** Before the network tests: says once why they are skipped. */
export function setup(): void {
  if (withoutRig) process.stderr.write(`network tests skipped: ${reasonAgainstRig()}\n`);
}
