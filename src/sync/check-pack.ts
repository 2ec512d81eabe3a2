import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';

export type PackVerdict = 'sound' | 'broken' | 'too-large';

export interface PackLimits {
  /** One object, as the pack declares it. */
  readonly objectBytes: number;
  /** All objects together. */
  readonly totalBytes: number;
}

// Deflate cannot do better than this, so a small pack needs no closer look.
const bestRatio = 1_032;

// Other work gets its turn this often (milliseconds).
const turn = 20;

/**
 * Looks at a received pack before isomorphic-git does, which takes a torn one for complete and inflates whatever it is
 * given. A pack is `PACK`, version, count, that many entries, and the SHA-1 of all that; an entry is its type and
 * inflated size, for a delta also its base, then deflated data; a delta starts with the sizes of its base and result.
 */
export async function checkPack(pack: Buffer, limits: PackLimits): Promise<PackVerdict> {
  if (pack.length < 32 || pack.toString('latin1', 0, 4) !== 'PACK') return 'broken';
  const end = pack.length - 20;
  const sum = createHash('sha1').update(pack.subarray(0, end)).digest();
  if (!sum.equals(pack.subarray(end))) return 'broken';
  if (end * bestRatio <= Math.min(limits.objectBytes, limits.totalBytes) && !hasDeltas(pack)) {
    return 'sound';
  }
  return await walk(pack.subarray(0, end), limits);
}

/** Whether there could be deltas, which have no best ratio: said by the first entry only when it is the only one. */
function hasDeltas(pack: Buffer): boolean {
  const type = ((pack[12] ?? 0) >> 4) & 7;
  return pack.readUInt32BE(8) !== 1 || type > 4;
}

async function walk(pack: Buffer, limits: PackLimits): Promise<PackVerdict> {
  let count = pack.readUInt32BE(8);
  let offset = 12;
  let total = 0;
  let began = performance.now();
  while (count > 0) {
    const entry = readEntry(pack, offset, limits.objectBytes);
    if (typeof entry === 'string') return entry;
    total += entry.size;
    if (total > limits.totalBytes) return 'too-large';
    offset = entry.end;
    count -= 1;
    if (performance.now() - began > turn) {
      await new Promise((resolve) => setImmediate(resolve));
      began = performance.now();
    }
  }
  return offset === pack.length ? 'sound' : 'broken';
}

interface Entry {
  /** Bytes of the object when it is whole. */
  readonly size: number;
  readonly end: number;
}

function readEntry(pack: Buffer, start: number, maxBytes: number): Entry | PackVerdict {
  const head = readHead(pack, start);
  if (head.size > maxBytes) return 'too-large';
  const data = inflate(pack, head.data, head.size);
  if (data === null) return 'broken';
  if (!head.isDelta) return { size: head.size, end: data.end };
  const base = readSize(data.content, 0);
  const result = readSize(data.content, base.end);
  if (result.value > maxBytes) return 'too-large';
  return { size: result.value, end: data.end };
}

function readHead(pack: Buffer, start: number): { size: number; isDelta: boolean; data: number } {
  const first = pack[start] ?? 0;
  const type = (first >> 4) & 7;
  const more = first > 127 ? readSize(pack, start + 1) : { value: 0, end: start + 1 };
  const size = (first & 15) + more.value * 16;
  return { size, isDelta: type === 6 || type === 7, data: skipBase(pack, type, more.end) };
}

function skipBase(pack: Buffer, type: number, start: number): number {
  if (type === 7) return start + 20;
  if (type === 6) return readSize(pack, start).end;
  return start;
}

/** Seven bits a byte, least significant first, the eighth saying that more follow. */
function readSize(bytes: Buffer, start: number): { value: number; end: number } {
  let [value, factor, at] = [0, 1, start];
  for (;;) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * factor;
    factor *= 128;
    at += 1;
    if (byte < 128) return { value, end: at };
  }
}

/** `info` makes zlib tell how much it read; the types do not know. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

function inflate(
  pack: Buffer,
  start: number,
  size: number,
): { content: Buffer; end: number } | null {
  try {
    const { buffer, engine } = inflateSync(pack.subarray(start), {
      maxOutputLength: Math.max(size, 1),
      chunkSize: Math.min(Math.max(size, 64), 16_384),
      info: true,
    }) as unknown as Inflated;
    if (buffer.length !== size) return null;
    return { content: buffer, end: start + engine.bytesWritten };
  } catch {
    return null;
  }
}
