import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GridError } from '../model/error.ts';

/**
 * The demo's stage: a throw-away folder with a grid repository, and the image that it deploys. Everything that is made here
 * is removed by `clear`; containers are found by the demo grid's label, so nothing else on the engine is touched.
 */
export interface Stage {
  readonly directory: string;
  /** The bare repository that the master watches, and the clone that a person works in. */
  readonly origin: string;
  readonly workTree: string;
  clear(): Promise<void>;
}

export const DEMO_GRID = 'demo';
export const DEMO_IMAGE = 'gridops-demo/app:1';

const run = promisify(execFile);
const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));

export async function setStage(): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'gridops-demo-'));
  const origin = join(directory, 'grid-repo.git');
  const workTree = join(directory, 'grid-repo');
  const clear = async (): Promise<void> => {
    try {
      await removeContainers();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  };
  try {
    await refuseSecondDemo();
    await buildImage(join(directory, 'image'));
    await createRepository({ origin, workTree });
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return { directory, origin, workTree, clear };
}

/** Two demos would fight over the same container names and ports. */
async function refuseSecondDemo(): Promise<void> {
  const found = await ownIds('container', ['ls', '--all']);
  if (found.length === 0) return;
  throw new GridError({
    code: 'invalid-request',
    message: `${found.length} containers of a demo are on this engine already`,
    hint: `End the other demo with Ctrl-C, or remove what it left: docker rm -f $(docker ps -aq --filter label=io.kontena.grid.name=${DEMO_GRID})`,
  });
}

/** From this machine's own node and its libraries: no registry is needed, wherever the demo runs. */
async function buildImage(root: string): Promise<void> {
  await mkdir(join(root, 'app'), { recursive: true });
  await mkdir(join(root, 'tmp'), { recursive: true });
  await mkdir(join(root, 'data'), { recursive: true });
  await copy(process.execPath, join(root, 'node'));
  for (const library of await librariesOf(process.execPath))
    await copy(library, join(root, library));
  await copy(join(EXAMPLES, 'demo-app', 'server.mjs'), join(root, 'app', 'server.mjs'));
  const settings = ['ENTRYPOINT ["/node"]', 'CMD ["/app/server.mjs"]', 'WORKDIR /app'];
  const changes = settings.flatMap((setting) => ['--change', setting]);
  await pipe(['tar', '-C', root, '-c', '.'], ['docker', 'import', ...changes, '-', DEMO_IMAGE]);
  await rm(root, { recursive: true, force: true });
}

async function librariesOf(binary: string): Promise<readonly string[]> {
  const { stdout } = await run('ldd', [binary]);
  const paths = [...stdout.matchAll(/(?:=>\s*)?(\/\S+)\s*\(0x/g)].map((match) => match[1] ?? '');
  return paths.filter((path) => path !== '');
}

async function copy(from: string, to: string): Promise<void> {
  await cp(from, to, { dereference: true, recursive: true });
}

async function createRepository(of: { origin: string; workTree: string }): Promise<void> {
  const git = async (...args: string[]) => await run('git', ['-C', of.workTree, ...args]);
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', of.origin]);
  await cp(join(EXAMPLES, 'grid-repo'), of.workTree, { recursive: true });
  await run('git', ['init', '--quiet', '--initial-branch=main', of.workTree]);
  if (!(await knowsAuthor(of.workTree))) {
    await git('config', 'user.name', 'You');
    await git('config', 'user.email', 'you@example.com');
  }
  await git('config', 'commit.gpgsign', 'false');
  await git('remote', 'add', 'origin', of.origin);
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'Run the demo grid');
  await git('push', '--quiet', '--set-upstream', 'origin', 'main');
}

async function knowsAuthor(workTree: string): Promise<boolean> {
  try {
    await run('git', ['-C', workTree, 'config', 'user.email']);
    return true;
  } catch {
    return false;
  }
}

async function removeContainers(): Promise<void> {
  const containers = await ownIds('container', ['ls', '--all']);
  if (containers.length > 0) await run('docker', ['rm', '--force', '--volumes', ...containers]);
  const volumes = await ownIds('volume', ['ls']);
  if (volumes.length > 0) await run('docker', ['volume', 'rm', ...volumes]);
  const networks = await ownIds('network', ['ls']);
  if (networks.length > 0) await run('docker', ['network', 'rm', ...networks]);
  await run('docker', ['image', 'rm', '--force', DEMO_IMAGE]).catch(() => undefined);
}

async function ownIds(kind: string, list: readonly string[]): Promise<readonly string[]> {
  const label = `label=io.kontena.grid.name=${DEMO_GRID}`;
  const { stdout } = await run('docker', [kind, ...list, '--quiet', '--filter', label]);
  return stdout.split('\n').filter((line) => line !== '');
}

async function pipe(from: readonly string[], into: readonly string[]): Promise<void> {
  const [source = '', ...sourceArgs] = from;
  const [sink = '', ...sinkArgs] = into;
  const writer = spawn(source, sourceArgs, { stdio: ['ignore', 'pipe', 'inherit'] });
  const reader = spawn(sink, sinkArgs, { stdio: [writer.stdout, 'ignore', 'pipe'] });
  let complaint = '';
  reader.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-4_000);
  });
  // The reader has the pipe now; as long as this process holds an end of it, neither would be told of the other's end.
  writer.stdout.destroy();
  const [wrote, read] = await Promise.all([exitCode(writer), exitCode(reader)]);
  if (wrote !== 0 || read !== 0)
    throw new GridError({
      code: 'engine-refused',
      message: `${sink} ${sinkArgs[0] ?? ''} failed: ${complaint.trim() || `exit code ${read}`}`,
      hint: 'Check that `docker version` shows a server and that you may use it.',
    });
}

async function exitCode(child: ReturnType<typeof spawn>): Promise<number> {
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}
