import { launch } from '../support/launcher.ts';
import { initRepository, readRefs } from '../support/repository-files.ts';

export interface GitPerson {
  readonly name: string;
  readonly email: string;
  /** ISO 8601 with the author's own time zone. */
  readonly date: string;
}

export interface GitCommit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: GitPerson;
  readonly committer: GitPerson;
  readonly message: string;
  /** Compared with the first parent. */
  readonly changes: readonly { readonly status: 'A' | 'M' | 'D'; readonly path: string }[];
}

/** Text or bytes of an ordinary file, null to remove it, or something with a mode of its own (a symlink, a submodule). */
export type FileChange =
  | string
  | Uint8Array
  | null
  | { readonly mode: '100755' | '120000' | '160000'; readonly content: string };

export interface NewCommit {
  readonly branch: string;
  readonly message: string;
  readonly author: GitPerson;
  readonly files: Readonly<Record<string, FileChange>>;
}

export type Refs = ReadonlyMap<string, string>;

/** A bare repository on disk, asked and changed by the machine's own git. */
export class BareRepository {
  readonly directory: string;
  /** An object never changes and, without garbage collection, never goes. */
  readonly #types = new Map<string, string>();

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Configured to answer as GitHub does. */
  static async create(directory: string, branch: string): Promise<BareRepository> {
    await initRepository(directory, { isBare: true, branch, config: CONFIG });
    return new BareRepository(directory);
  }

  async refs(): Promise<Refs> {
    return await readRefs(this.directory);
  }

  /** The full id of the commit that a branch, tag or unambiguous beginning of an id means; null if there is none. */
  async resolve(revision: string): Promise<string | null> {
    if (revision.startsWith('-')) return null;
    const named = await this.#named(revision);
    if (named !== null && this.#types.get(named) === 'commit') return named;
    const commit = await this.#maybe(
      'rev-parse',
      '--verify',
      '--quiet',
      '--end-of-options',
      `${revision}^{commit}`,
    );
    if (commit !== null) this.#types.set(commit, 'commit');
    return commit;
  }

  /** What it names, looked for in git's order; null for what is neither an id nor a ref. */
  async #named(revision: string): Promise<string | null> {
    if (/^[0-9a-f]{40}$/.test(revision)) return revision;
    const refs = await this.refs();
    const names = ['', 'refs/', 'refs/tags/', 'refs/heads/'].map((folder) => folder + revision);
    return names.map((name) => refs.get(name)).find((oid) => oid !== undefined) ?? null;
  }

  /** `commit`, `tag`, `tree` or `blob`; null for what is no full id of an object here. */
  async objectType(sha: string): Promise<string | null> {
    const known = this.#types.get(sha);
    if (known !== undefined || !/^[0-9a-f]{40}$/.test(sha)) return known ?? null;
    const type = await this.#maybe('cat-file', '-t', sha);
    if (type !== null) this.#types.set(sha, type);
    return type;
  }

  /** Whether git understands `object` (`<commit>:<path>` included) and has it. */
  async exists(object: string): Promise<boolean> {
    return (await this.#maybe('cat-file', '-e', object)) !== null;
  }

  async isAncestor(older: string, newer: string): Promise<boolean> {
    const done = await git(this.directory, ['merge-base', '--is-ancestor', older, newer]);
    return done.code === 0;
  }

  /** Commits of a range in git's own words (`a..b`, `b --not c d`), oldest first, at most `limit` of the newest. */
  async commits(limit: number, ...range: readonly string[]): Promise<readonly GitCommit[]> {
    const options = ['-z', '--name-status', '--no-renames', '--diff-merges=first-parent'];
    const args = ['log', `-${limit}`, ...options, `--format=${FORMAT}`, ...range, '--'];
    const log = await this.text(...args);
    return log.split('\x1e').slice(1).map(parseCommit).toReversed();
  }

  async commit(sha: string): Promise<GitCommit | null> {
    const known = (await this.objectType(sha)) === 'commit';
    return known ? ((await this.commits(1, sha))[0] ?? null) : null;
  }

  /** Adds a commit to a branch, which is made if it is not there yet, and returns the commit's id. */
  async add(change: NewCommit): Promise<string> {
    const ref = `refs/heads/${change.branch}`;
    const parent = await this.resolve(ref);
    await this.#write(['fast-import', '--quiet'], importStream(ref, parent, change));
    return (await this.resolve(ref)) ?? '';
  }

  /** Moves, makes or (with null) deletes a ref, wherever it pointed before. */
  async setRef(ref: string, sha: string | null): Promise<void> {
    await this.text(...(sha === null ? ['update-ref', '-d', ref] : ['update-ref', ref, sha]));
  }

  async text(...args: readonly string[]): Promise<string> {
    return (await this.bytes(...args)).toString('utf8');
  }

  async bytes(...args: readonly string[]): Promise<Buffer> {
    return await this.#write(args, null);
  }

  /** Writes an object as it is given and returns its id. */
  async write(type: 'commit' | 'blob', content: string): Promise<string> {
    const args = ['hash-object', '-w', '-t', type, '--stdin'];
    return (await this.#write(args, Buffer.from(content))).toString('utf8').trim();
  }

  /** What git prints; null when it refuses or fails. */
  async attempt(...args: readonly string[]): Promise<string | null> {
    return await this.#maybe(...args);
  }

  async #write(args: readonly string[], input: Buffer | null): Promise<Buffer> {
    const done = await git(this.directory, args, input);
    if (done.code !== 0) throw new Error(`git ${args.join(' ')}: ${done.stderr.trim()}`);
    return done.stdout;
  }

  async #maybe(...args: readonly string[]): Promise<string | null> {
    const done = await git(this.directory, args);
    return done.code === 0 ? done.stdout.toString('utf8').trim() : null;
  }
}

