import { canonical, isBelow, TOP } from './names.ts';
import { type Asker, type Condition, conditionOf } from './record.ts';
import type { Entry, Found, Rule, Zone, ZoneNode } from './zone.ts';

/**
 * Which addresses a name stands for, and why. What the DNS server answers and what `gridops dns` explains are this one
 * function.
 */
export interface Resolution {
  /** The name in the zone: another one than was asked for where a link or a search domain leads there. */
  readonly name: string;
  /** The asker's own link that led there. */
  readonly alias: string | null;
  readonly rule: Rule;
  /** Those that answer. */
  readonly answers: readonly Entry[];
  /** Why these: the best that there is. */
  readonly because: Because;
  /** All that the name stands for. */
  readonly entries: readonly Entry[];
  /** The node, where the name is a node's. */
  readonly node: ZoneNode | null;
}

/**
 * `ready`, `running`: the best that nodes say which are heard. `stale-…`: nothing else is left, and it was so when their node
 * was last heard. `nobody`: none may answer. `node`: nodes always do.
 */
export type Because = 'ready' | 'running' | 'stale-ready' | 'stale-running' | 'nobody' | 'node';

/** `null`: the grid has no such name. `name` is canonical. */
export function resolve(zone: Zone, name: string, asker: Asker | null): Resolution | null {
  const link = asker === null ? null : findLink(zone, name, asker);
  const own = link === null ? name : canonical(`${link.target}.${zone.domain}`);
  const found = zone.find(own);
  if (found !== null) return { name: own, alias: link?.alias ?? null, ...select(found) };
  return link === null && asker !== null ? searched(zone, name) : null;
}

/**
 * `db.data`, as a container asks for it when the search domains have led to nobody: passed on, it would be a machine of the
 * world that answers while the service has no instance. Whoever has no search domains may mean that machine.
 */
function searched(zone: Zone, name: string): Resolution | null {
  const own = `${name}.${zone.domain}`;
  const found = zone.find(own);
  const isService = found?.rule === 'service' || found?.rule === 'instance';
  return isService ? { name: own, alias: null, ...select(found) } : null;
}

/** Whether a name is an alias of the asker, by itself, in its stack or in its grid. */
export function findLink(zone: Zone, name: string, asker: Asker): Asker['links'][number] | null {
  const inStack = canonical(`${asker.stack}.${zone.domain}`);
  const spellings = (alias: string) => [alias, `${alias}.${inStack}`, `${alias}.${zone.domain}`];
  const found = asker.links.find((link) => spellings(canonical(link.alias)).includes(name));
  return found ?? null;
}

/** Names that are never asked of anybody else: in the grids, and those of a single label. */
export function isInside(name: string): boolean {
  return name !== '' && (!name.includes('.') || name === TOP || isBelow(name, TOP));
}

function select(
  found: Found,
): Pick<Resolution, 'rule' | 'answers' | 'because' | 'entries' | 'node'> {
  if (found.rule === 'node') {
    const { rule, node } = found;
    return { rule, answers: [], because: 'node', entries: [], node };
  }
  const { rule, entries } = found;
  const best = choices(rule).find(([, answers]) => entries.some(answers));
  const [because, answers] = best ?? (['nobody', () => false] as const);
  return { rule, answers: entries.filter(answers), because, entries, node: null };
}

type Choice = readonly [Because, (entry: Entry) => boolean];

/** The best first. An instance is asked for to reach that one, ready or not. */
function choices(rule: Rule): readonly Choice[] {
  const isOne = rule === 'instance' || rule === 'legacy-instance';
  return isOne ? running : [...ready, ...running];
}

const ready: readonly Choice[] = [['ready', (entry) => isLive(entry, 'ready')]];
const running: readonly Choice[] = [
  ['running', (entry) => isLive(entry, 'ready', 'running')],
  ['stale-ready', (entry) => is(entry, 'ready')],
  ['stale-running', (entry) => is(entry, 'ready', 'running')],
];

function isLive(entry: Entry, ...conditions: readonly Condition[]): boolean {
  return !entry.node.stale && is(entry, ...conditions);
}

function is({ record }: Entry, ...conditions: readonly Condition[]): boolean {
  return conditions.includes(conditionOf(record));
}
