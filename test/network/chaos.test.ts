import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { attempt } from './rig/command.ts';
import { withoutRig } from './rig/requirements.ts';

const PROGRAM = fileURLToPath(new URL('../../scripts/chaos.mjs', import.meta.url));
const SEED = 5;
const MINUTES = 0.75;

describe.skipIf(withoutRig)('a grid in which everything breaks that can', () => {
  it('comes back by itself, and every invariant holds', async () => {
    const run = ['--seed', `${SEED}`, '--minutes', `${MINUTES}`];
    const { code, stdout, stderr } = await attempt([process.execPath, PROGRAM, ...run]);
    process.stdout.write(stdout);
    expect(code, `${stdout}\n${stderr}`).toBe(0);
  }, 600_000);
});
