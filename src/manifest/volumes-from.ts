import { shortDigest } from '../model/digest.ts';
import type { Affinity, Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import type { Position } from '../model/problem.ts';
import type { VolumesFrom } from '../model/spec.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed, Report } from './report.ts';
import { parseEach, type Section } from './section.ts';
import type { ServiceDraft } from './service.ts';
import type { Dependency } from './service-links.ts';
import type { ServiceEntry } from './service-schema.ts';
import { didYouMean } from './suggest.ts';
import { locate, type TreePath } from './tree.ts';

/** A borrowed container with the place where it is named. */
export interface Borrowing {
  readonly value: VolumesFrom;
  readonly path: TreePath;
}

/**
 * `volumes_from`: `service` is its instance 1, `service-N` its instance N, `service-%s` the one with the number of the instance
 * that borrows. `names` are the services of the stack.
 */
export function readVolumesFrom(
  section: Section<ServiceEntry>,
  { stack, names }: { readonly stack: string; readonly names: readonly string[] },
): readonly Borrowing[] {
  const { value, node, report } = section;
  const written = value.volumes_from;
  if (value.stateful === true && written !== undefined && written.length > 0) {
    report.error(locate(node, ['volumes_from']), notStateful);
    return [];
  }
  return parseEach(section, 'volumes_from', written, (text) => {
    const parsed = parseVolumesFrom(text, names);
    if (parsed.fault === undefined || !text.startsWith(`${stack}-`)) return parsed;
    // In Kontena's apps a service was called `<project>-<service>` outside of its file.
    const own = parseVolumesFrom(text.slice(stack.length + 1), names);
    return own.fault === undefined ? own : parsed;
  });
}

/** Where the borrower has to be: on the node of the container that it borrows from. */
export function besideOf(stack: string, borrowings: readonly VolumesFrom[]): readonly Affinity[] {
  return borrowings.map(({ service, number }) => ({
    key: 'container',
    negated: false,
    soft: false,
    value: `${stack}.${service}-${number ?? '%s'}`,
  }));
}

/**
 * A container keeps what it borrowed when it was created: when the lender is replaced, so is the borrower. Its hash covers the
 * lender's hash. Lenders that are not there, and circles, are problems by now.
 */
export function settleBorrowers(
  drafts: readonly ServiceDraft[],
  report: Report,
): readonly ServiceDraft[] {
  if (drafts.every(({ service }) => service.spec.volumesFrom === undefined)) return drafts;
  const services = new Map(drafts.map(({ service }) => [service.name, service]));
  const hashes = new Map<string, string>();
  function hashOf(service: Service): string {
    const known = hashes.get(service.name);
    if (known !== undefined) return known;
    hashes.set(service.name, service.specHash);
    const lenders = lendersOf(service, services);
    if (lenders.length === 0) return service.specHash;
    const hash = shortDigest([service.specHash, lenders.map(hashOf)]);
    hashes.set(service.name, hash);
    return hash;
  }
  return drafts.map((draft) => {
    const { service } = draft;
    for (const lender of lendersOf(service, services)) checkLender(draft, lender, report);
    return { ...draft, service: { ...service, specHash: hashOf(service) } };
  });
}

function parseVolumesFrom(text: string, names: readonly string[]): Parsed<VolumesFrom> {
  const [name = '', access, ...rest] = text.split(':');
  if (name === 'container') return { fault: notOurs };
  if (rest.length > 0 || (access !== undefined && access !== 'ro' && access !== 'rw'))
    return { fault: bad(text, 'has something other than "ro" or "rw" behind the colon') };
  const readOnly = access === 'ro';
  if (names.includes(name)) return { value: { service: name, number: 1, readOnly } };
  const [, service, suffix] = /^(.+)-(%s|[1-9]\d{0,5})$/.exec(name) ?? [];
  if (service !== undefined && names.includes(service))
    return { value: { service, number: suffix === '%s' ? null : Number(suffix), readOnly } };
  const message = `the stack has no service ${quote(service ?? name)} to take volumes from`;
  return { fault: { code: 'unknown-service', message, ...didYouMean(service ?? name, names) } };
}

function lendersOf({ spec }: Service, services: ReadonlyMap<string, Service>): readonly Service[] {
  return (spec.volumesFrom ?? []).flatMap(({ service }) => services.get(service) ?? []);
}

function checkLender(draft: ServiceDraft, lender: Service, report: Report): void {
  if (lender.job === undefined) checkNumbers(draft, lender, report);
  else
    report.error(placeOf(draft, lender), {
      code: 'bad-volumes-from',
      message: `${quote(lender.name)} is a job, and has no container between its runs`,
      hint: 'Have both mount a named volume.',
    });
}

function placeOf({ service, dependencies }: ServiceDraft, lender: Service): Position {
  const path = servicePath({ stack: lender.stack, service: lender.name });
  return dependencies.find((one: Dependency) => one.path === path)?.at ?? service.position;
}

/** On every node a daemon's instances have other numbers: which there are is not known here. */
function checkNumbers(draft: ServiceDraft, lender: Service, report: Report): void {
  const { service } = draft;
  if (service.strategy === 'daemon' || lender.strategy === 'daemon') return;
  const uses = (service.spec.volumesFrom ?? []).filter((one) => one.service === lender.name);
  const most = Math.max(0, ...uses.map(({ number }) => number ?? service.instances));
  if (most <= lender.instances) return;
  report.error(placeOf(draft, lender), {
    code: 'bad-volumes-from',
    message: `${quote(lender.name)} has ${lender.instances} instances, and volumes are taken from its instance ${most}`,
  });
}

const hint =
  'Write "service", "service-%s" for the instance with the same number, or "service:ro".';

function bad(text: string, reason: string): Fault {
  return { code: 'bad-volumes-from', message: `${quote(text)} ${reason}`, hint };
}

const notOurs: Fault = {
  code: 'bad-volumes-from',
  message: 'volumes are taken from services of the same stack only, not from any container',
  hint,
};

const notStateful: Fault = {
  code: 'bad-volumes-from',
  message: 'a stateful service has its data for itself and cannot take volumes from another',
  hint: 'Make the service that holds the data stateful, and take them from there.',
};
