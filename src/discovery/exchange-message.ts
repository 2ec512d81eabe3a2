import { isInSubnet, type Subnet } from '../model/subnet.ts';
import type { Position } from './publication.ts';
import type { LocalRecord } from './record.ts';

/** What nodes tell each other, and what is believed of it. */
export interface ZoneReply {
  readonly grid: string;
  /** Number of the node that answers. */
  readonly node: number;
  readonly epoch: string;
  readonly version: number;
  /** What the records are to be added to; `null`: they are all there are. */
  readonly since: number | null;
  readonly records: readonly LocalRecord[];
  readonly removed: readonly string[];
  /** Numbers of the nodes that it hears; `null`: the same as before, as whoever asks has that list. */
  readonly hears: readonly number[] | null;
  /** Of that list: whoever has it is told when there is another one. */
  readonly seen: number;
}

export interface ZoneRequest {
  readonly since: Position | null;
  readonly seen: number;
  /** Milliseconds that the answer may wait for news. */
  readonly wait: number;
}

/** Bounds of what a peer can make this node keep. */
export const bounds = { records: 4_096, names: 64, nodes: 10_000, replyBytes: 16_777_216 } as const;

const epoch = /^[0-9a-f]{16}$/;
const container = /^[0-9a-f]{12,64}$/;
const name = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const furtherName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$/;

export function requestPath({ since, seen, wait }: ZoneRequest): string {
  const from = since === null ? '' : `${since.epoch}.${since.version}`;
  return `/zone?since=${from}&seen=${seen}&wait=${wait}`;
}

/** Anything that is not as it should be is read as nothing: the answer is then everything, at once. */
export function readRequest(query: URLSearchParams): ZoneRequest {
  const [run = '', version = ''] = (query.get('since') ?? '').split('.');
  const isPosition = epoch.test(run) && /^\d{1,15}$/.test(version);
  return {
    since: isPosition ? { epoch: run, version: Number(version) } : null,
    seen: readCount(query.get('seen')),
    wait: readCount(query.get('wait')),
  };
}

function readCount(text: string | null): number {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

export interface Trust {
  readonly grid: string;
  readonly node: number;
  /** A node is believed only about addresses in these. */
  readonly pools: readonly Subnet[];
}

export type ReadReply =
  | { readonly reply: ZoneReply; readonly doubtful: number }
  | { readonly fault: string };

/** Reads what a peer said. Records that it cannot know of are left out and counted; anything else wrong is a fault. */
export function readReply(text: string, trust: Trust): ReadReply {
  const value = parse(text);
  const fault = replyFault(value, trust);
  if (fault !== null) return { fault };
  const said = value as unknown as ZoneReply & { readonly records: readonly unknown[] };
  const records = said.records.map((record) => readRecord(record, trust)).filter(isThere);
  return {
    doubtful: said.records.length - records.length,
    reply: {
      grid: said.grid,
      node: said.node,
      epoch: said.epoch,
      version: said.version,
      since: said.since,
      records,
      removed: said.removed,
      hears: said.hears,
      seen: said.seen,
    },
  };
}

function parse(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {};
  }
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function replyFault(said: Fields, trust: Trust): string | null {
  if (typeof said['grid'] !== 'string' || !isWhole(said['node'], 65_535))
    return 'what answers is no agent';
  if (said['grid'] !== trust.grid) return 'it is in another grid';
  if (said['node'] !== trust.node) return `it is node ${Number(said['node'])}`;
  const isRight =
    isText(said['epoch'], epoch) &&
    isWhole(said['version']) &&
    (said['since'] === null || isWhole(said['since'])) &&
    isList(said['records'], bounds.records, () => true) &&
    isList(said['removed'], bounds.records, (id) => isText(id, container)) &&
    (said['hears'] === null ||
      isList(said['hears'], bounds.nodes, (number) => isWhole(number, 65_535))) &&
    isWhole(said['seen']);
  return isRight ? null : 'its answer is not understood';
}

function readRecord(value: unknown, { pools }: Trust): LocalRecord | null {
  const said = fieldsOf(value);
  const { stack, service, number, address, ready, healthy, draining, names, port } =
    said as Partial<Record<keyof LocalRecord, unknown>>;
  const isRight =
    isText(said['container'], container) &&
    isText(stack, name) &&
    isText(service, name) &&
    isWhole(number, 1_000_000) &&
    typeof address === 'string' &&
    pools.some((pool) => isInSubnet(address, pool)) &&
    [ready, healthy, draining].every((flag) => typeof flag === 'boolean') &&
    isList(names, bounds.names, (each) => isText(each, furtherName)) &&
    (port === null || isWhole(port, 65_535));
  if (!isRight) return null;
  const record = { container: said['container'], stack, service, number, address };
  return { ...record, ready, healthy, draining, names, port } as LocalRecord;
}

function isThere<T>(value: T | null): value is T {
  return value !== null;
}

function isText(value: unknown, form: RegExp): boolean {
  return typeof value === 'string' && form.test(value);
}

function isWhole(value: unknown, most: number = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most;
}

function isList(value: unknown, most: number, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= most && value.every(isItem);
}
