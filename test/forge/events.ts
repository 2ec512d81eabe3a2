import type { User } from './accounts.ts';
import type { Subscription } from './deliveries.ts';
import { organizationOf, type Shape, userShape, webhookRepository } from './shapes.ts';
import type { Hook, Repository, World } from './world.ts';

/** Sends an event of a repository to every active hook that subscribed to it, the repository's own and those of apps. */
export function announce(
  world: World,
  repository: Repository,
  name: string,
  payload: Readonly<Record<string, unknown>>,
): void {
  const subscriptions = subscriptionsTo(world, repository).filter(
    ({ hook }) => hook.active && (hook.events.includes('*') || hook.events.includes(name)),
  );
  world.deliveries.send({ name, payload, repositoryId: repository.id }, subscriptions);
}

/** The keys that nearly every event ends with. */
export function eventTail(world: World, repository: Repository, sender: User): Shape {
  return {
    repository: webhookRepository(world, repository),
    ...organizationOf(world, repository),
    sender: userShape(world, sender),
  };
}

/** Sent to a hook when it is made and whenever it is asked for, whatever it subscribed to. */
export function ping(world: World, hook: Hook, shape: Shape, sender: User): void {
  const { target } = hook;
  const repository = target.kind === 'repository' ? target.repository : null;
  const payload = {
    zen: 'Anything added dilutes everything else.',
    hook_id: hook.id,
    hook: shape,
    ...(repository === null ? {} : eventTail(world, repository, sender)),
  };
  world.deliveries.send({ name: 'ping', payload, repositoryId: repository?.id ?? null }, [
    { hook, installation: null },
  ]);
}

function subscriptionsTo(world: World, repository: Repository): readonly Subscription[] {
  const own = repository.hooks.map((hook) => ({ hook, installation: null }));
  const ofApps = [...world.accounts.installations.values()].flatMap((installation) => {
    const hook = world.appHooks.get(installation.app.id);
    const covers = installation.account.id === repository.owner.id;
    return hook !== undefined && covers ? [{ hook, installation }] : [];
  });
  return [...own, ...ofApps];
}
