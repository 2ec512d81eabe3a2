import type { VolumeRemoval } from '../http/operations.ts';
import { errorMessage, GridError } from '../model/error.ts';
import { compareText } from '../model/identity.ts';
import type { VolumeList } from '../protocol/volume-api.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Events } from '../store/events.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Fleet } from './fleet.ts';

export interface VolumePorts {
  readonly fleet: Pick<Fleet, 'nodes' | 'get'>;
  readonly dispatcher: Pick<Dispatcher, 'ask'>;
  readonly store: { readonly events: Pick<Events, 'append'> };
  readonly clock: Clock;
}

/** The volumes of every node that answers, and the nodes that do not. */
export async function gridVolumes(
  { fleet, dispatcher }: VolumePorts,
  grid: string,
): Promise<VolumeList> {
  const answers = await Promise.all(
    fleet.nodes(grid).map(async ({ name: node }) => {
      try {
        const answer = await dispatcher.ask(grid, node, { kind: 'volumes' });
        if (answer.kind === 'volumes')
          return { volumes: answer.volumes.map((one) => ({ grid, node, ...one })), silent: [] };
        const reason = answer.kind === 'refused' ? answer.message : 'it answered something else';
        return { volumes: [], silent: [{ node, reason }] };
      } catch (error) {
        return { volumes: [], silent: [{ node, reason: errorMessage(error) }] };
      }
    }),
  );
  return {
    volumes: answers
      .flatMap(({ volumes }) => volumes)
      .toSorted((a, b) => compareText(a.name, b.name) || compareText(a.node, b.node)),
    silent: answers.flatMap(({ silent }) => silent),
  };
}

/**
 * The only way in which data goes: a person has named the volume and its node, and named it once more. The node refuses what
 * is used or wanted. Who did it is written down before.
 */
export async function removeVolume(ports: VolumePorts, removal: VolumeRemoval): Promise<void> {
  const { grid, node, volume, confirm, actor } = removal;
  if (ports.fleet.get(grid, node) === null)
    throw new GridError({ code: 'not-found', message: `grid ${grid} has no node ${node}` });
  if (confirm !== volume)
    throw new GridError({
      code: 'invalid-request',
      message: `the removal of volume ${volume} was not confirmed with its name`,
    });
  const write = async (severity: 'info' | 'warning', kind: string, message: string) =>
    await ports.store.events.append({
      grid,
      node,
      at: ports.clock.now(),
      severity,
      kind,
      path: '',
      message,
    });
  const what = `volume ${volume} of node ${node}`;
  await write('warning', 'volume-removal-asked', `${actor} asks for the removal of ${what}`);
  const answer = await ports.dispatcher.ask(grid, node, { kind: 'remove-volume', volume });
  if (answer.kind !== 'removed')
    throw new GridError({
      code: 'invalid-request',
      message: answer.kind === 'refused' ? answer.message : 'the node answered something else',
    });
  await write('warning', 'volume-removed', `${actor} has removed ${what}`);
}
