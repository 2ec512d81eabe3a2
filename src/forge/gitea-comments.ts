import { GridError } from '../model/error.ts';
import type { Forge, OwnComment, PersonsComment, RepositoryName } from './forge.ts';
import { repositoryPath } from './gitea-repository.ts';
import { isMarked } from './markdown.ts';
import { type RestClient, RestRefusal } from './rest-client.ts';
import { hasNext, listed } from './rest-pages.ts';

interface RawComment {
  readonly id: number;
  readonly body: string;
  readonly html_url: string;
  readonly pull_request_url: string;
  readonly user: { readonly login: string } | null;
  readonly created_at: string;
}

type Comments = Pick<
  Forge,
  'findComment' | 'createComment' | 'updateComment' | 'commentsSince' | 'mayWrite'
>;

const PAGE = 50;

export function giteaComments(client: RestClient): Comments {
  let login: string | null = null;
  async function me(): Promise<string> {
    if (login !== null) return login;
    const { body } = await client.send('who we are at Gitea', { path: '/user' });
    login = (body as { readonly login: string }).login;
    return login;
  }
  return {
    findComment: async (repository, number, marker) =>
      await find(client, commentsPath(repository, number), { marker, login: await me() }),
    createComment: async (repository, number, body) => {
      const path = commentsPath(repository, number);
      const what = `a comment on #${number}`;
      return ownComment((await client.send(what, { method: 'POST', path, body: { body } })).body);
    },
    updateComment: async (repository, _number, of) => await update(client, repository, of),
    commentsSince: async (repository, since) => await writtenSince(client, repository, since),
    mayWrite: async (repository, user) => await mayWrite(client, repository, user),
  };
}

/** All comments of one conversation come in one answer, the oldest first. */
async function find(
  client: RestClient,
  path: string,
  { marker, login }: { readonly marker: string; readonly login: string },
): Promise<OwnComment | null> {
  const { body } = await client.send('comments', { path });
  const own = (body as RawComment[]).find(
    (comment) => comment.user?.login === login && comment.body.startsWith(marker),
  );
  return own === undefined ? null : ownComment(own);
}

async function update(
  client: RestClient,
  repository: RepositoryName,
  { id, body }: { readonly id: string; readonly body: string },
): Promise<void> {
  try {
    const path = `${repositoryPath(repository)}/issues/comments/${encodeURIComponent(id)}`;
    await client.send('the comment', { method: 'PATCH', path, body: { body } });
  } catch (error) {
    if (error instanceof RestRefusal && error.status === 404)
      throw new GridError({ code: 'not-found', message: 'the comment was removed' });
    throw error;
  }
}

/** `since` is about the last edit: what was only edited is no news. */
async function writtenSince(
  client: RestClient,
  repository: RepositoryName,
  since: number,
): Promise<readonly PersonsComment[]> {
  const path = `${repositoryPath(repository)}/issues/comments`;
  const all = await listed(async (page) => {
    const query = { since: new Date(since).toISOString(), limit: PAGE, page };
    const answer = await client.send('comments', { path, query });
    const items = (answer.body as RawComment[]).flatMap(byPerson);
    return { items, hasMore: hasNext(answer) };
  });
  return all.filter(({ at }) => at >= since).toSorted((a, b) => a.at - b.at);
}

/** With a person's token what they say themselves is theirs, and counts. */
function byPerson(raw: RawComment): readonly PersonsComment[] {
  const number = /\/pulls\/(\d+)$/.exec(raw.pull_request_url)?.[1];
  const { id, body, created_at: at, user } = raw;
  if (number === undefined || user === null || isMarked(body)) return [];
  return [{ id: String(id), number: Number(number), author: user.login, body, at: Date.parse(at) }];
}

async function mayWrite(
  client: RestClient,
  repository: RepositoryName,
  user: string,
): Promise<boolean> {
  try {
    const path = `${repositoryPath(repository)}/collaborators/${encodeURIComponent(user)}/permission`;
    const { body } = await client.send(`what ${user} may do`, { path });
    const { permission } = body as { readonly permission: string };
    return ['write', 'admin', 'owner'].includes(permission);
  } catch (error) {
    if (error instanceof RestRefusal && error.status === 404) return false;
    throw error;
  }
}

function commentsPath(repository: RepositoryName, number: number): string {
  return `${repositoryPath(repository)}/issues/${number}/comments`;
}

function ownComment(body: unknown): OwnComment {
  const raw = body as RawComment;
  return { id: String(raw.id), body: raw.body, url: raw.html_url };
}
