import { renderUnicodeCompact } from 'uqr';

/** A text as a QR code of half blocks: two rows a line. On a terminal black on white, whatever its colours are. */
export function qrCode(text: string, isTerminal: boolean): string {
  const lines = renderUnicodeCompact(text, { ecc: 'L', border: 2 }).split('\n');
  const shown = isTerminal ? lines.map((line) => `\u001B[30;107m${line}\u001B[0m`) : lines;
  return `${shown.join('\n')}\n`;
}
