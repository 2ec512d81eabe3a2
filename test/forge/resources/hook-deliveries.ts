import type { Delivery } from '../deliveries.ts';
import { notFound } from '../refusal.ts';
import { isoTime, type Shape } from '../shapes.ts';
import type { Call, Hook, Reply, World } from '../world.ts';

const PAGE_SIZE = 30;

/** Newest first; the only list that is walked with a cursor instead of page numbers. */
export function listDeliveries(call: Call, hook: Hook): Reply {
  const size = Number(call.query.get('per_page') ?? PAGE_SIZE);
  const cursor = Number(call.query.get('cursor')?.replace('v1_', '') ?? Number.MAX_SAFE_INTEGER);
  const older = deliveriesOf(call.world, hook).filter(({ id }) => id <= cursor);
  const next = older[size];
  const url = `${call.world.api}${call.pathname}?per_page=${size}&cursor=v1_${next?.id ?? 0}`;
  return {
    status: 200,
    body: older.slice(0, size).map(itemShape),
    headers: next === undefined ? {} : { link: `<${url}>; rel="next"` },
  };
}

export function requireDelivery(call: Call, hook: Hook): Delivery {
  const wanted = call.parameters['delivery_id'];
  const found = deliveriesOf(call.world, hook).find(({ id }) => String(id) === wanted);
  if (found === undefined) throw notFound(call.operation.documentation);
  return found;
}

export function deliveryShape(world: World, delivery: Delivery): Shape {
  const { target } = delivery.hook;
  const repositoryHook = `/repositories/${delivery.repositoryId ?? 0}/hooks/${delivery.hook.id}`;
  const hookPath = target.kind === 'repository' ? repositoryHook : '/app/hook';
  return {
    ...itemShape(delivery),
    url: `${world.api}${hookPath}/deliveries/${delivery.id}`,
    request: { headers: delivery.requestHeaders, payload: delivery.payload },
    response: { headers: delivery.responseHeaders, payload: delivery.responseBody },
  };
}

function deliveriesOf(world: World, hook: Hook): readonly Delivery[] {
  const all = world.deliveries.journal.entries;
  return all.filter((delivery) => delivery.hook === hook).toReversed();
}

function itemShape(delivery: Delivery): Shape {
  const { action } = delivery.payload;
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: isoTime(delivery.deliveredAt),
    redelivery: delivery.redelivery,
    duration: Math.round(delivery.seconds * 100) / 100,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: typeof action === 'string' ? action : null,
    installation_id: delivery.installation?.id ?? null,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  };
}
