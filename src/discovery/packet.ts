import dnsPacket from 'dns-packet';
import { addressNumber } from '../model/subnet.ts';
import type { Question } from './answer.ts';

/** DNS messages as bytes (RFC 1035, 6891): what is asked, and the answers, which dns-packet would write without compression. */
export interface Query {
  readonly id: number;
  readonly question: Question;
  /** The question as it was sent: it goes back unchanged, the case of its letters included. */
  readonly questionBytes: Buffer;
  readonly recursionDesired: boolean;
  readonly checkingDisabled: boolean;
  readonly edns: { readonly version: number } | null;
  /** Bytes that the asker can take by UDP, and that pass through the overlay in one piece. */
  readonly udpSize: number;
}

export type ReadQuery =
  | { readonly kind: 'query'; readonly query: Query }
  /** Answered by this code and nothing else. */
  | { readonly kind: 'faulty'; readonly id: number; readonly code: number }
  /** Not a query, or nobody to answer to. */
  | { readonly kind: 'noise' };

/** Response codes. */
export const CODE = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  unknownName: 3,
  notImplemented: 4,
  refused: 5,
  badVersion: 16,
} as const;

/** What every link carries in one piece (DNS flag day 2020). */
const MOST_BY_UDP = 1_232;
const LEAST_BY_UDP = 512;
const MOST_BY_TCP = 65_535;
const HEADER = 12;
/** Seconds. Names have to be right within one. */
const TTL = 1;
/** A query has one question and little else. */
const LONGEST_QUERY = 4_096;

export function readQuery(bytes: Buffer): ReadQuery {
  if (bytes.length < HEADER) return { kind: 'noise' };
  const id = bytes.readUInt16BE(0);
  const flags = bytes.readUInt16BE(2);
  // An answer must never be answered: two servers would do so for ever.
  if ((flags & 0x8000) !== 0) return { kind: 'noise' };
  if (((flags >> 11) & 0xf) !== 0) return { kind: 'faulty', id, code: CODE.notImplemented };
  const read = bytes.length > LONGEST_QUERY ? null : readQuestion(bytes);
  const edns = read === null ? undefined : readEdns(bytes);
  if (read === null || edns === undefined) return { kind: 'faulty', id, code: CODE.formatError };
  const size = Math.max(LEAST_BY_UDP, Math.min(MOST_BY_UDP, edns?.size ?? LEAST_BY_UDP));
  return {
    kind: 'query',
    query: {
      id,
      ...read,
      recursionDesired: (flags & 0x0100) !== 0,
      checkingDisabled: (flags & 0x0010) !== 0,
      edns,
      udpSize: size,
    },
  };
}

/** The only question of a message; `null` where there is not exactly one. Nothing comes before it that it could point to. */
export function readQuestion(
  bytes: Buffer,
): { readonly question: Question; readonly questionBytes: Buffer } | null {
  if (bytes.length < HEADER || bytes.readUInt16BE(4) !== 1) return null;
  const labels: string[] = [];
  let at = HEADER;
  for (let length = bytes[at]; length !== 0; length = bytes[at]) {
    if (length === undefined || length > 63 || at + length - HEADER > 254) return null;
    labels.push(labelText(bytes.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  const end = at + 5;
  if (end > bytes.length) return null;
  const question = {
    name: labels.join('.'),
    type: bytes.readUInt16BE(at + 1),
    class: bytes.readUInt16BE(at + 3),
  };
  return { question, questionBytes: bytes.subarray(HEADER, end) };
}

/** Dots and what cannot be seen as `\046`: such a label is never taken for two, nor for another one. */
function labelText(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(
      /[^\x21-\x2d\x2f-\x5b\x5d-\x7e]/g,
      (sign) => `\\${String(sign.charCodeAt(0)).padStart(3, '0')}`,
    );
}

/** `null`: an older asker that has none. `undefined`: the message is damaged. */
function readEdns(
  bytes: Buffer,
): { readonly version: number; readonly size: number } | null | undefined {
  try {
    const options = (dnsPacket.decode(bytes).additionals ?? []).filter(isOptions);
    if (options.length > 1) return undefined;
    const [first] = options;
    return first === undefined ? null : { version: first.ednsVersion, size: first.udpPayloadSize };
  } catch {
    return undefined;
  }
}

function isOptions(answer: dnsPacket.Answer): answer is dnsPacket.OptAnswer {
  return answer.type === 'OPT';
}

export interface Reply {
  readonly code: number;
  readonly addresses?: readonly string[];
  readonly names?: readonly string[];
}

/** What fits; the rest is left out and said to be, and the asker comes again by TCP (or takes what there is). */
export function writeReply(query: Query, reply: Reply, transport: 'udp' | 'tcp'): Buffer {
  const options = query.edns === null ? Buffer.alloc(0) : writeOptions(reply.code);
  const records = [
    ...(reply.addresses ?? []).map((address) => writeAnswer(1, addressData(address))),
    ...(reply.names ?? []).map((name) => writeAnswer(12, nameData(name))),
  ];
  const size = transport === 'udp' ? query.udpSize : MOST_BY_TCP;
  const room = size - HEADER - query.questionBytes.length - options.length;
  const fitting = fit(records, room);
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(query.id, 0);
  header.writeUInt16BE(flagsOf(query, reply.code, fitting.length < records.length), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(fitting.length, 6);
  header.writeUInt16BE(query.edns === null ? 0 : 1, 10);
  return Buffer.concat([header, query.questionBytes, ...fitting, options]);
}

/** To a query that could not be read. */
export function writeFault(id: number, code: number): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(0x8000 | code, 2);
  return header;
}

function flagsOf(query: Query, code: number, isCut: boolean): number {
  const isOurs = code === CODE.noError || code === CODE.unknownName;
  return (
    0x8080 | // an answer, and recursion is available
    (isOurs ? 0x0400 : 0) | // we are the authority
    (isCut ? 0x0200 : 0) |
    (query.recursionDesired ? 0x0100 : 0) |
    (query.checkingDisabled ? 0x0010 : 0) |
    (code & 0xf)
  );
}

function fit(records: readonly Buffer[], room: number): readonly Buffer[] {
  let left = room;
  const first = records.findIndex((record) => {
    left -= record.length;
    return left < 0;
  });
  return first < 0 ? records : records.slice(0, first);
}

/** Every answer is about the name that was asked for: two bytes that point to it. */
function writeAnswer(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc000 | HEADER, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(TTL, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function addressData(address: string): Buffer {
  const data = Buffer.alloc(4);
  data.writeUInt32BE(addressNumber(address) ?? 0);
  return data;
}

function nameData(name: string): Buffer {
  const labels = name
    .split('.')
    .flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]);
  return Buffer.concat([...labels, Buffer.from([0])]);
}

/** The pseudo record of RFC 6891: our size, and the upper bits of the code. */
function writeOptions(code: number): Buffer {
  const options = Buffer.alloc(11);
  options.writeUInt16BE(41, 1);
  options.writeUInt16BE(MOST_BY_UDP, 3);
  options.writeUInt8(code >> 4, 5);
  return options;
}
