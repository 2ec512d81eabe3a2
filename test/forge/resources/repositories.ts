import { findRepository, levelOf, repositoryOf, userOf } from '../access.ts';
import type { User } from '../accounts.ts';
import { atLeast } from '../accounts.ts';
import { announce, eventTail } from '../events.ts';
import { validationFailed } from '../refusal.ts';
import { fullRepository, userShape } from '../shapes.ts';
import type { Call, Reply, Repository, Routes, World } from '../world.ts';

export const repositoryRoutes: Routes = {
  'repos/get': getRepository,
  'repos/update': updateRepository,
  'repos/get-collaborator-permission-level': collaboratorPermission,
};

/** Everybody and everything that follows a repository by name has to cope with this. */
export function renameRepository(
  world: World,
  repository: Repository,
  name: string,
  sender: User,
): void {
  const from = repository.name;
  repository.formerNames.push(from);
  Object.assign(repository, { name, updatedAt: world.clock.now() });
  announce(world, repository, 'repository', {
    action: 'renamed',
    changes: { repository: { name: { from } } },
    ...eventTail(world, repository, sender),
  });
}

function getRepository(call: Call): Reply {
  const repository = repositoryOf(call, { scope: 'metadata', level: 'read' });
  const body = { ...fullRepository(call.world, repository), temp_clone_token: '' };
  return { status: 200, body };
}

/** Of all that can be changed, only the name. */
function updateRepository(call: Call): Reply {
  const { world, body } = call;
  const repository = repositoryOf(call, { scope: 'administration', level: 'admin' });
  const name = body['name'];
  if (typeof name === 'string' && name !== repository.name) {
    if (findRepository(world, repository.owner.login, name) !== null) {
      throw validationFailed(call.operation, [
        {
          resource: 'Repository',
          code: 'custom',
          field: 'name',
          message: 'name already exists on this account',
        },
      ]);
    }
    renameRepository(world, repository, name, userOf(world, call.actor));
  }
  return { status: 200, body: fullRepository(world, repository) };
}

/** Tokens carry the level here, so a user has the highest level of any of them. */
function collaboratorPermission(call: Call): Reply {
  const repository = repositoryOf(call, { scope: 'metadata', level: 'read' });
  const { username = '' } = call.parameters;
  const user = call.world.accounts.user(username);
  const level = levelOf(
    { kind: 'user', user, level: call.world.accounts.levelOf(user) },
    repository,
    'metadata',
  );
  const may = (wanted: 'read' | 'write' | 'admin'): boolean => atLeast(level, wanted);
  const permissions = {
    admin: may('admin'),
    maintain: may('admin'),
    push: may('write'),
    triage: may('write'),
    pull: may('read'),
  };
  const shape = { ...userShape(call.world, user), permissions, role_name: level };
  return { status: 200, body: { permission: level, role_name: level, user: shape } };
}
