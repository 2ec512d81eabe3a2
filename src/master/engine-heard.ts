import type { EngineCondition } from '../model/engine-condition.ts';
import type { ObservedNode } from '../model/observed.ts';
import type { AgentMessageOf } from '../protocol/agent.ts';
import type { FleetNode } from './fleet.ts';

/** What an agent says of its engine, by this master's uptime. */
export function engineHeard(
  { state, lasting, reason, disk }: AgentMessageOf<'engine'>,
  now: number,
): EngineCondition {
  return { state, since: now - lasting, reason, disk };
}

/** Nothing is known any more of the engine of an agent that is new here: it tells, or it cannot. */
export function withoutEngine(node: FleetNode): FleetNode {
  const { engine: _forgotten, ...rest } = node;
  return rest;
}

/** Whether what the node shows is so now. */
export function isHeard({ online, engine }: Pick<FleetNode, 'online' | 'engine'>): boolean {
  return online && engine?.state !== 'silent';
}

/** For the planner. */
export function silenceOf({
  engine,
}: Pick<FleetNode, 'engine'>): Pick<ObservedNode, 'engineSilence'> {
  if (engine?.state !== 'silent') return {};
  return { engineSilence: { since: engine.since, reason: engine.reason ?? 'no answer' } };
}
