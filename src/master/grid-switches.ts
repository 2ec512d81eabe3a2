import type { FreezeWish } from '../http/operations.ts';
import { GridError } from '../model/error.ts';
import type { Availability } from '../model/grid.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Nodes } from '../store/nodes.ts';
import type { RecordEvent } from './event-log.ts';
import type { Fleet } from './fleet.ts';
import type { Freezes } from './freezes.ts';

export interface GridSwitchesOptions {
  readonly freezes: Freezes;
  readonly nodes: Pick<Nodes, 'drain'>;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly onEvent: RecordEvent;
  /** Something that a controller goes by is another now. */
  readonly onChange: (grid: string) => void;
}

/** What people tell the master rather than the repository. It is kept, told as an event, and acted on at once. */
export interface GridSwitches {
  freeze(grid: string, wish: FreezeWish, actor: string): Promise<void>;
  /** Throws `GridError` `not-found` for a grid that is not frozen. */
  unfreeze(grid: string, actor: string): Promise<void>;
  /** Throws `GridError` `not-found` for a node that the grid does not have. */
  setAvailability(
    of: { readonly grid: string; readonly node: string; readonly actor: string },
    availability: Availability,
  ): Promise<void>;
}

export function createGridSwitches(options: GridSwitchesOptions): GridSwitches {
  const { freezes, nodes, fleet, clock, onEvent, onChange } = options;
  const tell = (of: { grid: string; node: string | null; kind: string; message: string }): void => {
    onEvent({ ...of, severity: 'info', path: '', at: clock.now() });
    onChange(of.grid);
  };
  return {
    freeze: async (grid, { until, reason }, actor) => {
      const at = clock.now();
      if (until !== null && until <= at)
        throw invalid('a freeze cannot end in the past', 'Say when it ends, or leave that open.');
      await freezes.set(grid, { until, reason, actor, at });
      const end =
        until === null ? 'until it is unfrozen' : `until ${new Date(until).toISOString()}`;
      const why = reason === '' ? '' : `: ${reason}`;
      tell({ grid, node: null, kind: 'frozen', message: `frozen by ${actor} ${end}${why}` });
    },
    unfreeze: async (grid, actor) => {
      if (!(await freezes.lift(grid)))
        throw new GridError({ code: 'not-found', message: `grid ${grid} is not frozen` });
      tell({ grid, node: null, kind: 'unfrozen', message: `unfrozen by ${actor}` });
    },
    setAvailability: async ({ grid, node, actor }, availability) => {
      const drained = availability === 'drain' ? { by: actor, at: clock.now() } : null;
      const known = fleet.get(grid, node);
      if (known === null || !(await nodes.drain(grid, node, drained)))
        throw new GridError({ code: 'not-found', message: `grid ${grid} has no node ${node}` });
      fleet.put({ ...(fleet.get(grid, node) ?? known), drained });
      const word = drained === null ? 'activated' : 'drained';
      tell({ grid, node, kind: `node-${word}`, message: `${word} by ${actor}` });
    },
  };
}

function invalid(message: string, hint: string): GridError {
  return new GridError({ code: 'invalid-request', message, hint });
}
