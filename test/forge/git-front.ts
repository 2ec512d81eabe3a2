import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GitCredentials, GitServer, RefsChanged } from '../support/git-http-server.ts';
import { canSee, findRenamed, findRepository, levelOf, userOf } from './access.ts';
import { type Actor, atLeast } from './accounts.ts';
import { forwardGit, parseGitPath } from './git-http.ts';
import { announcePush } from './push-event.ts';
import { repositoryPage } from './shapes.ts';
import type { Repository, World } from './world.ts';

type Verdict = 'allow' | 'deny' | 'forbid' | 'hide';

/**
 * Git over smart HTTP at GitHub's addresses. The server behind it knows repositories by number only, so that a new name
 * needs nothing but a redirect; it decides nothing and tells what a push moved.
 */
export class GitFront {
  readonly #world: World;
  readonly #git: GitServer;

  constructor(world: World, git: GitServer) {
    this.#world = world;
    this.#git = git;
    git.authorise((credentials, { repository, write }) =>
      this.#verdict(Number(repository), credentials, write),
    );
    git.onRefsChanged((change) => this.#pushed(change));
  }

  claims(request: IncomingMessage): boolean {
    return parseGitPath(pathOf(request)) !== null;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = parseGitPath(pathOf(request));
    if (path === null) return;
    const { search } = new URL(request.url ?? '/', this.#world.origin);
    const repository = findRepository(this.#world, path.owner, path.name);
    if (repository !== null) {
      const target = new URL(`/${repository.id}.git/${path.service}${search}`, this.#git.origin);
      await forwardGit(request, response, target);
      return;
    }
    const renamed = findRenamed(this.#world, path.owner, path.name);
    if (renamed === null) refuse(request, response);
    else redirect(response, `${repositoryPage(this.#world, renamed)}.git/${path.service}${search}`);
  }

  #verdict(id: number, credentials: GitCredentials | null, write: boolean): Verdict {
    const repository = this.#world.repositories.get(id);
    if (repository === undefined) return 'hide';
    const actor = this.#actor(credentials);
    if (actor === null) return 'deny';
    const needsToken = write || repository.isPrivate;
    if (actor.kind === 'anonymous') return needsToken ? 'deny' : 'allow';
    if (!canSee(actor, repository)) return 'hide';
    const level = levelOf(actor, repository, 'contents');
    return atLeast(level, write ? 'write' : 'read') ? 'allow' : 'forbid';
  }

  /** The token is the password, whatever the user, or else the user; null for one that is not known. */
  #actor(credentials: GitCredentials | null): Actor | null {
    if (credentials === null) return { kind: 'anonymous' };
    const { username, password } = credentials;
    const token = ['', 'x-oauth-basic'].includes(password) ? username : password;
    try {
      return this.#world.accounts.authenticate(`token ${token}`);
    } catch {
      return null;
    }
  }

  async #pushed({ repository: id, changes, credentials }: RefsChanged): Promise<void> {
    const repository: Repository | undefined = this.#world.repositories.get(Number(id));
    if (repository === undefined) return;
    const actor = this.#actor(credentials) ?? { kind: 'anonymous' };
    await announcePush(this.#world, repository, changes, userOf(this.#world, actor));
  }
}

function pathOf(request: IncomingMessage): string {
  return new URL(request.url ?? '/', 'http://localhost').pathname;
}

/** Without a token GitHub does not even say whether the repository exists. */
function refuse(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.authorization === undefined) {
    response.writeHead(401, { 'www-authenticate': 'Basic realm="GitHub"' });
    response.end('No anonymous write access.\n');
  } else {
    response.writeHead(404).end('Repository not found.\n');
  }
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(301, { location }).end();
}
