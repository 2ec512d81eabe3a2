import { repositoryOf, userOf } from '../access.ts';
import type { User } from '../accounts.ts';
import { ping } from '../events.ts';
import { listReply } from '../pagination.ts';
import { notFound, validationFailed } from '../refusal.ts';
import { isoTime, repositoryUrl, type Shape } from '../shapes.ts';
import type { Call, Hook, Reply, Repository, Routes, World } from '../world.ts';
import { deliveryShape, listDeliveries, requireDelivery } from './hook-deliveries.ts';

export const hookRoutes: Routes = {
  'repos/list-webhooks': listHooks,
  'repos/create-webhook': createHook,
  'repos/get-webhook': getHook,
  'repos/update-webhook': updateHook,
  'repos/delete-webhook': deleteHook,
  'repos/ping-webhook': pingHook,
  'repos/list-webhook-deliveries': (call) => listDeliveries(call, hookOf(call).hook),
  'repos/get-webhook-delivery': getDelivery,
  'repos/redeliver-webhook-delivery': redeliver,
};

export interface NewHook {
  readonly config: HookConfig & { readonly url: string };
  readonly events: readonly string[];
  readonly active: boolean;
  readonly sender: User;
}

interface HookConfig {
  readonly url?: string;
  readonly content_type?: string;
  readonly secret?: string;
  readonly insecure_ssl?: string | number;
}

function listHooks(call: Call): Reply {
  const repository = admin(call);
  return listReply(
    call,
    repository,
    repository.hooks.map((hook) => hookShape(call.world, repository, hook)),
  );
}

function createHook(call: Call): Reply {
  const { world, body } = call;
  const repository = admin(call);
  const config = (body['config'] ?? {}) as HookConfig;
  const url = requireUrl(call, config);
  if (repository.hooks.some((hook) => hook.url === url)) {
    const message = 'Hook already exists on this repository';
    throw validationFailed(call.operation, [{ resource: 'Hook', code: 'custom', message }]);
  }
  const hook = addHook(world, repository, {
    config: { ...config, url },
    events: (body['events'] ?? ['push']) as string[],
    active: body['active'] !== false,
    sender: userOf(world, call.actor),
  });
  const shape = hookShape(world, repository, hook);
  return { status: 201, body: shape, headers: { location: String(shape['url']) } };
}

/** A hook is pinged as soon as it is there. */
export function addHook(world: World, repository: Repository, options: NewHook): Hook {
  const hook: Hook = {
    id: world.nextId(),
    target: { kind: 'repository', repository },
    url: options.config.url,
    secret: null,
    contentType: 'form',
    insecureSsl: '0',
    events: options.events,
    active: options.active,
    createdAt: world.clock.now(),
    updatedAt: world.clock.now(),
    lastResponse: null,
  };
  configure(hook, options.config);
  repository.hooks.push(hook);
  ping(world, hook, hookShape(world, repository, hook), options.sender);
  return hook;
}

function getHook(call: Call): Reply {
  const { repository, hook } = hookOf(call);
  return { status: 200, body: hookShape(call.world, repository, hook) };
}

function updateHook(call: Call): Reply {
  const { body, world } = call;
  const { repository, hook } = hookOf(call);
  if (body['config'] !== undefined) {
    const config = body['config'] as HookConfig;
    hook.url = requireUrl(call, config);
    configure(hook, config);
  }
  const removed = new Set((body['remove_events'] ?? []) as string[]);
  const events = (body['events'] ?? hook.events) as string[];
  const all = [...events, ...((body['add_events'] ?? []) as string[])];
  hook.events = [...new Set(all)].filter((event) => !removed.has(event));
  hook.active = (body['active'] ?? hook.active) as boolean;
  hook.updatedAt = world.clock.now();
  return { status: 200, body: hookShape(world, repository, hook) };
}

function deleteHook(call: Call): Reply {
  const { repository, hook } = hookOf(call);
  repository.hooks.splice(repository.hooks.indexOf(hook), 1);
  return { status: 204 };
}

function pingHook(call: Call): Reply {
  const { repository, hook } = hookOf(call);
  const shape = hookShape(call.world, repository, hook);
  ping(call.world, hook, shape, userOf(call.world, call.actor));
  return { status: 204 };
}

function getDelivery(call: Call): Reply {
  const delivery = requireDelivery(call, hookOf(call).hook);
  return { status: 200, body: deliveryShape(call.world, delivery) };
}

function redeliver(call: Call): Reply {
  call.world.deliveries.redeliver(requireDelivery(call, hookOf(call).hook).id);
  return { status: 202, body: {} };
}

function admin(call: Call): Repository {
  return repositoryOf(call, { scope: 'repository_hooks', level: 'admin' });
}

function hookOf(call: Call): { readonly repository: Repository; readonly hook: Hook } {
  const repository = admin(call);
  const hook = repository.hooks.find(({ id }) => String(id) === call.parameters['hook_id']);
  if (hook === undefined) throw notFound(call.operation.documentation);
  return { repository, hook };
}

function requireUrl(call: Call, config: HookConfig): string {
  if (config.url !== undefined && /^https?:\/\//.test(config.url)) return config.url;
  throw validationFailed(call.operation, [
    { resource: 'Hook', code: 'custom', field: 'url', message: 'url is missing a scheme' },
  ]);
}

/** GitHub's default content type is `form`; a config that is sent replaces the secret even when it has none. */
function configure(hook: Hook, config: HookConfig): void {
  hook.contentType = config.content_type === 'json' ? 'json' : 'form';
  hook.secret = config.secret ?? null;
  hook.insecureSsl = String(config.insecure_ssl ?? '0') === '1' ? '1' : '0';
}

function hookShape(world: World, repository: Repository, hook: Hook): Shape {
  const url = `${repositoryUrl(world, repository)}/hooks/${hook.id}`;
  return {
    type: 'Repository',
    id: hook.id,
    name: 'web',
    active: hook.active,
    events: hook.events,
    config: {
      content_type: hook.contentType,
      insecure_ssl: hook.insecureSsl,
      ...(hook.secret === null ? {} : { secret: '********' }),
      url: hook.url,
    },
    updated_at: isoTime(hook.updatedAt),
    created_at: isoTime(hook.createdAt),
    url,
    test_url: `${url}/test`,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
    last_response: lastResponse(hook),
  };
}

function lastResponse({ lastResponse: last }: Hook): Shape {
  if (last === null) return { code: null, status: 'unused', message: null };
  const status = last.message === 'OK' ? 'active' : 'misconfigured';
  return { code: last.code, status, message: last.message };
}
