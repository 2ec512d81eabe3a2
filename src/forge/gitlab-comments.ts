import { GridError } from '../model/error.ts';
import type { Forge, OwnComment, PersonsComment, RepositoryName } from './forge.ts';
import { projectPath, refusedWith, withoutQuickActions } from './gitlab-project.ts';
import { isMarked } from './markdown.ts';
import type { RestClient } from './rest-client.ts';
import { hasNext, listed } from './rest-pages.ts';

interface RawNote {
  readonly id: number;
  readonly body: string;
  readonly system: boolean;
  readonly author: { readonly username: string; readonly bot?: boolean };
  readonly created_at: string;
  readonly noteable_type?: string;
  readonly noteable_iid?: number | null;
}

type Comments = Pick<
  Forge,
  'findComment' | 'createComment' | 'updateComment' | 'commentsSince' | 'mayWrite'
>;

const DAY = 24 * 60 * 60 * 1_000;
/** The least that may push. */
const DEVELOPER = 30;

export function gitlabComments(client: RestClient, baseUrl: string): Comments {
  let login: string | null = null;
  async function me(): Promise<string> {
    if (login !== null) return login;
    const { body } = await client.send('who we are at GitLab', { path: '/user' });
    login = (body as { readonly username: string }).username;
    return login;
  }
  const own = (repository: RepositoryName, number: number, note: RawNote): OwnComment => ({
    id: String(note.id),
    body: note.body,
    url: `${pageOf(baseUrl, repository)}/-/merge_requests/${number}#note_${note.id}`,
  });
  return {
    findComment: async (repository, number, marker) => {
      const note = await find(client, notesPath(repository, number), { marker, login: await me() });
      return note === null ? null : own(repository, number, note);
    },
    createComment: async (repository, number, text) => {
      const answer = await client.send(`a comment on !${number}`, {
        method: 'POST',
        path: notesPath(repository, number),
        body: { body: withoutQuickActions(text) },
      });
      return own(repository, number, answer.body as RawNote);
    },
    updateComment: async (repository, number, { id, body }) =>
      await update(client, `${notesPath(repository, number)}/${encodeURIComponent(id)}`, body),
    commentsSince: async (repository, since) => await writtenSince(client, repository, since),
    mayWrite: async (repository, user) => await mayWrite(client, repository, user),
  };
}

async function find(
  client: RestClient,
  path: string,
  { marker, login }: { readonly marker: string; readonly login: string },
): Promise<RawNote | null> {
  const found = await listed(
    async (page) => {
      const query = { sort: 'asc', order_by: 'created_at', per_page: 100, page };
      const answer = await client.send('comments', { path, query });
      const items = (answer.body as RawNote[]).filter(
        (note) => !note.system && note.author.username === login && note.body.startsWith(marker),
      );
      return { items, hasMore: hasNext(answer) };
    },
    (items) => items.length > 0,
  );
  return found[0] ?? null;
}

async function update(client: RestClient, path: string, text: string): Promise<void> {
  try {
    const body = { body: withoutQuickActions(text) };
    await client.send('the comment', { method: 'PUT', path, body });
  } catch (error) {
    if (refusedWith(error, 404))
      throw new GridError({ code: 'not-found', message: 'the comment was removed' });
    throw error;
  }
}

/** What was said on whatever; GitLab has no list of all comments of a project, but one of what happened since a day. */
async function writtenSince(
  client: RestClient,
  repository: RepositoryName,
  since: number,
): Promise<readonly PersonsComment[]> {
  const after = new Date(since - DAY).toISOString().slice(0, 10);
  const path = `${projectPath(repository)}/events`;
  const all = await listed(async (page) => {
    const query = { action: 'commented', after, sort: 'asc', per_page: 100, page };
    const answer = await client.send('comments', { path, query });
    const events = answer.body as { readonly note?: RawNote }[];
    const items = events.flatMap(({ note }) => (note === undefined ? [] : byPerson(note)));
    return { items, hasMore: hasNext(answer) };
  });
  return all.filter(({ at }) => at >= since);
}

/** With a person's token what they say themselves is theirs, and counts. */
function byPerson(note: RawNote): readonly PersonsComment[] {
  const { author, noteable_type: kind, noteable_iid: number } = note;
  if (kind !== 'MergeRequest' || typeof number !== 'number' || note.system) return [];
  const { id, body, created_at: at } = note;
  if (author.bot === true || isMarked(body)) return [];
  return [{ id: String(id), number, author: author.username, body, at: Date.parse(at) }];
}

/** Members are known by number only; those of the groups above count, too. */
async function mayWrite(
  client: RestClient,
  repository: RepositoryName,
  username: string,
): Promise<boolean> {
  const what = `what ${username} may do`;
  const { body } = await client.send(what, { path: '/users', query: { username } });
  const [user] = body as { readonly id: number; readonly username: string }[];
  if (user === undefined || user.username.toLowerCase() !== username.toLowerCase()) return false;
  try {
    const path = `${projectPath(repository)}/members/all/${user.id}`;
    const member = (await client.send(what, { path })).body as {
      readonly access_level: number;
      readonly state?: string;
    };
    return member.access_level >= DEVELOPER && (member.state ?? 'active') === 'active';
  } catch (error) {
    if (refusedWith(error, 404)) return false;
    throw error;
  }
}

function notesPath(repository: RepositoryName, number: number): string {
  return `${projectPath(repository)}/merge_requests/${number}/notes`;
}

/** The server below whose API the project is. */
function pageOf(baseUrl: string, { owner, name }: RepositoryName): string {
  return `${baseUrl.replace(/\/api\/v4\/?$/, '')}/${owner}/${name}`;
}
