import type { User } from '../accounts.ts';
import { badCredentials, forbidden } from '../refusal.ts';
import { isoTime, type Shape, userShape } from '../shapes.ts';
import type { Call, Reply, Routes, World } from '../world.ts';

export const userRoutes: Routes = { 'users/get-authenticated': whoAmI };

/** An app is nobody here: it has to ask for itself as an app. */
function whoAmI(call: Call): Reply {
  const { world, actor } = call;
  if (actor.kind === 'anonymous') throw badCredentials('Requires authentication');
  if (actor.kind !== 'user') {
    throw forbidden(call.operation, 'Resource not accessible by integration');
  }
  return { status: 200, body: profile(world, actor.user) };
}

function profile(world: World, user: User): Shape {
  const at = isoTime(world.clock.now());
  return {
    ...userShape(world, user),
    user_view_type: 'public',
    name: null,
    company: null,
    blog: null,
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: at,
    updated_at: at,
  };
}
