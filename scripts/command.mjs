import { spawn, spawnSync } from 'node:child_process';

/**
 * Runs a program to its end, with its output on ours. Resolves to its exit code, or 127 when it could not be started.
 * `onStart` gets the child, so that a caller that is told to stop can pass that on.
 */
export function run(program, args, { onStart = () => undefined, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit', ...options });
    onStart(child);
    child.once('error', (error) => {
      process.stderr.write(`${program}: ${error.message}\n`);
      resolve(127);
    });
    child.once('exit', (code, signal) => resolve(signal === null ? code : 1));
  });
}

/** A short program's trimmed output, or `null` when it failed or does not exist. */
export function ask(program, args) {
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 });
  return done.status === 0 ? done.stdout.trim() : null;
}

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** A fault that a person can mend: its message is all that is shown. */
export class SetupError extends Error {}

/** Runs a script's main function; a `SetupError` becomes plain lines and exit code 1. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    say(error instanceof SetupError ? error.message : error.stack);
    process.exitCode = 1;
  }
}
