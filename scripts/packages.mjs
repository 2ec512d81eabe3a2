import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ask, run, SetupError, say } from './command.mjs';
import { canInstall, install } from './debian.mjs';
import { exclusively } from './exclusive.mjs';

/** What better-sqlite3 needs where no ready-made build of it can be downloaded: command → Debian package. */
const COMPILER = { python3: 'python3', make: 'make', 'g++': 'g++' };

/**
 * Makes `node_modules` hold what package-lock.json says, built for this Node. Nothing is done where the stamp in
 * `node_modules/.gridops-lock` says so already.
 */
export async function ensurePackages(root) {
  const wanted = stampOf(root);
  if (readStamp(root) === wanted) return;
  await exclusively(path.join(root, '.cache/setup.lock'), async () => {
    if (readStamp(root) === wanted) return;
    await bringTo(root, wanted);
  });
}

async function bringTo(root, wanted) {
  if (!isInstalled(root)) {
    say('installing npm packages (a minute or two where better-sqlite3 has to be compiled)');
    await npm(root, ['ci', '--include=dev', '--no-fund', '--no-audit']);
  } else if (!databaseLoads(root)) {
    say('building better-sqlite3 for this Node');
    await npm(root, ['rebuild', 'better-sqlite3']);
  }
  if (!databaseLoads(root)) throw new SetupError(compilerAdvice());
  writeFileSync(stampFile(root), wanted);
}

/** Where it fails for want of a compiler that may be installed, it is tried once more. */
async function npm(root, args) {
  if ((await runNpm(root, args)) === 0) return;
  const missing = missingCompiler();
  if (missing.length === 0 || !canInstall()) throw new SetupError(compilerAdvice());
  install(missing.map((command) => COMPILER[command]));
  if ((await runNpm(root, args)) !== 0) throw new SetupError(compilerAdvice());
}

function runNpm(root, args) {
  const stdio = ['ignore', 'ignore', 'inherit'];
  return run('npm', [...args, '--loglevel=error'], { cwd: root, env: withHeaders(), stdio });
}

/**
 * node-gyp downloads Node's headers from nodejs.org; where they lie beside this very Node it can do without.
 * A `nodedir` that someone has configured is left alone. `JOBS` is how many compilers make runs at once.
 */
function withHeaders() {
  const env = { JOBS: 'max', ...process.env };
  const configured = env.npm_config_nodedir ?? ask('npm', ['config', 'get', 'nodedir']);
  if (configured && configured !== 'undefined' && configured !== 'null') return env;
  const prefix = path.resolve(path.dirname(process.execPath), '..');
  const version = readIfThere(path.join(prefix, 'include/node/node_version.h')) ?? '';
  const [major, minor] = process.versions.node.split('.');
  const same =
    version.includes(`#define NODE_MAJOR_VERSION ${major}\n`) &&
    version.includes(`#define NODE_MINOR_VERSION ${minor}\n`);
  return same ? { ...env, npm_config_nodedir: prefix } : env;
}

/** Does npm's own record of node_modules equal the lock file? Then someone has run npm by hand, and that is fine. */
function isInstalled(root) {
  const record = readIfThere(path.join(root, 'node_modules/.package-lock.json'));
  if (record === null) return false;
  const installed = JSON.parse(record).packages;
  const locked = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(locked).every(
    ([name, entry]) =>
      name === '' ||
      installed[name]?.version === entry.version ||
      (entry.optional && !installed[name]),
  );
}

/** In a process of its own: an addon that was built for another Node can take the process down. */
function databaseLoads(root) {
  const script = `new (require(${JSON.stringify(path.join(root, 'node_modules/better-sqlite3'))}))(':memory:')`;
  return ask(process.execPath, ['-e', script]) !== null;
}

function compilerAdvice() {
  const missing = missingCompiler();
  const lines = ['The npm packages could not be installed; npm says why above.'];
  if (missing.length > 0)
    lines.push(
      `better-sqlite3 had to be compiled, and this is missing: ${missing.join(', ')}. ` +
        'On Debian or Ubuntu: apt-get install python3 make g++',
    );
  else
    lines.push(
      'If it was better-sqlite3: compiling it needs python3, make, g++ and the headers of this Node ' +
        '(from nodejs.org, or set npm_config_nodedir to the folder that holds include/node).',
    );
  return lines.join('\n');
}

function missingCompiler() {
  return Object.keys(COMPILER).filter((command) => ask('which', [command]) === null);
}

function stampOf(root) {
  const lock = readFileSync(path.join(root, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex');
  return `${digest} ${process.platform}-${process.arch} abi-${process.versions.modules}\n`;
}

function readStamp(root) {
  return existsSync(path.join(root, 'node_modules/better-sqlite3'))
    ? readIfThere(stampFile(root))
    : null;
}

function stampFile(root) {
  return path.join(root, 'node_modules/.gridops-lock');
}

function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
