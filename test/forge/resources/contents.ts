import { repositoryOf, userOf } from '../access.ts';
import { announcePush } from '../push-event.ts';
import { notFound, Refusal, unprocessable } from '../refusal.ts';
import {
  isoTime,
  nodeId,
  noReplyAddress,
  repositoryPage,
  repositoryUrl,
  type Shape,
} from '../shapes.ts';
import type { Call, Reply, Repository, Routes } from '../world.ts';
import { unsigned } from './commits.ts';

export const contentRoutes: Routes = {
  'repos/get-content': getContent,
  'repos/create-or-update-file-contents': putContent,
};

interface Entry {
  readonly type: 'file' | 'dir' | 'symlink' | 'submodule';
  readonly sha: string;
  readonly size: number;
  readonly path: string;
}

interface FileUpdate {
  readonly message: string;
  /** base64 */
  readonly content: string;
  readonly branch?: string;
  /** The blob that is replaced. */
  readonly sha?: string;
}

const TYPES: Readonly<Record<string, Entry['type']>> = {
  '040000': 'dir',
  '120000': 'symlink',
  '160000': 'submodule',
};

/** A folder's list, or a file with its content; with the media type `raw` just the content. */
async function getContent(call: Call): Promise<Reply> {
  const repository = repositoryOf(call, { scope: 'contents', level: 'read' });
  const path = (call.parameters['path'] ?? '').replace(/^\/+|\/+$/g, '');
  const ref = call.query.get('ref') ?? repository.defaultBranch;
  const commit = await repository.git.resolve(ref);
  if (commit === null) throw notFound(call.operation.documentation);
  const entry = path === '' ? null : await entryAt(repository, commit, path);
  if (entry === null && path !== '') throw notFound(call.operation.documentation);
  if (entry === null || entry.type === 'dir') {
    const entries = await list(repository, `${commit}:${path}`, path === '' ? '' : `${path}/`);
    return { status: 200, body: entries.map((item) => entryShape(call, repository, ref, item)) };
  }
  const content = await repository.git.bytes('cat-file', 'blob', entry.sha);
  if (/\braw\b/.test(call.accept)) return { status: 200, body: content.toString('utf8') };
  const body = {
    ...entryShape(call, repository, ref, entry),
    content: content.toString('base64').replaceAll(/.{1,60}/g, '$&\n'),
    encoding: 'base64',
  };
  return { status: 200, body };
}

/** Makes a commit of one file, and with it a push. */
async function putContent(call: Call): Promise<Reply> {
  const { world, body } = call;
  const repository = repositoryOf(call, { scope: 'contents', level: 'write' });
  const { path = '' } = call.parameters;
  const { branch = repository.defaultBranch, message, content } = body as unknown as FileUpdate;
  const before = await repository.git.resolve(`refs/heads/${branch}`);
  const earlier = before === null ? null : await entryAt(repository, before, path);
  requireSameBlob(call, path, earlier);
  const actor = userOf(world, call.actor);
  const after = await repository.git.add({
    branch,
    message,
    files: { [path]: Buffer.from(content, 'base64') },
    author: {
      name: actor.login,
      email: noReplyAddress(actor),
      date: isoTime(world.clock.now()),
    },
  });
  await announcePush(world, repository, [{ ref: `refs/heads/${branch}`, before, after }], actor);
  const entry = await entryAt(repository, after, path);
  const reply = {
    content: entry === null ? null : entryShape(call, repository, branch, entry),
    commit: await gitCommitShape(call, repository, after),
  };
  return { status: earlier === null ? 201 : 200, body: reply };
}

function requireSameBlob(call: Call, path: string, earlier: Entry | null): void {
  const { sha: given } = call.body as unknown as FileUpdate;
  if (earlier === null) return;
  if (given === undefined) {
    throw unprocessable(call.operation, 'Invalid request.\n\n"sha" wasn\'t supplied.');
  }
  if (given === earlier.sha) return;
  const documentation_url = call.operation.documentation;
  throw new Refusal(409, { message: `${path} does not match ${given}`, documentation_url });
}

async function entryAt(
  repository: Repository,
  commit: string,
  path: string,
): Promise<Entry | null> {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
  const tree = `${commit}:${folder.replace(/\/$/, '')}`;
  const exists = await repository.git.exists(tree);
  if (!exists) return null;
  const entries = await list(repository, tree, folder);
  return entries.find((entry) => entry.path === path) ?? null;
}

/** `mode type sha size TAB name` for each entry of a tree. */
async function list(
  repository: Repository,
  tree: string,
  folder: string,
): Promise<readonly Entry[]> {
  const output = await repository.git.text('ls-tree', '-z', '-l', tree);
  return output
    .split('\0')
    .filter(Boolean)
    .map((line) => {
      const [mode = '', , sha = '', size = ''] = line.split(/[ \t]+/);
      const name = line.slice(line.indexOf('\t') + 1);
      return {
        type: TYPES[mode] ?? 'file',
        sha,
        size: Number.parseInt(size, 10) || 0,
        path: `${folder}${name}`,
      };
    });
}

function entryShape(call: Call, repository: Repository, ref: string, entry: Entry): Shape {
  const page = repositoryPage(call.world, repository);
  const url = repositoryUrl(call.world, repository);
  const path = encodeURI(entry.path);
  const isFolder = entry.type === 'dir';
  const self = `${url}/contents/${path}?ref=${ref}`;
  const html = `${page}/${isFolder ? 'tree' : 'blob'}/${ref}/${path}`;
  const git = `${url}/git/${isFolder ? 'trees' : 'blobs'}/${entry.sha}`;
  return {
    name: entry.path.split('/').at(-1),
    path: entry.path,
    sha: entry.sha,
    size: entry.size,
    url: self,
    html_url: html,
    git_url: git,
    download_url: isFolder ? null : `${page}/raw/${ref}/${path}`,
    type: entry.type,
    _links: { self, git, html },
  };
}

/** A commit as Git has it, without the accounts that the commits API adds. */
async function gitCommitShape(call: Call, repository: Repository, sha: string): Promise<Shape> {
  const page = repositoryPage(call.world, repository);
  const url = repositoryUrl(call.world, repository);
  const commit = await repository.git.commit(sha);
  return {
    sha,
    node_id: nodeId('Commit', `${repository.id}:${sha}`),
    url: `${url}/git/commits/${sha}`,
    html_url: `${page}/commit/${sha}`,
    author: commit?.author,
    committer: commit?.committer,
    tree: { sha: commit?.tree, url: `${url}/git/trees/${commit?.tree ?? ''}` },
    message: commit?.message,
    parents: (commit?.parents ?? []).map((parent) => ({
      sha: parent,
      url: `${url}/git/commits/${parent}`,
      html_url: `${page}/commit/${parent}`,
    })),
    verification: unsigned(),
  };
}
