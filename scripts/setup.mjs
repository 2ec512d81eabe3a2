import './node-version.mjs';
import path from 'node:path';
import { ensureBuild } from './build.mjs';
import { main, SetupError } from './command.mjs';
import { ensureEngine } from './docker.mjs';
import { ensurePackages } from './packages.mjs';
import { ensureTools } from './tools.mjs';

/**
 * Makes a fresh clone ready: npm packages, build and, with `--engine`, a Docker engine, with `--tools`, what tests need of
 * the distribution. Says only what it does, and does nothing where nothing is missing.
 */
const ROOT = path.resolve(import.meta.dirname, '..');
// `--dev` is what a benchmark asks for; the packages for development are needed for the build in any case.
const KNOWN = ['--engine', '--dev', '--tools'];

await main(async () => {
  const flags = process.argv.slice(2);
  const unknown = flags.find((flag) => !KNOWN.includes(flag));
  if (unknown !== undefined)
    throw new SetupError(`unknown option ${unknown}; known: ${KNOWN.join(', ')}`);
  await ensurePackages(ROOT);
  await ensureBuild(ROOT);
  if (flags.includes('--tools')) ensureTools();
  if (flags.includes('--engine')) await ensureEngine();
});
