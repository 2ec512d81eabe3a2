import { repositoryOf, userOf } from '../access.ts';
import { announcePush } from '../push-event.ts';
import { notFound, unprocessable } from '../refusal.ts';
import { nodeId, repositoryUrl, type Shape } from '../shapes.ts';
import type { Call, Reply, Repository, Routes } from '../world.ts';

export const refRoutes: Routes = {
  'git/get-ref': getRef,
  'git/list-matching-refs': listMatchingRefs,
  'git/create-ref': createRef,
  'git/update-ref': updateRef,
  'git/delete-ref': deleteRef,
};

async function getRef(call: Call): Promise<Reply> {
  const repository = repositoryOf(call, { scope: 'contents', level: 'read' });
  const ref = namedRef(call);
  const sha = (await repository.git.refs()).get(ref);
  if (sha === undefined) throw notFound(call.operation.documentation);
  return { status: 200, body: await refShape(call, repository, ref, sha) };
}

async function listMatchingRefs(call: Call): Promise<Reply> {
  const repository = repositoryOf(call, { scope: 'contents', level: 'read' });
  const refs = [...(await repository.git.refs())].filter(([ref]) => ref.startsWith(namedRef(call)));
  const body = refs.map(([ref, sha]) => refShape(call, repository, ref, sha));
  return { status: 200, body: await Promise.all(body) };
}

async function createRef(call: Call): Promise<Reply> {
  const repository = repositoryOf(call, { scope: 'contents', level: 'write' });
  const { ref, sha } = call.body as { readonly ref: string; readonly sha: string };
  if (!/^refs\/[^/]+\/./.test(ref)) {
    throw unprocessable(
      call.operation,
      'Reference name must start with refs/ and have two slashes',
    );
  }
  if ((await repository.git.refs()).has(ref)) {
    throw unprocessable(call.operation, 'Reference already exists');
  }
  await requireObject(call, repository, sha);
  const body = await moveRef(call, repository, { ref, before: null, after: sha });
  return { status: 201, body, headers: { location: String(body['url']) } };
}

async function updateRef(call: Call): Promise<Reply> {
  const repository = repositoryOf(call, { scope: 'contents', level: 'write' });
  const { sha, force = false } = call.body as { readonly sha: string; readonly force?: boolean };
  const before = await existing(call, repository);
  await requireObject(call, repository, sha);
  if (!force && !(await repository.git.isAncestor(before, sha))) {
    throw unprocessable(call.operation, 'Update is not a fast forward');
  }
  const change = { ref: namedRef(call), before, after: sha };
  return { status: 200, body: await moveRef(call, repository, change) };
}

async function deleteRef(call: Call): Promise<Reply> {
  const repository = repositoryOf(call, { scope: 'contents', level: 'write' });
  const before = await existing(call, repository);
  const ref = namedRef(call);
  await repository.git.setRef(ref, null);
  const changes = [{ ref, before, after: null }];
  await announcePush(call.world, repository, changes, userOf(call.world, call.actor));
  return { status: 204 };
}

async function moveRef(
  call: Call,
  repository: Repository,
  change: { readonly ref: string; readonly before: string | null; readonly after: string },
): Promise<Shape> {
  await repository.git.setRef(change.ref, change.after);
  await announcePush(call.world, repository, [change], userOf(call.world, call.actor));
  return await refShape(call, repository, change.ref, change.after);
}

async function existing(call: Call, repository: Repository): Promise<string> {
  const sha = (await repository.git.refs()).get(namedRef(call));
  if (sha === undefined) throw unprocessable(call.operation, 'Reference does not exist');
  return sha;
}

async function requireObject(call: Call, repository: Repository, sha: string): Promise<void> {
  if ((await repository.git.objectType(sha)) !== null) return;
  throw unprocessable(call.operation, 'Object does not exist');
}

/** Paths name a ref without `refs/`. */
function namedRef(call: Call): string {
  return `refs/${call.parameters['ref'] ?? ''}`;
}

async function refShape(
  call: Call,
  repository: Repository,
  ref: string,
  sha: string,
): Promise<Shape> {
  const url = repositoryUrl(call.world, repository);
  const type = (await repository.git.objectType(sha)) ?? 'commit';
  return {
    ref,
    node_id: nodeId('Ref', `${repository.id}:${ref}`),
    url: `${url}/git/${ref}`,
    object: { sha, type, url: `${url}/git/${type}s/${sha}` },
  };
}
