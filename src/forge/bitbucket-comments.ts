import { GridError } from '../model/error.ts';
import { forBitbucket } from './bitbucket-markdown.ts';
import { isNotFound, quoted, type RawList, repositoryPath } from './bitbucket-repository.ts';
import type { Forge, OwnComment, PersonsComment, RepositoryName } from './forge.ts';
import { isMarked } from './markdown.ts';
import { type RestClient, RestRefusal } from './rest-client.ts';
import { listed } from './rest-pages.ts';

interface RawComment {
  readonly id: number;
  readonly content: { readonly raw: string };
  readonly deleted: boolean;
  readonly user: Author | null;
  readonly created_on: string;
  readonly links: { readonly html: { readonly href: string } };
}

interface Author {
  readonly uuid: string;
  /** `app_user`: a program that somebody who administers the repository has let in. */
  readonly type: string;
}

type Comments = Pick<
  Forge,
  'findComment' | 'createComment' | 'updateComment' | 'commentsSince' | 'mayWrite'
>;

const PAGE = 100;
const PULLS_PAGE = 50;

type IsOwn = (author: Author) => boolean;

/**
 * People are known by their UUID: names are neither unique nor lasting. A token of a repository, project or workspace writes
 * as a program, and is not told which one it is (BCLOUD-23528).
 */
export function bitbucketComments(
  client: RestClient,
  { isPerson }: { readonly isPerson: boolean },
): Comments {
  let uuid: string | null = null;
  async function me(): Promise<string> {
    if (uuid !== null) return uuid;
    const { body } = await client.send('who we are at Bitbucket', { path: '/user' });
    uuid = (body as { readonly uuid: string }).uuid;
    return uuid;
  }
  async function own(): Promise<IsOwn> {
    if (!isPerson) return ({ type }) => type === 'app_user';
    const mine = await me();
    return (author) => author.uuid === mine;
  }
  return {
    findComment: async (repository, number, marker) =>
      await find(client, commentsPath(repository, number), { marker, isOwn: await own() }),
    createComment: async (repository, number, text) => {
      const path = commentsPath(repository, number);
      const body = { content: { raw: forBitbucket(text) } };
      const what = `a comment on #${number}`;
      const answer = await client.send(what, { method: 'POST', path, body });
      return ownComment(answer.body as RawComment);
    },
    updateComment: async (repository, number, { id, body }) => {
      const path = `${commentsPath(repository, number)}/${encodeURIComponent(id)}`;
      await update(client, path, { text: body, isGone: isPerson ? isNotFound : isNotOurs });
    },
    commentsSince: async (repository, since) => await writtenSince(client, repository, since),
    mayWrite: async (repository, user) => await mayWrite(client, repository, user),
  };
}

/** The newest: of the programs that have one here, that is the one that the present token stands for. */
async function find(
  client: RestClient,
  path: string,
  of: { readonly marker: string; readonly isOwn: IsOwn },
): Promise<OwnComment | null> {
  const begin = forBitbucket(of.marker);
  const found = await listed(
    async (page) => {
      const { values, next } = await commentsOf(client, path, { page, sort: '-created_on' });
      const items = values.filter(
        ({ user, deleted, content }) =>
          !deleted && user !== null && of.isOwn(user) && content.raw.startsWith(begin),
      );
      return { items, hasMore: next !== undefined };
    },
    (items) => items.length > 0,
  );
  const [newest] = found;
  return newest === undefined ? null : ownComment(newest);
}

async function commentsOf(
  client: RestClient,
  path: string,
  of: { readonly page: number; readonly sort: 'created_on' | '-created_on' },
): Promise<RawList<RawComment>> {
  const query = { ...of, pagelen: PAGE };
  return (await client.send('comments', { path, query })).body as RawList<RawComment>;
}

async function update(
  client: RestClient,
  path: string,
  of: { readonly text: string; readonly isGone: (error: unknown) => boolean },
): Promise<void> {
  try {
    const body = { content: { raw: forBitbucket(of.text) } };
    await client.send('the comment', { method: 'PUT', path, body });
  } catch (error) {
    if (of.isGone(error))
      throw new GridError({
        code: 'not-found',
        message: 'the comment was removed, or is not ours',
      });
    throw error;
  }
}

/** Who is not told which program it is learns by this that another one has written it, as before the token was renewed. */
function isNotOurs(error: unknown): boolean {
  return isNotFound(error) || (error instanceof RestRefusal && error.status === 403);
}

/** There is no list of all comments of a repository; whatever is said on a pull request also changes its time. */
async function writtenSince(
  client: RestClient,
  repository: RepositoryName,
  since: number,
): Promise<readonly PersonsComment[]> {
  const all: PersonsComment[] = [];
  for (const number of await changedSince(client, repository, since)) {
    const path = commentsPath(repository, number);
    const comments = await listed(async (page) => {
      const { values, next } = await commentsOf(client, path, { page, sort: 'created_on' });
      return { items: values, hasMore: next !== undefined };
    });
    all.push(...comments.flatMap((each) => byPerson(each, number)));
  }
  return all.filter(({ at }) => at >= since).toSorted((a, b) => a.at - b.at);
}

async function changedSince(
  client: RestClient,
  repository: RepositoryName,
  since: number,
): Promise<readonly number[]> {
  const path = `${repositoryPath(repository)}/pullrequests`;
  const q = `state = "OPEN" AND updated_on >= ${new Date(since).toISOString()}`;
  return await listed(async (page) => {
    const { values, next } = (
      await client.send('pull requests', { path, query: { q, pagelen: PULLS_PAGE, page } })
    ).body as RawList<{ readonly id: number }>;
    return { items: values.map(({ id }) => id), hasMore: next !== undefined };
  });
}

/** With a person's token what they say themselves is theirs, and counts. */
function byPerson(raw: RawComment, number: number): readonly PersonsComment[] {
  const { id, content, created_on: at, user } = raw;
  if (raw.deleted || user === null || isMarked(content.raw)) return [];
  return [{ id: String(id), number, author: user.uuid, body: content.raw, at: Date.parse(at) }];
}

async function mayWrite(
  client: RestClient,
  { owner, name }: RepositoryName,
  user: string,
): Promise<boolean> {
  const path = `/workspaces/${encodeURIComponent(owner)}/permissions/repositories/${encodeURIComponent(name)}`;
  const query = { q: `user.uuid = ${quoted(user)}` };
  const { body } = await client.send(`what ${user} may do`, { path, query });
  const { values } = body as RawList<{
    readonly permission: string;
    readonly user: { readonly uuid: string };
  }>;
  return values.some(
    (each) => each.user.uuid === user && ['write', 'admin'].includes(each.permission),
  );
}

function commentsPath(repository: RepositoryName, number: number): string {
  return `${repositoryPath(repository)}/pullrequests/${number}/comments`;
}

function ownComment({ id, content, links }: RawComment): OwnComment {
  return { id: String(id), body: content.raw, url: links.html.href };
}
