/** Lines that travel in reports: enough to see why, short enough for a commit status page. */
const LINE_LENGTH = 1_000;

const HEADER = 8;

const colour = /\p{Cc}\[[0-9;]*[A-Za-z]/gu;

/**
 * The engine's log frames as lines: `[stream, 0, 0, 0, length (32 bit, big endian)] payload`, repeated. A frame that
 * ends early ends the list; control characters are taken out, because the lines are shown in terminals.
 */
export function logLines(frames: Buffer, limit: number): string[] {
  const payloads: Buffer[] = [];
  for (let at = 0; at + HEADER <= frames.length; ) {
    const length = frames.readUInt32BE(at + 4);
    payloads.push(frames.subarray(at + HEADER, at + HEADER + length));
    at += HEADER + length;
  }
  return textLines(Buffer.concat(payloads), limit);
}

/** What a container with a terminal has written: the engine passes that on as it is. */
export function textLines(text: Buffer, limit: number): string[] {
  const lines = text.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.slice(-limit).map(printable);
}

/** What is read of one command's output at most; only its end is told. */
const TAIL_LENGTH = 64 * 1024;
/** The engine's frames are some kilobytes long. */
const FRAME_LENGTH = 1024 * 1024;

/** The end of a stream of log frames, however long the stream is. */
export class FrameTail {
  #rest = Buffer.alloc(0);
  #frames: Buffer[] = [];
  #length = 0;

  /** Throws when it is not a stream of frames. */
  add(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (let end = this.#endOf(at); end !== null; end = this.#endOf(at)) {
      this.#keep(this.#rest.subarray(at, end));
      at = end;
    }
    this.#rest = this.#rest.subarray(at);
  }

  lines(limit: number): string[] {
    return logLines(Buffer.concat(this.#frames), limit);
  }

  /** `null`: the frame that begins there is not complete yet. */
  #endOf(at: number): number | null {
    if (at + HEADER > this.#rest.length) return null;
    const length = this.#rest.readUInt32BE(at + 4);
    if (length > FRAME_LENGTH) throw new Error('an output without an end');
    const end = at + HEADER + length;
    return end > this.#rest.length ? null : end;
  }

  #keep(frame: Buffer): void {
    this.#frames.push(frame);
    this.#length += frame.length;
    while (this.#length > TAIL_LENGTH && this.#frames.length > 1)
      this.#length -= this.#frames.shift()?.length ?? 0;
  }
}

function printable(line: string): string {
  // Colour sequences first, then whatever else is not text.
  const plain = line.replaceAll(colour, '').replaceAll(/[^\P{C}\t]/gu, '');
  return plain.length > LINE_LENGTH ? `${plain.slice(0, LINE_LENGTH)}…` : plain;
}
