import type { App } from './accounts.ts';
import { isoTime, nodeId, type Shape, userShape } from './shapes.ts';
import type { World } from './world.ts';

/** An app as things mention it that it has done. */
export function appShape(world: World, app: App): Shape {
  return {
    id: app.id,
    client_id: app.clientId,
    slug: app.slug,
    node_id: nodeId('Integration', app.id),
    owner: userShape(world, app.owner),
    name: app.slug,
    description: null,
    external_url: `${world.origin}/${app.slug}`,
    html_url: `${world.origin}/apps/${app.slug}`,
    created_at: isoTime(app.createdAt),
    updated_at: isoTime(app.createdAt),
    permissions: app.permissions,
    events: app.events,
  };
}
