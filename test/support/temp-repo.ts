import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { launch } from './launcher.ts';
import { initRepository, readHead, writeRef } from './repository-files.ts';

export interface WorkRepositoryOptions {
  /** Where `push` goes: a URL or the path of a bare repository. */
  readonly remote?: string;
  /** Default `main`. */
  readonly branch?: string;
  readonly objectFormat?: 'sha1' | 'sha256';
}

/** A real repository with a work tree, driven by the git command with a fixed author. */
export interface WorkRepository {
  readonly directory: string;
  write(path: string, content: string | Uint8Array): Promise<void>;
  link(path: string, target: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Commits everything in the work tree, even if nothing changed. Returns the commit's id. */
  commit(message?: string): Promise<string>;
  /** `write` for each file, then `commit`. */
  commitFiles(
    files: Readonly<Record<string, string | Uint8Array>>,
    message?: string,
  ): Promise<string>;
  /** A new commit that undoes `sha`. Returns its id. */
  revert(sha: string): Promise<string>;
  /** Moves the branch and the work tree to `sha`, forgetting what came after. */
  reset(sha: string): Promise<void>;
  head(): Promise<string>;
  push(): Promise<void>;
  forcePush(): Promise<void>;
  deleteRemoteBranch(): Promise<void>;
  git(...args: readonly string[]): Promise<string>;
  /** Several commands for the price of one process; `args` are `$1` and so on. Fails where one of them does. */
  shell(script: string, ...args: readonly string[]): Promise<string>;
  dispose(): Promise<void>;
}

export async function createWorkRepository(
  options: WorkRepositoryOptions = {},
): Promise<WorkRepository> {
  const directory = await mkdtemp(join(tmpdir(), 'gridops-work-'));
  const branch = options.branch ?? 'main';
  const format = options.objectFormat ?? 'sha1';
  const kept = join(directory, '.git');
  const config = options.remote === undefined ? '' : remoteConfig(options.remote);
  const shared = options.remote?.startsWith('/') === true ? options.remote : null;
  if (shared !== null) await shareObjects(kept, shared);
  await initRepository(kept, { isBare: false, branch, objectFormat: format, config });

  async function write(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }

  async function commit(message = 'a change'): Promise<string> {
    await git(directory, 'add', '--all');
    await git(directory, 'commit', '-q', '--allow-empty', '-m', message);
    return await head();
  }

  async function head(): Promise<string> {
    return (await readHead(kept)) ?? '';
  }

  const refspec = `refs/heads/${branch}:refs/heads/${branch}`;

  return {
    directory,
    write,
    commit,
    head,
    link: async (path, target) => {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await symlink(target, join(directory, path));
    },
    remove: (path) => rm(join(directory, path), { recursive: true }),
    commitFiles: async (files, message) => {
      for (const [path, content] of Object.entries(files)) await write(path, content);
      return await commit(message);
    },
    revert: async (sha) => {
      await git(directory, 'revert', '--no-edit', sha);
      return await head();
    },
    reset: async (sha) => void (await git(directory, 'reset', '-q', '--hard', sha)),
    push: async () => {
      if (shared === null) await git(directory, 'push', '-q', 'origin', refspec);
      else await writeRef(shared, `refs/heads/${branch}`, await head());
    },
    forcePush: async () => {
      if (shared === null) await git(directory, 'push', '-q', '--force', 'origin', refspec);
      else await writeRef(shared, `refs/heads/${branch}`, await head());
    },
    deleteRemoteBranch: async () =>
      void (await git(directory, 'push', '-q', 'origin', `:refs/heads/${branch}`)),
    git: (...args) => git(directory, ...args),
    shell: (script, ...args) => command(directory, 'sh', ['-ec', script, 'sh', ...args]),
    dispose: () => rm(directory, { recursive: true, force: true }),
  };
}

/** With objects in one place a push moves a ref and nothing else: half a dozen processes less, in thousands of pushes. */
async function shareObjects(repository: string, remote: string): Promise<void> {
  await mkdir(repository, { recursive: true });
  await symlink(join(remote, 'objects'), join(repository, 'objects'));
}

function remoteConfig(remote: string): string {
  return `[remote "origin"]\n\turl = ${JSON.stringify(remote)}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`;
}

/** Runs git in `directory`, isolated from the machine's own configuration. Returns what it printed, trimmed. */
export async function git(directory: string, ...args: readonly string[]): Promise<string> {
  return await command(directory, 'git', args);
}

async function command(directory: string, name: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await launch({
    program: name,
    args,
    cwd: directory,
    env: gitEnvironment(),
  });
  if (code === 0) return stdout.toString('utf8').trim();
  throw new Error(`${name} ${args.join(' ')} failed (${code}): ${stderr.toString('utf8')}`);
}

function gitEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    LC_ALL: 'C',
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ada Example',
    GIT_AUTHOR_EMAIL: 'ada@example.com',
    GIT_COMMITTER_NAME: 'Ada Example',
    GIT_COMMITTER_EMAIL: 'ada@example.com',
  };
}
