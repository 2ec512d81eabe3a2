import './node-version.mjs';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBuild } from './build.mjs';
import { run, SetupError, say } from './command.mjs';
import { ensureEngine, stopEngine } from './docker.mjs';
import { memoryFolder } from './memory-folder.mjs';
import { ensurePackages } from './packages.mjs';
import { IN_MEMORY, ROUNDS } from './test-rounds.mjs';
import { ensureTools } from './tools.mjs';
import { outcome } from './vitest-report.mjs';

/**
 * `npm test`: set-up, static checks, every test. The last line on standard output is `N passed, N failed`, where a check
 * counts like a test; the exit code is 1 when anything failed or nothing ran. What was started here is ended here.
 */
const ROOT = path.resolve(import.meta.dirname, '..');
const BIN = path.join(ROOT, 'node_modules/.bin');

// Left alone, both colour what they write to a file: Biome always, oxlint in CI.
const plain = !process.stdout.isTTY;
const FORMAT = ['ci', ...(plain ? ['--colors=off'] : []), '.'];
const LINT = [
  ...(plain ? ['--format=stylish'] : []),
  'src',
  'test',
  'scripts',
  'bench',
  'examples',
];

const CHECKS = [
  { name: 'types', command: 'tsc', args: ['--noEmit'] },
  { name: 'format', command: 'biome', args: FORMAT },
  { name: 'lint', command: 'oxlint', args: LINT },
  { name: 'unused', command: 'knip', args: [] },
];

const counts = { passed: 0, failed: 0, skipped: 0 };
const running = new Set();
/** Of this run's own; nothing is left in them. */
const folders = [];
let engineStarted = false;
let interrupted = false;
let startingEngine = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => void interrupt(signal));

try {
  await timed('set-up', prepare);
  await timed('build', runBuild);
  for (const check of CHECKS) await timed(check.name, () => runCheck(check));
  await timed('tests', runTests);
} catch (error) {
  say(error instanceof SetupError ? error.message : error.stack);
  counts.failed += 1;
} finally {
  await endEngine();
  removeFolders();
}
if (counts.skipped > 0) print(`${counts.skipped} skipped`);
print(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);

async function prepare() {
  await ensurePackages(ROOT);
  ensureTools();
  const code = await start(process.execPath, ['scripts/forge-document.mjs']);
  if (code !== 0)
    throw new SetupError('The forge document could not be prepared; the reason stands above.');
  startingEngine = true;
  engineStarted = await ensureEngine();
  startingEngine = false;
  if (interrupted) await leave();
}

async function runBuild() {
  try {
    await ensureBuild(ROOT);
    count({ passed: 1 });
  } catch (error) {
    say(error.message);
    count({ failed: 1 });
    print('build FAILED');
  }
}

async function runCheck(check) {
  const code = await start(path.join(BIN, check.command), check.args);
  count({ failed: code === 0 ? 0 : 1, passed: code === 0 ? 1 : 0 });
  if (code !== 0) print(`${check.name} FAILED`);
}

async function runTests() {
  folders.push(mkdtempSync(path.join(tmpdir(), 'gridops-test-')));
  const [folder] = folders;
  const memory = memoryFolder();
  if (memory !== null) folders.push(memory);
  for (const round of ROUNDS) {
    if (interrupted) return;
    await Promise.all(
      round.map((projects, at) => runProjects(projects, { folder, memory, aside: at > 0 })),
    );
  }
}

/** `aside`: others are on the terminal, so what it says comes when it is over. */
async function runProjects(projects, { folder, memory, aside }) {
  const file = path.join(folder, `${projects.join('-')}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const chosen = projects.map((project) => `--project=${project}`);
  const said = [];
  const inMemory = memory !== null && projects.every((project) => IN_MEMORY.includes(project));
  const code = await start(path.join(BIN, 'vitest'), ['run', ...reporters, ...chosen], {
    said: aside && said,
    env: inMemory ? { ...process.env, TMPDIR: memory } : process.env,
  });
  process.stdout.write(Buffer.concat(said));
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
  count(outcome(report, code));
}

function count({ passed = 0, failed = 0, skipped = 0 }) {
  counts.passed += passed;
  counts.failed += failed;
  counts.skipped += skipped;
}

async function timed(name, work) {
  const began = performance.now();
  await work();
  print(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

/** `said`: takes what it writes, which is on the terminal otherwise. */
async function start(program, args, { said = false, env = process.env } = {}) {
  let own = null;
  const onStart = (child) => {
    own = child;
    running.add(child);
    for (const stream of said ? [child.stdout, child.stderr] : [])
      stream.on('data', (bytes) => said.push(bytes));
  };
  const stdio = said ? ['ignore', 'pipe', 'pipe'] : 'inherit';
  const code = await run(program, args, { cwd: ROOT, env, stdio, onStart });
  running.delete(own);
  return code;
}

async function interrupt(signal) {
  interrupted = true;
  for (const child of running) child.kill(signal);
  // An engine that is on its way up can be ended only when it is up.
  if (!startingEngine) await leave();
}

async function leave() {
  await endEngine();
  removeFolders();
  process.exit(1);
}

async function endEngine() {
  if (!engineStarted) return;
  engineStarted = false;
  await stopEngine();
}

function removeFolders() {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
