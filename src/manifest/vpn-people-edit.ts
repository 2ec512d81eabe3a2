import { Document, isMap, isSeq, Pair, parseDocument, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Problem } from '../model/problem.ts';
import type { TextFile } from '../model/source.ts';
import {
  addressNumber,
  addressText,
  guestSubnet,
  parseSubnet,
  subnetSize,
} from '../model/subnet.ts';
import { readTree, withoutMark } from './read.ts';
import { addProblems, createReport } from './report.ts';
import { type PeopleFile, readPeople } from './vpn-people.ts';

export interface Person {
  readonly address: string;
  readonly public_key: string;
  readonly since: string;
}

export interface NewPeople {
  readonly subnet: string;
  readonly publicKey: string;
  readonly endpoint: string | null;
}

export type PeopleChange =
  /** A new person, or a new key for one who is there. */
  | { readonly kind: 'put'; readonly name: string; readonly person: Person }
  | { readonly kind: 'revoke'; readonly name: string; readonly until: string }
  | { readonly kind: 'endpoint'; readonly endpoint: string };

/** Older ones are in the history of the repository. */
const MOST_REVOKED = 1_000;

/** A people.yml without anybody in it. */
export function newPeople({ subnet, publicKey, endpoint }: NewPeople): string {
  const server = { public_key: publicKey, ...(endpoint === null ? {} : { endpoint }) };
  const document = new Document({ subnet, server, people: {} });
  document.commentBefore = head;
  return print(document);
}

const head = ` Who may use the VPN of this grid. No private key is in it.
 Written by \`gridops vpn\`; what is changed here is in force once it is pushed.`;

/** A people.yml that was read; `null` with the problems that it has. */
export function parsePeople(file: TextFile): {
  readonly people: PeopleFile | null;
  readonly problems: readonly Problem[];
} {
  const report = createReport(null);
  const { root, problems } = readTree(file);
  addProblems(report, problems);
  const people = root === null || report.failed() ? null : readPeople(root, report);
  return { people, problems: report.problems() };
}

/** The text of a people.yml after a change; of one that was read without problems. Comments and order stay. */
export function editPeople(file: TextFile, change: PeopleChange): string {
  const text = withoutMark(file.text).replaceAll('\r\n', '\n');
  const document = parseDocument(text, { schema: 'failsafe' });
  if (change.kind === 'endpoint') document.setIn(['server', 'endpoint'], change.endpoint);
  else if (change.kind === 'put') put(section(document, 'people'), change.name, change.person);
  else revoke(document, change);
  const printed = print(document);
  return file.text.includes('\r\n') ? printed.replaceAll('\n', '\r\n') : printed;
}

function put(people: YAMLMap, name: string, person: Person): void {
  const line = lineOf(person);
  const known = people.items.find(({ key }) => keyText(key) === name);
  if (known !== undefined) known.value = line;
  else people.items.push(new Pair(new Scalar(name), line));
}

function revoke(document: Document, { name, until }: { name: string; until: string }): void {
  const people = section(document, 'people');
  const person = people.get(name);
  if (!isMap(person)) return;
  people.delete(name);
  const fields = ['address', 'public_key', 'since'].map((key) => [key, person.get(key)]);
  const known = document.get('revoked');
  const revoked = isSeq(known) ? known : new YAMLSeq();
  if (revoked !== known) document.set('revoked', revoked);
  revoked.flow = false;
  revoked.items.push(lineOf({ name, ...Object.fromEntries(fields), until }));
  revoked.items.splice(0, Math.max(0, revoked.items.length - MOST_REVOKED));
}

/** A person a line: two branches that each let somebody in meet in a conflict, and not in silence. */
function lineOf(fields: object): YAMLMap {
  const line = new YAMLMap();
  line.flow = true;
  for (const [key, value] of Object.entries(fields))
    line.items.push(new Pair(new Scalar(key), new Scalar(String(value))));
  return line;
}

function section(document: Document, key: string): YAMLMap {
  const known = document.get(key);
  const map = isMap(known) ? known : new YAMLMap();
  if (map !== known) document.set(key, map);
  map.flow = false;
  return map;
}

function keyText(key: unknown): string {
  return String(key instanceof Scalar ? key.value : key);
}

function print(document: Document): string {
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/**
 * The address of somebody who is let in: the one they had before, when it is free; else one that nobody ever had; else the one
 * that has been free for longest. `null`: all are taken.
 */
export function nextAddress(file: PeopleFile, name: string): string | null {
  const { people = {}, revoked = [] } = file;
  const taken = new Set(Object.values(people).map((person) => addressNumber(person.address)));
  const free = revoked.filter(({ address }) => !taken.has(addressNumber(address)));
  const own = free.findLast((entry) => entry.name === name);
  if (own !== undefined) return own.address;
  const used = new Set([...taken, ...revoked.map(({ address }) => addressNumber(address))]);
  const unused = firstUnused(file.subnet, used);
  if (unused !== null) return unused;
  const last = new Map(free.map(({ address, until }) => [address, until]));
  const [oldest] = [...last].toSorted(([, a], [, b]) => (a < b ? -1 : 1));
  return oldest?.[0] ?? null;
}

/** Those that end in 0 or 255 are addresses like any other, and some programs do not know that. */
function firstUnused(subnet: string, used: ReadonlySet<number | null>): string | null {
  const guests = guestSubnet(parseSubnet(subnet));
  const end = guests.base + subnetSize(guests);
  for (let number = guests.base; number < end; number += 1) {
    const last = number % 256;
    if (last !== 0 && last !== 255 && !used.has(number)) return addressText(number);
  }
  return null;
}
