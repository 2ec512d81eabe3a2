/** One frame on the wire, from its Ethernet header on. */
export interface Frame {
  /** Seconds since 1970. */
  readonly time: number;
  readonly bytes: Buffer;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/** The frames of a capture in tcpdump's own format (this machine's byte order, microseconds); an unfinished last one is left out. */
export function framesOf(pcap: Buffer): readonly Frame[] {
  const frames: Frame[] = [];
  let at = FILE_HEADER;
  while (at + RECORD_HEADER <= pcap.length) {
    const time = pcap.readUInt32LE(at) + pcap.readUInt32LE(at + 4) / 1_000_000;
    const start = at + RECORD_HEADER;
    const end = start + pcap.readUInt32LE(at + 8);
    if (end > pcap.length) break;
    frames.push({ time, bytes: pcap.subarray(start, end) });
    at = end;
  }
  return frames;
}

/** Where an IPv4 frame comes from; `null` for any other. */
export function sourceOf(frame: Frame): string | null {
  return addressAt(frame, 26);
}

export function destinationOf(frame: Frame): string | null {
  return addressAt(frame, 30);
}

function addressAt({ bytes }: Frame, at: number): string | null {
  if (bytes.length < 34 || bytes.readUInt16BE(12) !== 0x0800) return null;
  return [...bytes.subarray(at, at + 4)].join('.');
}
