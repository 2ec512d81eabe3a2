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
  const lines = Buffer.concat(payloads).toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.slice(-limit).map(printable);
}

function printable(line: string): string {
  // Colour sequences first, then whatever else is not text.
  const plain = line.replaceAll(colour, '').replaceAll(/[^\P{C}\t]/gu, '');
  return plain.length > LINE_LENGTH ? `${plain.slice(0, LINE_LENGTH)}…` : plain;
}
