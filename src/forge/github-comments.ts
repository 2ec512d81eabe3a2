import type { Octokit } from 'octokit';
import { GridError } from '../model/error.ts';
import { createEtagCache, type EtagCache } from './etag-cache.ts';
import type { Forge, OwnComment, PersonsComment, RepositoryName } from './forge.ts';
import type { GithubClient } from './github-client.ts';
import {
  inRepository,
  isNotFound,
  page,
  pagesOf,
  printName,
  type Range,
  requireCreated,
} from './github-pages.ts';
import { isMarked } from './markdown.ts';

interface RawComment {
  readonly id: number;
  readonly body?: string;
  readonly html_url: string;
  readonly issue_url: string;
  readonly user: { readonly login: string; readonly type: string } | null;
  readonly created_at: string;
}

type Comments = Pick<
  Forge,
  'findComment' | 'createComment' | 'updateComment' | 'commentsSince' | 'mayWrite'
>;

export function githubComments(client: GithubClient): Comments {
  const lists = createEtagCache<Range<PersonsComment>>();
  return {
    findComment: async (repository, number, marker) => {
      const login = await client.login();
      return await client.call(
        `comments of ${printName(repository)}#${number}`,
        async (octokit) => await find(octokit, { repository, number, marker, login }),
      );
    },
    createComment: async (repository, number, body) =>
      await client.call(
        `a comment on ${printName(repository)}#${number}`,
        async (octokit) => await create(octokit, { repository, number, body }),
      ),
    updateComment: async (repository, number, of) =>
      await client.call(
        `the comment on ${printName(repository)}#${number}`,
        async (octokit) => await update(octokit, repository, of),
      ),
    commentsSince: async (repository, since) =>
      await client.call(
        `comments of ${printName(repository)}`,
        async (octokit) => await writtenSince(octokit, lists, { repository, since }),
      ),
    mayWrite: async (repository, user) =>
      await client.call(
        `what ${user} may do in ${printName(repository)}`,
        async (octokit) => await mayWrite(octokit, repository, user),
      ),
  };
}

/** Anybody can write a marker: only what these credentials have written counts. */
async function find(
  octokit: Octokit,
  of: {
    readonly repository: RepositoryName;
    readonly number: number;
    readonly marker: string;
    readonly login: string;
  },
): Promise<OwnComment | null> {
  const raw = await pagesOf<RawComment>(async (at) => {
    const list = await octokit.rest.issues.listComments({
      ...inRepository(of.repository),
      issue_number: of.number,
      per_page: 100,
      page: at,
    });
    // Nothing is asked for that would be worth more pages than the one that has it.
    const own = list.data.filter((each) => isOwn(each, of));
    return { items: own, hasMore: own.length === 0 && /rel="next"/.test(list.headers.link ?? '') };
  });
  const oldest = raw[0];
  return oldest === undefined ? null : ownComment(oldest);
}

function isOwn(
  comment: RawComment,
  { marker, login }: { readonly marker: string; readonly login: string },
): boolean {
  const isAuthor = comment.user?.login.toLowerCase() === login.toLowerCase();
  return isAuthor && (comment.body ?? '').startsWith(marker);
}

async function create(
  octokit: Octokit,
  of: { readonly repository: RepositoryName; readonly number: number; readonly body: string },
): Promise<OwnComment> {
  const { data, status } = await octokit.rest.issues.createComment({
    ...inRepository(of.repository),
    issue_number: of.number,
    body: of.body,
  });
  requireCreated(status, 'comment');
  return ownComment(data);
}

async function update(
  octokit: Octokit,
  repository: RepositoryName,
  of: { readonly id: string; readonly body: string },
): Promise<void> {
  try {
    await octokit.rest.issues.updateComment({
      ...inRepository(repository),
      comment_id: Number(of.id),
      body: of.body,
    });
  } catch (error) {
    if (isNotFound(error)) throw new GridError({ code: 'not-found', message: 'it was removed' });
    throw error;
  }
}

/** The forge looks at the time of the last edit, in seconds; what was only edited since is no news. */
async function writtenSince(
  octokit: Octokit,
  lists: EtagCache<Range<PersonsComment>>,
  of: { readonly repository: RepositoryName; readonly since: number },
): Promise<readonly PersonsComment[]> {
  const since = new Date(of.since).toISOString();
  const key = JSON.stringify([of.repository.owner, of.repository.name, since]);
  const all = await pagesOf(
    async (at) =>
      await lists.get(
        `${key} ${at}`,
        async (etag) =>
          await page(async () => {
            const response = await octokit.rest.issues.listCommentsForRepo({
              ...inRepository(of.repository),
              since,
              sort: 'created',
              direction: 'asc',
              per_page: 100,
              page: at,
              ...(etag === null ? {} : { headers: { 'if-none-match': etag } }),
            });
            return { ...response, data: response.data.flatMap(byPerson) };
          }),
      ),
  );
  return all.filter(({ at }) => at >= of.since);
}

/** Comments on mere issues are in the same list. With a person's token what they say themselves is theirs, and counts. */
function byPerson(raw: RawComment): PersonsComment[] {
  const number = /\/pull\/(\d+)/.exec(raw.html_url)?.[1];
  const { user: author, body = '' } = raw;
  if (number === undefined || author === null || author.type === 'Bot' || isMarked(body)) return [];
  return [
    {
      id: String(raw.id),
      number: Number(number),
      author: author.login,
      body,
      at: Date.parse(raw.created_at),
    },
  ];
}

async function mayWrite(
  octokit: Octokit,
  repository: RepositoryName,
  username: string,
): Promise<boolean> {
  try {
    const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({
      ...inRepository(repository),
      username,
    });
    return data.permission === 'admin' || data.permission === 'write';
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function ownComment({ id, body = '', html_url: url }: RawComment): OwnComment {
  return { id: String(id), body, url };
}
