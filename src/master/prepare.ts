import { type DesiredState, mayBelongTo } from '../model/desired.ts';
import type { Grid, Service, Stack } from '../model/grid.ts';
import { compareText, servicePath } from '../model/identity.ts';
import type { RolledBack } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { ProvenService } from '../store/proven.ts';
import { type PreparedBalancing, prepareBalancing } from './balancing.ts';
import { createEncoder, type Encode } from './delivery.ts';

/** What compiling a revision gave (manifest/compile). */
export interface CompiledGrid {
  readonly grid: Grid | null;
  readonly stacks: readonly Stack[];
  readonly failed: readonly string[];
  readonly problems: readonly Problem[];
}

/** The last definitions that compiled without an error. */
export interface LastGood {
  readonly sha: string;
  readonly grid: Grid;
  readonly stacks: readonly Stack[];
  /** Stacks that never compiled: what of them runs is left alone. */
  readonly held: readonly string[];
}

/** A desired state with what its users look up in it. */
export interface Prepared {
  readonly desired: DesiredState;
  readonly services: ReadonlyMap<string, Service>;
  readonly encode: Encode;
  /** What each load balancer has to serve, by its path. */
  readonly balancing: ReadonlyMap<string, PreparedBalancing>;
  /** Absent: nothing is known of it. */
  readonly past?: Past;
  /** By name: the commit of a stack that is of another one than the rest. Absent: all are of one. */
  readonly revisions?: ReadonlyMap<string, string>;
}

/** By path: what services last served with where that is another spec than the revision's, and which of them run it again. */
export interface Past {
  readonly services: ReadonlyMap<string, Pick<ProvenService, 'definition' | 'revision'>>;
  readonly rolledBack: ReadonlyMap<string, RolledBack>;
}

/**
 * Safety rules 1 and 2: a grid that cannot be read keeps its last good definition as a whole, a stack that cannot be read
 * keeps its own and that of the stacks which it brings along, and a stack that never was good is held: its instances are left
 * alone. `null`: nothing is known to be wanted.
 */
export function prepare(
  compiled: CompiledGrid,
  lastGood: LastGood | null,
  sha: string,
): Prepared | null {
  if (compiled.grid === null) return lastGood === null ? null : fromLastGood(lastGood);
  const compiledNames = new Set(compiled.stacks.map((stack) => stack.name));
  const fallbacks = (lastGood?.stacks ?? []).filter(
    ({ name }) => !compiledNames.has(name) && mayBelongTo(compiled.failed, name),
  );
  const known = new Set(fallbacks.map((stack) => stack.name));
  // One that was held, and that is missing now because the stack that brings it along failed, too.
  const stillHeld = (lastGood?.held ?? []).filter(
    (name) => !compiledNames.has(name) && mayBelongTo(compiled.failed, name),
  );
  const held = new Set([...compiled.failed, ...stillHeld].filter((name) => !known.has(name)));
  return prepareDesired({
    grid: compiled.grid,
    revision: sha,
    stacks: [...compiled.stacks, ...fallbacks].toSorted((a, b) => compareText(a.name, b.name)),
    held: [...held].toSorted(compareText),
  });
}

export function fromLastGood(lastGood: LastGood): Prepared {
  return prepareDesired({
    grid: lastGood.grid,
    revision: lastGood.sha,
    stacks: lastGood.stacks,
    held: lastGood.held,
  });
}

export function prepareDesired(desired: DesiredState): Prepared {
  const services = new Map<string, Service>();
  for (const stack of desired.stacks)
    for (const service of stack.services)
      services.set(servicePath({ stack: stack.name, service: service.name }), service);
  return { desired, services, encode: createEncoder(), balancing: prepareBalancing(services) };
}
