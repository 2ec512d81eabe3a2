import type { Backend } from '../model/balancing.ts';
import { servicePath } from '../model/identity.ts';
import type { Slot, Slots } from './slots.ts';
import type { ServerState, ServerStates } from './states.ts';
import { proxyName, serverName } from './words.ts';

/** What HAProxy has to be told so that its servers are what the slots say. Nothing, when they are. */
export function commandsFor(
  backends: readonly Backend[],
  slots: ReadonlyMap<string, Slots>,
  states: ServerStates,
): readonly string[] {
  return backends.flatMap((backend) => {
    const name = proxyName(backend);
    const servers = states.get(name);
    // Closed, or without a port of its own: it has no servers.
    if (servers === undefined) return [];
    return (slots.get(servicePath(backend)) ?? []).flatMap((slot, at) => {
      const state = servers.get(serverName(at));
      const server = `${name}/${serverName(at)}`;
      return state === undefined
        ? []
        : commandsOf(server, state, { slot, admin: adminOf(slot, backend) });
    });
  });
}

interface Wanted {
  readonly slot: Slot | null;
  readonly admin: ServerState['admin'];
}

/**
 * A server that leads to another container is taken out first: nothing that was meant for the one goes to the other. What is
 * still open to a container that is gone would wait for its time limit.
 */
function commandsOf(
  server: string,
  state: ServerState,
  { slot, admin }: Wanted,
): readonly string[] {
  const isSame = slot === null || (state.address === slot.address && state.port === slot.port);
  const leaves = state.admin !== 'maint' && (slot === null || !isSame);
  const now = leaves ? 'maint' : state.admin;
  return [
    ...(leaves ? [`set server ${server} state maint`, `shutdown sessions server ${server}`] : []),
    ...(isSame || slot === null
      ? []
      : [`set server ${server} addr ${slot.address} port ${slot.port}`]),
    ...(now === admin ? [] : [`set server ${server} state ${admin}`]),
  ];
}

/** Cookies lead to a server that is drained, too: those are taken out at once, which ends nothing that is under way. */
function adminOf(slot: Slot | null, { cookie }: Backend): ServerState['admin'] {
  if (slot === null) return 'maint';
  if (slot.state === 'ready') return 'ready';
  return cookie === null ? 'drain' : 'maint';
}
