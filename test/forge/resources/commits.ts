import { repositoryOf } from '../access.ts';
import type { GitCommit, GitPerson } from '../bare-repository.ts';
import { Refusal, unprocessable } from '../refusal.ts';
import { nodeId, repositoryPage, repositoryUrl, type Shape, userShape } from '../shapes.ts';
import type { Call, Reply, Repository, Routes, World } from '../world.ts';

export const commitRoutes: Routes = { 'repos/get-commit': getCommit };

interface FileStat {
  readonly path: string;
  readonly blob: string;
  readonly status: 'added' | 'removed' | 'modified';
  readonly additions: number;
  readonly deletions: number;
}

const STATUS = { A: 'added', D: 'removed' } as const;

async function getCommit(call: Call): Promise<Reply> {
  const { world } = call;
  const repository = repositoryOf(call, { scope: 'contents', level: 'read' });
  const { ref = '' } = call.parameters;
  const sha = await repository.git.resolve(ref);
  const commit = sha === null ? null : await repository.git.commit(sha);
  if (commit === null) throw await noCommit(call, repository, ref);
  const files = await fileStats(repository, commit.sha);
  const additions = files.reduce((sum, file) => sum + file.additions, 0);
  const deletions = files.reduce((sum, file) => sum + file.deletions, 0);
  const body = {
    ...commitShape(world, repository, commit),
    stats: { total: additions + deletions, additions, deletions },
    files: files.map((file) => fileShape(world, repository, commit.sha, file)),
  };
  return { status: 200, body };
}

/** A commit as lists have it. */
function commitShape(world: World, repository: Repository, commit: GitCommit): Shape {
  const url = repositoryUrl(world, repository);
  const page = repositoryPage(world, repository);
  return {
    sha: commit.sha,
    node_id: nodeId('Commit', `${repository.id}:${commit.sha}`),
    commit: {
      author: commit.author,
      committer: commit.committer,
      message: commit.message,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      url: `${url}/git/commits/${commit.sha}`,
      comment_count: 0,
      verification: unsigned(),
    },
    url: `${url}/commits/${commit.sha}`,
    html_url: `${page}/commit/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    author: accountOf(world, commit.author),
    committer: accountOf(world, commit.committer),
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/commits/${sha}`,
      html_url: `${page}/commit/${sha}`,
    })),
  };
}

export function unsigned(): Shape {
  return { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null };
}

async function noCommit(call: Call, repository: Repository, ref: string): Promise<Refusal> {
  if ((await repository.git.refs()).size > 0) {
    return unprocessable(call.operation, `No commit found for SHA: ${ref}`);
  }
  const documentation_url = call.operation.documentation;
  return new Refusal(409, { message: 'Git Repository is empty.', documentation_url });
}

function accountOf(world: World, person: GitPerson): Shape | null {
  const login = /^(?:\d+\+)?(.+)@users\.noreply\.github\.com$/.exec(person.email)?.[1];
  const user = login === undefined ? null : world.accounts.find(login);
  return user === null ? null : userShape(world, user);
}

/** `git show` lists each file twice here: `:modes blobs status` and `additions TAB deletions TAB path`. */
async function fileStats(repository: Repository, sha: string): Promise<readonly FileStat[]> {
  const options = ['-z', '--raw', '--numstat', '--no-abbrev', '--no-renames', '--format='];
  const output = await repository.git.text('show', '--diff-merges=first-parent', ...options, sha);
  const tokens = output
    .split('\0')
    .map((token) => token.trimStart())
    .filter(Boolean);
  const raw = tokens.flatMap((token, i) =>
    token.startsWith(':') ? [[token, tokens[i + 1] ?? '']] : [],
  );
  const counts = new Map(
    tokens
      .filter((token) => /^(\d+|-)\t(\d+|-)\t/.test(token))
      .map((token) => token.split('\t'))
      .map(([additions, deletions, ...path]) => [path.join('\t'), { additions, deletions }]),
  );
  return raw.map(([head = '', path = '']) => {
    const [, , before = '', after = '', letter = ''] = head.split(' ');
    const count = counts.get(path);
    return {
      path,
      blob: letter === 'D' ? before : after,
      status: letter === 'A' || letter === 'D' ? STATUS[letter] : 'modified',
      additions: Number.parseInt(count?.additions ?? '', 10) || 0,
      deletions: Number.parseInt(count?.deletions ?? '', 10) || 0,
    };
  });
}

function fileShape(world: World, repository: Repository, sha: string, file: FileStat): Shape {
  const page = repositoryPage(world, repository);
  const path = encodeURI(file.path);
  return {
    sha: file.blob,
    filename: file.path,
    status: file.status,
    additions: file.additions,
    deletions: file.deletions,
    changes: file.additions + file.deletions,
    blob_url: `${page}/blob/${sha}/${path}`,
    raw_url: `${page}/raw/${sha}/${path}`,
    contents_url: `${repositoryUrl(world, repository)}/contents/${path}?ref=${sha}`,
  };
}