/** The environment of every git process here: neither the user's nor the machine's configuration may matter. */
function gitEnvironment(): Readonly<Record<string, string>> {
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
  };
}

const CONFIG = `[http]
\treceivepack = true
[uploadpack]
\tallowFilter = true
\tallowAnySHA1InWant = true
[receive]
\thideRefs = refs/pull
`;

/** One record: 0x1e, then fields ended by 0x1f, then the NUL-separated list of --name-status. */
const FORMAT = '%x1e%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%aI%x1f%cn%x1f%ce%x1f%cI%x1f%B%x1f';

async function git(directory: string, args: readonly string[], input: Uint8Array | null = null) {
  const given = input === null ? {} : { input };
  const all = ['--git-dir', directory, ...args];
  const done = await launch({ program: 'git', args: all, env: gitEnvironment(), ...given });
  return { ...done, stderr: done.stderr.toString('utf8') };
}

function parseCommit(record: string): GitCommit {
  const fields = record.split('\x1f');
  const at = (index: number): string => fields[index] ?? '';
  const names = at(10)
    .split('\0')
    .map((token) => token.trimStart())
    .filter(Boolean);
  return {
    sha: at(0),
    tree: at(1),
    parents: at(2).split(' ').filter(Boolean),
    author: { name: at(3), email: at(4), date: at(5) },
    committer: { name: at(6), email: at(7), date: at(8) },
    message: at(9).trimEnd(),
    changes: names.flatMap((status, index) =>
      index % 2 === 0 ? [{ status: changeOf(status), path: names[index + 1] ?? '' }] : [],
    ),
  };
}

/** With renames off git also says T (the type changed), which GitHub counts as modified. */
function changeOf(status: string): 'A' | 'M' | 'D' {
  return status === 'A' || status === 'D' ? status : 'M';
}

function importStream(ref: string, parent: string | null, change: NewCommit): Buffer {
  const person = `${change.author.name} <${change.author.email}> ${rawDate(change.author.date)}`;
  const head = [`commit ${ref}`, `author ${person}`, `committer ${person}`, data(change.message)];
  if (parent !== null) head.push(`from ${parent}`);
  const files = Object.entries(change.files).map(([path, file]) => importFile(path, file));
  return Buffer.concat([Buffer.from(`${head.join('\n')}\n`), ...files]);
}

function importFile(path: string, file: FileChange): Buffer {
  if (file === null) return Buffer.from(`D ${path}\n`);
  if (typeof file !== 'string' && 'mode' in file) {
    return file.mode === '160000'
      ? Buffer.from(`M 160000 ${file.content} ${path}\n`)
      : Buffer.from(`M ${file.mode} inline ${path}\n${data(file.content)}\n`);
  }
  const content = Buffer.from(file);
  return Buffer.concat([
    Buffer.from(`M 100644 inline ${path}\ndata ${content.length}\n`),
    content,
    Buffer.from('\n'),
  ]);
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}`;
}

/** Git's raw format, in UTC. */
export function rawDate(iso: string): string {
  return `${Math.floor(Date.parse(iso) / 1000)} +0000`;
}
