import { instancePath } from '../model/identity.ts';
import { canonical, furtherNames, isDnsName, legacyName, serviceName, TOP } from './names.ts';
import { type Asker, type Condition, conditionOf } from './record.ts';
import { type Because, findLink, isInside, resolve } from './resolve.ts';
import type { Entry, Rule, Zone } from './zone.ts';

/** What an agent tells of the names of its grid, at `GET /names`: for `gridops dns`, and for anybody who looks for a fault. */
export interface NamesView {
  readonly grid: string;
  readonly domain: string;
  readonly node: { readonly number: number; readonly name: string; readonly address: string };
  /** Whether this node answers to DNS. */
  readonly dns: {
    readonly address: string;
    readonly port: number;
    readonly listening: boolean;
    readonly fault: string | null;
  };
  readonly nodes: readonly NodeView[];
  readonly records: readonly RecordView[];
}

export interface NodeView {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  readonly state: 'self' | 'unheard' | 'heard' | 'silent';
  /** Milliseconds since it was last heard; `null`: it never was. */
  readonly age: number | null;
  readonly fault: string | null;
  readonly hears: readonly number[];
}

export interface RecordView {
  /** `stack/service-N` */
  readonly instance: string;
  readonly address: string;
  readonly port: number | null;
  readonly node: string;
  readonly container: string;
  readonly condition: Condition;
  /** Its node is silent. */
  readonly stale: boolean;
  /** Whether it answers to the name of its service. */
  readonly answers: boolean;
  /** Why it does not; `null` where it does. */
  readonly reason: string | null;
}

/** One name, as somebody would look for it. */
export interface NameView {
  readonly asked: string;
  /** Whose links and stack were gone by; `null`: nobody's. */
  readonly asker: { readonly address: string; readonly stack: string } | null;
  /** Names that were tried, as the search domains of a container have it; the last one decides. */
  readonly tried: readonly TriedView[];
}

export interface TriedView {
  readonly name: string;
  /** `unknown`: there is none, and nobody else is asked. */
  readonly outcome: 'answers' | 'nothing' | 'unknown' | 'forward';
  /** The alias of a link, and what it led to. */
  readonly alias: string | null;
  readonly target: string | null;
  readonly rule: Rule | null;
  readonly because: Because | null;
  readonly addresses: readonly string[];
  readonly records: readonly (RecordView & { readonly names: readonly string[] })[];
  /** Asked for what is outside; none: those of the host. */
  readonly servers: readonly string[];
}

export function viewRecords(zone: Zone): readonly RecordView[] {
  const answering = new Map<string, ReadonlySet<Entry> | null>();
  return zone.entries().map((entry) => {
    const name = `${serviceName(entry.record)}.${zone.domain}`;
    const known = answering.get(name);
    const answers = known === undefined ? answersTo(zone, name) : known;
    answering.set(name, answers);
    return viewRecord(entry, answers);
  });
}

export function viewName(
  zone: Zone,
  asked: string,
  { asker, stack }: { readonly asker: Asker | null; readonly stack: string | null },
): NameView {
  const tried: TriedView[] = [];
  const container = asker ?? (stack === null ? null : { ...anybody, stack });
  for (const name of candidates(canonical(asked), zone.domain, container?.stack ?? null)) {
    const view = viewOne(zone, name, container);
    tried.push(view);
    if (view.outcome === 'answers') break;
  }
  return {
    asked,
    asker: asker === null ? null : { address: asker.address, stack: asker.stack },
    tried,
  };
}

/** A container that has nothing of its own but its stack. */
const anybody = { address: '', links: [], servers: [] } as const;

/** All names that a record answers to, the usual one first. */
export function namesOf({ record }: Entry, domain: string): readonly string[] {
  const service = serviceName(record);
  const [first = '', ...rest] = service.split('.');
  const instance = [`${first}-${record.number}`, ...rest].join('.');
  const legacy = legacyName(record);
  return [
    `${service}.${domain}`,
    `${instance}.${domain}`,
    ...record.names.flatMap((name) => furtherNames(name, domain)),
    `${legacy}.${TOP}`,
    `${legacy}-${record.number}.${TOP}`,
  ];
}

/** `null`: nobody can ask for it. */
function answersTo(zone: Zone, name: string): ReadonlySet<Entry> | null {
  return isDnsName(name) ? new Set(resolve(zone, name, null)?.answers) : null;
}

/** `ndots:2`: names with fewer dots are looked for in the search domains first. */
function candidates(name: string, domain: string, stack: string | null): readonly string[] {
  const searched = [...(stack === null ? [] : [canonical(`${stack}.${domain}`)]), domain];
  const isWhole = name.split('.').length > 2;
  const longer = searched.map((search) => `${name}.${search}`);
  return isWhole ? [name, ...longer] : [...longer, name];
}

function viewOne(zone: Zone, name: string, asker: Asker | null): TriedView {
  const resolved = resolve(zone, name, asker);
  const link = asker === null ? null : findLink(zone, name, asker);
  const target = link === null ? null : canonical(`${link.target}.${zone.domain}`);
  const around = { name, alias: link?.alias ?? null, target };
  if (resolved === null) {
    const isOurs = link !== null || isInside(name);
    const outcome = zone.hasBelow(name) ? 'nothing' : isOurs ? 'unknown' : 'forward';
    const servers = asker?.servers ?? [];
    return { ...around, ...blank, outcome, servers: outcome === 'forward' ? servers : [] };
  }
  const { rule, because, node, answers, entries } = resolved;
  const answering = new Set(answers);
  const own = answers.map(({ record }) => record.address);
  const addresses = node === null ? [...new Set(own)] : [node.address];
  return {
    ...around,
    outcome: addresses.length > 0 ? 'answers' : 'nothing',
    rule,
    because,
    addresses,
    records: entries.map((entry) => ({
      ...viewRecord(entry, answering),
      names: namesOf(entry, zone.domain),
    })),
    servers: [],
  };
}

const blank = { rule: null, because: null, addresses: [], records: [] } as const;

function viewRecord(entry: Entry, answering: ReadonlySet<Entry> | null): RecordView {
  const { record, node } = entry;
  const answers = answering?.has(entry) ?? false;
  return {
    instance: instancePath(record),
    address: record.address,
    port: record.port,
    node: node.name,
    container: record.container,
    condition: conditionOf(record),
    stale: node.stale,
    answers,
    reason: answers ? null : reasonOf(entry, answering !== null),
  };
}

function reasonOf({ record, node }: Entry, isName: boolean): string {
  if (!isName) return 'its name is too long for DNS';
  const condition = conditionOf(record);
  if (condition === 'draining') return 'it is about to be stopped';
  if (condition === 'unhealthy') return 'it is unhealthy';
  if (node.stale) return 'its node is silent, and others are there';
  return 'it is not ready, and others are';
}
