import './node-version.mjs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuild } from './build.mjs';
import { main, run, SetupError } from './command.mjs';
import { ensurePackages } from './packages.mjs';
import { ensureTools } from './tools.mjs';

/**
 * `npm run chaos [-- --seed N] [--minutes M]`: breaks everything that can break in a grid on real engines, by a plan that
 * follows from the seed, and then looks at whether all is as it must be. Exit code 0: it is. What was printed says the rest.
 *
 * The run has mounts of its own, so that the kernel takes its disks away with it whatever ends it.
 */
const ROOT = path.resolve(import.meta.dirname, '..');
const SELF = fileURLToPath(import.meta.url);
const INSIDE = 'GRIDOPS_CHAOS_INSIDE';
const OWN_MOUNTS = ['--mount', '--propagation', 'private', '--'];

await main(async () => {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, minutes: { type: 'string' } },
  });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
  const minutes = Number(values.minutes ?? 5);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new SetupError('--seed is a whole number');
  if (!(minutes > 0)) throw new SetupError('--minutes is a number above 0');
  process.exitCode =
    process.env[INSIDE] === undefined ? await outside(seed, minutes) : await inside(seed, minutes);
});

async function outside(seed, minutes) {
  await ensurePackages(ROOT);
  ensureTools();
  await ensureBuild(ROOT);
  const document = await run(process.execPath, ['scripts/forge-document.mjs'], { cwd: ROOT });
  if (document !== 0)
    throw new SetupError('The forge document could not be prepared; the reason stands above.');
  const args = [...OWN_MOUNTS, process.execPath, SELF, `--seed=${seed}`, `--minutes=${minutes}`];
  const env = { ...process.env, [INSIDE]: '1' };
  return await run('unshare', args, { cwd: ROOT, env, onStart: passSignalsTo });
}

/** From a terminal it gets them by itself. */
function passSignalsTo(child) {
  for (const signal of ['SIGTERM', 'SIGHUP']) process.once(signal, () => child.kill(signal));
}

async function inside(seed, minutes) {
  const { importTypeScript } = await import('./type-script.mjs');
  const { reasonAgainstRig } = await importTypeScript('test/network/rig/requirements.ts');
  const reason = reasonAgainstRig();
  if (reason !== null) throw new SetupError(`no hosts on this machine: ${reason}`);
  // libfaketime leaves a piece of shared memory for each process that was killed: so these go with the run.
  const mounted = await run('mount', ['-t', 'tmpfs', 'tmpfs', '/dev/shm'], { cwd: ROOT });
  if (mounted !== 0)
    throw new SetupError('/dev/shm could not be mounted; the reason stands above.');
  const { runChaos } = await importTypeScript('test/chaos/run.ts');
  return (await runChaos({ seed, seconds: minutes * 60, say: print })) ? 0 : 1;
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
