import { compareInstances, compareText } from '../model/identity.ts';
import {
  before,
  canonical,
  furtherNames,
  gridDomain,
  legacyName,
  serviceName,
  splitNumber,
  TOP,
} from './names.ts';
import { isEqualRecord, type LocalRecord } from './record.ts';

/** A record, and the node that it is from. */
export interface Entry {
  readonly record: LocalRecord;
  readonly node: ZoneNode;
}

export interface ZoneNode {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  /** It is silent: its records are the last that it said. */
  readonly stale: boolean;
}

/** By what a name is known; an earlier one hides a later one. */
export type Rule = 'service' | 'instance' | 'further' | 'node' | 'legacy' | 'legacy-instance';

/** What stands behind a name. */
export type Found =
  | { readonly rule: Exclude<Rule, 'node'>; readonly entries: readonly Entry[] }
  | { readonly rule: 'node'; readonly node: ZoneNode };

interface Member {
  node: ZoneNode;
  readonly entries: Map<string, Entry>;
}

/**
 * The names of a grid and what stands behind them, as this node knows it. Every change costs what it changes, whatever else
 * there is: instances are found through their service, and nothing is kept for a name that follows from another one.
 */
export class Zone {
  readonly domain: string;
  readonly #members = new Map<number, Member>();
  readonly #services = new Index();
  readonly #stacks = new Index();
  readonly #further = new Index();
  readonly #legacy = new Index();
  readonly #addresses = new Index();
  readonly #nodeNames = new Map<string, number>();
  readonly #nodeAddresses = new Map<string, number>();
  #changed = new Map<string, LocalRecord>();

  constructor(grid: string) {
    this.domain = gridDomain(grid);
  }

  /** Makes a node known, or known by another name or address; its records stay. */
  putNode(number: number, facts: { readonly name: string; readonly address: string }): void {
    const member = this.#members.get(number);
    if (member !== undefined) this.#unname(member.node);
    const node = { number, ...facts, stale: member?.node.stale ?? false };
    if (member === undefined) this.#members.set(number, { node, entries: new Map() });
    else this.#moveTo(member, node);
    this.#nodeNames.set(canonical(facts.name), number);
    this.#nodeAddresses.set(facts.address, number);
  }

  /** With all of its records. */
  removeNode(number: number): void {
    const member = this.#members.get(number);
    if (member === undefined) return;
    for (const entry of member.entries.values()) this.#drop(entry);
    this.#unname(member.node);
    this.#members.delete(number);
  }

  setStale(number: number, stale: boolean): void {
    const member = this.#members.get(number);
    if (member === undefined || member.node.stale === stale) return;
    this.#moveTo(member, { ...member.node, stale });
  }

  put(number: number, record: LocalRecord): void {
    const member = this.#members.get(number);
    if (member === undefined) return;
    const old = member.entries.get(record.container);
    if (old !== undefined && isEqualRecord(old.record, record)) return;
    if (old !== undefined) this.#drop(old);
    const entry = { record, node: member.node };
    member.entries.set(record.container, entry);
    this.#add(entry);
  }

  remove(number: number, container: string): void {
    const member = this.#members.get(number);
    const entry = member?.entries.get(container);
    if (entry === undefined) return;
    member?.entries.delete(container);
    this.#drop(entry);
  }

  /** All that a node says, anew. */
  replace(number: number, records: readonly LocalRecord[]): void {
    const kept = new Set(records.map(({ container }) => container));
    const known = this.#members.get(number)?.entries.keys() ?? [];
    for (const container of known) if (!kept.has(container)) this.remove(number, container);
    for (const record of records) this.put(number, record);
  }

  /** Of a canonical name in this grid; `null`: there is none. */
  find(name: string): Found | null {
    const inGrid = before(name, this.domain);
    const found = inGrid === null ? null : this.#findService(inGrid);
    if (found !== null) return found;
    const further = this.#further.get(name);
    if (further.size > 0) return { rule: 'further', entries: [...further] };
    if (inGrid !== null) return this.#findNode(before(inGrid, 'node'));
    return this.#findLegacy(before(name, TOP));
  }

  /** Whether there are names below this one, although it is none itself: then the answer is not that it does not exist. */
  hasBelow(name: string): boolean {
    if (name === TOP || name === this.domain || name === `node.${this.domain}`) return true;
    const stack = before(name, this.domain);
    return stack !== null && this.#stacks.get(stack).size > 0;
  }

