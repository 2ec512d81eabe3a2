import { generationOf, withoutGeneration } from '../model/generation.ts';
import type { Failure, ObservedContainer } from '../model/observed.ts';
import type { Departure } from './choose.ts';
import type { HostNode } from './host-nodes.ts';
import type { Sighting } from './index-observed.ts';
import { oneLine } from './printable.ts';

/** Longer messages of agents are cut: they are for one line. */
const LONGEST_MESSAGE = 200;

/** Why an instance that is assigned with the right spec is not as desired yet. */
export function inFlightReason({ observed }: Sighting, specHash: string): string {
  const attempt = observed?.attempt ?? null;
  if (attempt !== null && attempt.specHash === specHash) {
    const message = oneLine(attempt.message, LONGEST_MESSAGE);
    return message === '' ? attempt.phase : message;
  }
  const current = observed?.current ?? null;
  if (current === null || current.specHash !== specHash) return 'assigned, not started yet';
  return unreadyReason(current);
}

/** What an instance waits for whose image could not be pulled, so far. */
export function pullReason({ count, message }: Failure): string {
  const often = count === 1 ? 'once' : `${count} times`;
  return `waits for its image, pulled in vain ${often}: ${oneLine(message, LONGEST_MESSAGE)}`;
}

export function unreadyReason(current: ObservedContainer): string {
  if (!current.running) return 'not running';
  return current.health === 'unhealthy' ? 'unhealthy' : 'starting';
}

export function changedReason(from: string, to: string): string {
  const isRenewed = generationOf(to) !== null && withoutGeneration(from) === withoutGeneration(to);
  if (isRenewed) return 'unchanged, and its deploy.interval has passed';
  return `spec changed (${from.slice(0, 7)} → ${to.slice(0, 7)})`;
}

/** Why an instance leaves, or cannot stay on, a node. */
export function departureReason(departure: Departure, host: HostNode, now: number): string {
  switch (departure.cause) {
    case 'draining':
      return `node ${host.name} is draining`;
    case 'lost':
      if (host.engineFault !== null) return engineReason(host, now);
      return `node ${host.name} was lost ${ago(now, host)}`;
    case 'outdated':
      return `the agent of node ${host.name} is too old for jobs`;
    case 'affinity':
      return `node ${host.name} does not satisfy ${departure.rule.text} any more`;
    case 'unfit':
      return `the new spec does not fit on node ${host.name}: ${departure.reason}`;
    case 'crowded':
      return `gives way to the grid's own stacks on node ${host.name}: ${departure.reason}`;
  }
}

/** Why nothing can be done on a node now that will be back or given up soon. */
export function absenceReason(hosts: readonly HostNode[], now: number): string {
  const [host] = hosts;
  if (host === undefined) return 'a node is missing';
  if (hosts.length > 1) return `${hosts.length} nodes have not reported yet: ${names(hosts)}`;
  if (host.presence.ha === 'silent') return `node ${host.name} has not reported yet`;
  if (host.engineFault !== null) return engineReason(host, now);
  return `node ${host.name} is offline, last seen ${ago(now, host)}`;
}

/** Why an instance that runs as it should is not as desired. */
export function untoldReason(host: HostNode, now: number): string {
  return `goes by what was wanted before: ${absenceReason([host], now)}`;
}

function engineReason(host: HostNode, now: number): string {
  const fault = oneLine(host.engineFault ?? '', LONGEST_MESSAGE);
  return `the Docker engine of node ${host.name} has not answered for ${duration(now, host)}: ${fault}`;
}

function ago(now: number, host: HostNode): string {
  return `${duration(now, host)} ago`;
}

function duration(now: number, { goneSince }: HostNode): string {
  const seconds = Math.max(0, Math.round((now - (goneSince ?? now)) / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}

/** At most three names, and how many more there are. */
function names(hosts: readonly HostNode[]): string {
  const first = hosts.slice(0, 3).map((host) => host.name);
  const more = hosts.length - first.length;
  return more === 0 ? first.join(', ') : `${first.join(', ')} and ${more} more`;
}
