import type { Service } from '../model/grid.ts';
import { instancePath, servicePath } from '../model/identity.ts';
import { isRelational } from './affinity.ts';
import { chooseHome, isConverged, staysWithData } from './choose.ts';
import { isUntold, lingers, removalOf } from './diff.ts';
import type { Sighting } from './index-observed.ts';
import type { Request } from './request.ts';
import { groupByNumber, type Member, type RosterContext, rosterOf } from './roster.ts';

/** What can be said of a service from its own instances alone. */
export interface Survey {
  /** Every instance is as desired and where it may be: there is nothing to plan. */
  readonly settled: boolean;
  /** How many instances are wanted. */
  readonly wanted: number;
  readonly warnings: readonly string[];
}

/**
 * Depends on the service, its sightings and the grid's default affinity, for daemon services also on the list of nodes, and
 * on nothing else: the planner remembers it until one of them is another object.
 */
export function surveyService(
  service: Service,
  sightings: readonly Sighting[],
  context: RosterContext,
): Survey {
  if (service.strategy !== 'daemon' && sightings.length < service.instances)
    return {
      settled: false,
      wanted: service.instances,
      warnings: [...warningsOf(context.request(1)), ...stayWarnings(sightings, context)],
    };
  const roster = rosterOf(service, sightings, context);
  const settled =
    roster.unwanted.every(
      (unwanted) => !lingers(unwanted.sighting) && removalOf(unwanted, service.stateful) === null,
    ) && roster.members.every((member) => isSettled(service, member, context));
  return {
    settled,
    wanted: roster.members.length,
    warnings: [
      ...warningsOf(context.request(1)),
      ...stayWarnings(sightings, context),
      ...(service.strategy === 'daemon' && service.instances > 0 && roster.members.length === 0
        ? [`${servicePath({ stack: service.stack, service: service.name })} has no node to run on`]
        : []),
    ],
  };
}

/** Whether the answer to a survey of this service can change with what other services do. */
export function isSelfContained(service: Service, request: Request): boolean {
  return service.strategy !== 'daemon' || !request.rules.some(isRelational);
}

function isSettled(service: Service, member: Member, context: RosterContext): boolean {
  const home = chooseHome(member.sightings, context.request(member.number));
  if (home === null || !isConverged(home, service) || isUntold(home)) return false;
  return member.sightings.every((sighting) => {
    if (sighting === home) return true;
    if (lingers(sighting)) return false;
    return removalOf({ sighting, reason: '', pruned: false }, service.stateful) === null;
  });
}

/** What keeps nodes from getting empty that are being drained, and that only a person can change. */
function stayWarnings(
  sightings: readonly Sighting[],
  { request }: RosterContext,
): readonly string[] {
  if (!sightings.some(({ host }) => host.draining)) return [];
  return groupByNumber(sightings).flatMap((member) => {
    const asked = request(member.number);
    const home = chooseHome(member.sightings, asked);
    if (home === null || !staysWithData(home.host, asked)) return [];
    const stays = `${instancePath(home.id)} stays on node ${home.host.name}, which is draining`;
    return [
      `${stays}: its data is there; until a person moves or removes it the node is not empty`,
    ];
  });
}

function warningsOf({ service, rules }: Request): readonly string[] {
  if (rules.length === 0) return [];
  const path = servicePath({ stack: service.stack, service: service.name });
  return rules
    .filter((rule) => rule.matches === null)
    .map((rule) => `${path}: ${rule.text} is no pattern that can be used, so no node satisfies it`);
}
