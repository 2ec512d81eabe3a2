import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { main, run, SetupError, say } from './command.mjs';
import { exclusively } from './exclusive.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');

/** Makes `dist` the build of the sources as they are; nothing is done where it already is. */
export async function ensureBuild(root) {
  const wanted = sourceDigest(root);
  if (isBuilt(root, wanted)) return;
  await exclusively(path.join(root, '.cache/build.lock'), async () => {
    if (isBuilt(root, wanted)) return;
    say('building dist');
    await build(root, wanted);
  });
}

/**
 * Compiles beside `dist` and swaps the folders at the end: a failed build leaves the old one, and nobody sees half of one.
 */
async function build(root, stamp) {
  const next = path.join(root, `.dist-${process.pid}`);
  const old = `${next}-old`;
  try {
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const args = [tsc, '-p', 'tsconfig.build.json', '--outDir', next];
    // What tsc has to say is on its standard output.
    const stdio = ['ignore', 2, 2];
    if ((await run(process.execPath, args, { cwd: root, stdio })) !== 0)
      throw new SetupError('The build failed; tsc says why above.');
    chmodSync(path.join(next, 'cli/main.js'), 0o755);
    writeFileSync(path.join(next, '.sources'), stamp);
    if (existsSync(path.join(root, 'dist'))) renameSync(path.join(root, 'dist'), old);
    renameSync(next, path.join(root, 'dist'));
  } finally {
    rmSync(next, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

function isBuilt(root, wanted) {
  const stamp = path.join(root, 'dist/.sources');
  const entry = path.join(root, 'dist/cli/main.js');
  return existsSync(entry) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
}

/** By content, not by time: a fresh clone, a switch of branches and a touched file all tell the truth. */
function sourceDigest(root) {
  const hash = createHash('sha256');
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .toSorted();
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  for (const file of [...sources, ...settings.map((name) => path.join(root, name))])
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(() => ensureBuild(ROOT));
