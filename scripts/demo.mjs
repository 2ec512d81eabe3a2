import './node-version.mjs';
import path from 'node:path';
import { ensureBuild } from './build.mjs';
import { main, run } from './command.mjs';
import { ensureEngine, stopEngine } from './docker.mjs';
import { ensurePackages } from './packages.mjs';

/** `npm run demo`: set-up, the demo until Ctrl-C, and the end of the engine if it was started for this. */
const ROOT = path.resolve(import.meta.dirname, '..');

// The demo gets Ctrl-C from the terminal itself and cleans up; this process has to be there when it has done so.
let child = null;
let stopping = false;
// Ctrl-C also ends whoever reads our output (`npm run demo | tee log`); that must not keep anything from being cleaned up.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
process.on('SIGINT', () => {
  stopping = true;
});
for (const signal of ['SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    stopping = true;
    child?.kill('SIGTERM');
  });

await main(async () => {
  await ensurePackages(ROOT);
  await ensureBuild(ROOT);
  const started = await ensureEngine();
  try {
    if (stopping) return;
    const program = path.join(ROOT, 'dist/cli/main.js');
    const onStart = (demo) => {
      child = demo;
    };
    process.exitCode = await run(process.execPath, [program, 'demo'], { cwd: ROOT, onStart });
  } finally {
    if (started) await stopEngine();
  }
});
