import { findRepository } from '../access.ts';
import type { App, Installation } from '../accounts.ts';
import { appShape } from '../app-shape.ts';
import { badCredentials, notFound } from '../refusal.ts';
import { isoTime, listedRepository, type Shape, userShape } from '../shapes.ts';
import type { Call, Hook, Reply, Routes, World } from '../world.ts';
import { deliveryShape, listDeliveries, requireDelivery } from './hook-deliveries.ts';

export const appRoutes: Routes = {
  'apps/get-authenticated': (call) => ({ status: 200, body: countedApp(call.world, appOf(call)) }),
  'apps/list-installations': listInstallations,
  'apps/get-installation': getInstallation,
  'apps/get-repo-installation': getRepositoryInstallation,
  'apps/create-installation-access-token': createToken,
  'apps/list-repos-accessible-to-installation': listRepositories,
  'apps/list-webhook-deliveries': (call) => listDeliveries(call, appHook(call)),
  'apps/get-webhook-delivery': getDelivery,
  'apps/redeliver-webhook-delivery': redeliver,
};

function listInstallations(call: Call): Reply {
  const installations = installationsOf(call.world, appOf(call));
  return { status: 200, body: installations.map((one) => installationShape(call.world, one)) };
}

function getInstallation(call: Call): Reply {
  return { status: 200, body: installationShape(call.world, installationOf(call)) };
}

function getRepositoryInstallation(call: Call): Reply {
  const app = appOf(call);
  const { owner = '', repo = '' } = call.parameters;
  const repository = findRepository(call.world, owner, repo);
  const found = installationsOf(call.world, app).find(
    ({ account }) => account.id === repository?.owner.id,
  );
  if (found === undefined) throw notFound(call.operation.documentation);
  return { status: 200, body: installationShape(call.world, found) };
}

function createToken(call: Call): Reply {
  const installation = installationOf(call);
  const { token, expiresAt } = call.world.accounts.createInstallationToken(installation);
  const body = {
    token,
    expires_at: isoTime(expiresAt),
    permissions: installation.app.permissions,
    repository_selection: 'all',
  };
  return { status: 201, body };
}

function listRepositories(call: Call): Reply {
  if (call.actor.kind !== 'installation') throw notFound(call.operation.documentation);
  const { account } = call.actor.installation;
  const repositories = [...call.world.repositories.values()].filter(
    (repository) => repository.owner.id === account.id,
  );
  const body = {
    total_count: repositories.length,
    repository_selection: 'all',
    repositories: repositories.map((repository) => listedRepository(call.world, repository)),
  };
  return { status: 200, body };
}

function getDelivery(call: Call): Reply {
  return { status: 200, body: deliveryShape(call.world, requireDelivery(call, appHook(call))) };
}

function redeliver(call: Call): Reply {
  call.world.deliveries.redeliver(requireDelivery(call, appHook(call)).id);
  return { status: 202, body: {} };
}

function appOf(call: Call): App {
  if (call.actor.kind === 'app') return call.actor.app;
  throw badCredentials('A JSON web token could not be decoded');
}

function appHook(call: Call): Hook {
  const hook = call.world.appHooks.get(appOf(call).id);
  if (hook === undefined) throw notFound(call.operation.documentation);
  return hook;
}

function installationsOf(world: World, app: App): readonly Installation[] {
  return [...world.accounts.installations.values()].filter((one) => one.app.id === app.id);
}

function installationOf(call: Call): Installation {
  const wanted = call.parameters['installation_id'];
  const all = installationsOf(call.world, appOf(call));
  const found = all.find(({ id }) => String(id) === wanted);
  if (found === undefined) throw notFound(call.operation.documentation);
  return found;
}

function countedApp(world: World, app: App): Shape {
  return { ...appShape(world, app), installations_count: installationsOf(world, app).length };
}

function installationShape(world: World, installation: Installation): Shape {
  const { app, account, id } = installation;
  return {
    id,
    client_id: app.clientId,
    account: userShape(world, account),
    repository_selection: 'all',
    access_tokens_url: `${world.api}/app/installations/${id}/access_tokens`,
    repositories_url: `${world.api}/installation/repositories`,
    html_url: `${world.origin}/organizations/${account.login}/settings/installations/${id}`,
    app_id: app.id,
    app_slug: app.slug,
    target_id: account.id,
    target_type: account.type,
    permissions: app.permissions,
    events: app.events,
    created_at: isoTime(installation.createdAt),
    updated_at: isoTime(installation.createdAt),
    single_file_name: null,
    has_multiple_single_files: false,
    single_file_paths: [],
    suspended_by: null,
    suspended_at: null,
  };
}