  /** Whose address it is. */
  at(address: string): { readonly entries: readonly Entry[]; readonly node: ZoneNode | null } {
    const number = this.#nodeAddresses.get(address);
    const node = number === undefined ? undefined : this.#members.get(number)?.node;
    return { entries: sorted(this.#addresses.get(address)), node: node ?? null };
  }

  service(of: { readonly stack: string; readonly service: string }): readonly Entry[] {
    return sorted(this.#services.get(serviceName(of)));
  }

  nodes(): readonly ZoneNode[] {
    return [...this.#members.values()].map(({ node }) => node);
  }

  /** In the order of instances. */
  entries(): readonly Entry[] {
    return sorted([...this.#members.values()].flatMap(({ entries }) => [...entries.values()]));
  }

  /** Services of which something has changed since this was last asked. */
  takeChanged(): readonly { readonly stack: string; readonly service: string }[] {
    const changed = [...this.#changed.values()];
    this.#changed = new Map();
    return changed.map(({ stack, service }) => ({ stack, service }));
  }

  #findService(inGrid: string): Found | null {
    const whole = this.#services.get(inGrid);
    if (whole.size > 0) return { rule: 'service', entries: [...whole] };
    const dot = inGrid.indexOf('.');
    const parts = dot < 0 ? null : splitNumber(inGrid.slice(0, dot));
    if (parts === null) return null;
    const all = [...this.#services.get(parts.of + inGrid.slice(dot))];
    const entries = all.filter(({ record }) => record.number === parts.number);
    return entries.length === 0 ? null : { rule: 'instance', entries };
  }

  #findNode(name: string | null): Found | null {
    const number = this.#nodeNames.get(name ?? '');
    const node = number === undefined ? undefined : this.#members.get(number)?.node;
    return node === undefined ? null : { rule: 'node', node };
  }

  /** A legacy name can stand for services of two stacks (`a-b-c`). It is never both: the first one by order has it. */
  #findLegacy(name: string | null): Found | null {
    if (name === null || name.includes('.')) return null;
    const whole = firstService(this.#legacy.get(name));
    if (whole.length > 0) return { rule: 'legacy', entries: whole };
    const parts = splitNumber(name);
    if (parts === null) return null;
    const entries = firstService(this.#legacy.get(parts.of)).filter(
      ({ record }) => record.number === parts.number,
    );
    return entries.length === 0 ? null : { rule: 'legacy-instance', entries };
  }

  #moveTo(member: Member, node: ZoneNode): void {
    member.node = node;
    for (const [container, old] of member.entries) {
      const entry = { record: old.record, node };
      this.#drop(old);
      member.entries.set(container, entry);
      this.#add(entry);
    }
  }

  #unname({ name, address, number }: ZoneNode): void {
    // Another node may have taken it over in the meantime.
    if (this.#nodeNames.get(canonical(name)) === number) this.#nodeNames.delete(canonical(name));
    if (this.#nodeAddresses.get(address) === number) this.#nodeAddresses.delete(address);
  }

  #add(entry: Entry): void {
    for (const [index, key] of this.#keys(entry.record)) index.add(key, entry);
    this.#changed.set(serviceName(entry.record), entry.record);
  }

  #drop(entry: Entry): void {
    for (const [index, key] of this.#keys(entry.record)) index.delete(key, entry);
    this.#changed.set(serviceName(entry.record), entry.record);
  }

  #keys(record: LocalRecord): readonly (readonly [Index, string])[] {
    const further = record.names.flatMap((name) => furtherNames(name, this.domain));
    return [
      [this.#services, serviceName(record)],
      [this.#stacks, canonical(record.stack)],
      [this.#legacy, legacyName(record)],
      [this.#addresses, record.address],
      ...[...new Set(further)].map((name): [Index, string] => [this.#further, name]),
    ];
  }
}

const none: ReadonlySet<Entry> = new Set();

/** Entries by a key. */
class Index {
  readonly #sets = new Map<string, Set<Entry>>();

  get(key: string): ReadonlySet<Entry> {
    return this.#sets.get(key) ?? none;
  }

  add(key: string, entry: Entry): void {
    const set = this.#sets.get(key);
    if (set === undefined) this.#sets.set(key, new Set([entry]));
    else set.add(entry);
  }

  delete(key: string, entry: Entry): void {
    const set = this.#sets.get(key);
    set?.delete(entry);
    if (set?.size === 0) this.#sets.delete(key);
  }
}

function firstService(entries: ReadonlySet<Entry>): readonly Entry[] {
  const all = sorted(entries);
  const first = all[0]?.record;
  if (first === undefined) return all;
  const name = serviceName(first);
  return all.filter(({ record }) => serviceName(record) === name);
}

function sorted(entries: Iterable<Entry>): readonly Entry[] {
  return [...entries].toSorted(
    (a, b) =>
      compareInstances(a.record, b.record) ||
      a.node.number - b.node.number ||
      compareText(a.record.container, b.record.container),
  );
}
