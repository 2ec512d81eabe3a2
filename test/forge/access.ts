import { type Actor, atLeast, type Level, type Scope, type User } from './accounts.ts';
import { forbidden, movedPermanently, movedTemporarily, notFound } from './refusal.ts';
import type { Call, Repository, World } from './world.ts';

interface Wanted {
  readonly scope: Scope;
  readonly level: Exclude<Level, 'none'>;
}

/**
 * The repository that a request is about. Throws what GitHub answers when it has another name now (301, 307), when it
 * does not exist for this actor (404) and when the actor may read but not do this (403).
 */
export function repositoryOf(call: Call, wanted: Wanted): Repository {
  const { owner = '', repo = '' } = call.parameters;
  const repository = findRepository(call.world, owner, repo);
  if (repository === null) throw redirectOrNotFound(call, owner, repo);
  const level = levelOf(call.actor, repository, wanted.scope);
  if (atLeast(level, wanted.level)) return repository;
  if (!canSee(call.actor, repository)) throw notFound(call.operation.documentation);
  throw forbidden(
    call.operation,
    call.actor.kind === 'installation'
      ? 'Resource not accessible by integration'
      : 'Resource not accessible by personal access token',
  );
}

/** As GitHub compares names: without regard to case. */
export function findRepository(world: World, owner: string, name: string): Repository | null {
  return search(world, owner, (repository) => same(repository.name, name));
}

export function findRenamed(world: World, owner: string, name: string): Repository | null {
  return search(world, owner, ({ formerNames }) =>
    formerNames.some((former) => same(former, name)),
  );
}

export function canSee(actor: Actor, repository: Repository): boolean {
  return atLeast(levelOf(actor, repository, 'metadata'), 'read');
}

/** What an actor may do with the repository through Git or the part of the API that a scope stands for. */
export function levelOf(actor: Actor, repository: Repository, scope: Scope): Level {
  const anybody: Level = repository.isPrivate ? 'none' : 'read';
  switch (actor.kind) {
    case 'user':
      if (actor.user.id === repository.owner.id) return 'admin';
      return atLeast(actor.level, anybody) ? actor.level : anybody;
    case 'installation': {
      const { app, account } = actor.installation;
      if (account.id !== repository.owner.id) return anybody;
      return scope === 'metadata' ? 'read' : appLevel(app.permissions[scope], scope, anybody);
    }
    case 'app':
    case 'anonymous':
      return anybody;
  }
}

/** The account under whose name the actor's work appears. */
export function userOf(world: World, actor: Actor): User {
  switch (actor.kind) {
    case 'user':
      return actor.user;
    case 'installation':
      return actor.installation.app.bot;
    case 'app':
      return actor.app.bot;
    case 'anonymous':
      return world.accounts.user('ghost');
  }
}

/** An app's highest level is write, also where a user must be an administrator. */
function appLevel(granted: Level | undefined, scope: Scope, anybody: Level): Level {
  const isAdministration = scope === 'administration' || scope === 'repository_hooks';
  return granted === 'write' && isAdministration ? 'admin' : (granted ?? anybody);
}

function redirectOrNotFound(call: Call, owner: string, repo: string): Error {
  const renamed = findRenamed(call.world, owner, repo);
  if (renamed === null) return notFound(call.operation.documentation);
  const rest = call.pathname.split('/').slice(4).join('/');
  const url = `${call.world.api}/repositories/${renamed.id}${rest === '' ? '' : `/${rest}`}`;
  return call.operation.method === 'GET' ? movedPermanently(url) : movedTemporarily(url);
}

function search(
  world: World,
  owner: string,
  matches: (repository: Repository) => boolean,
): Repository | null {
  for (const repository of world.repositories.values()) {
    if (same(repository.owner.login, owner) && matches(repository)) return repository;
  }
  return null;
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
