import './node-version.mjs';
import path from 'node:path';
import { main, run } from './command.mjs';
import { ensurePackages } from './packages.mjs';

/**
 * `npm run fuzz [-- TIMES]`: the fuzz tests of the manifest language with that many times the runs of `npm test` (50 unless
 * told otherwise, some minutes). A failure prints the seed and the smallest input. The heap is kept small on purpose: input
 * that makes the compiler use more ends the run.
 */
const ROOT = path.resolve(import.meta.dirname, '..');
const HEAP_MIB = 512;

await main(async () => {
  await ensurePackages(ROOT);
  const times = process.argv[2] ?? '50';
  const env = {
    ...process.env,
    FUZZ_TIMES: times,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --max-old-space-size=${HEAP_MIB}`.trim(),
  };
  const vitest = path.join(ROOT, 'node_modules/.bin/vitest');
  process.exitCode = await run(vitest, ['run', '--project', 'unit', 'test/manifest/fuzz'], {
    cwd: ROOT,
    env,
  });
});
