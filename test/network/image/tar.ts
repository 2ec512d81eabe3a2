import { readFileSync } from 'node:fs';

export type TarEntry =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly content: Content;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number };

/** Bytes, or the file that has them: an image is too large to be in memory as a whole. */
export type Content = Buffer | { readonly file: string; readonly size: number };

const BLOCK = 512;
const TYPES = { file: '0', link: '2', folder: '5' } as const;

/** An archive in the ustar format, the same for the same entries: no time and no owner but root is in it. */
export function* tar(entries: Iterable<TarEntry>): Generator<Buffer> {
  for (const entry of entries) {
    yield header(entry);
    if (entry.kind !== 'file') continue;
    yield bytes(entry.content);
    yield Buffer.alloc(padding(sizeOf(entry)));
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** How long `tar` of the entries is. */
export function tarSize(entries: Iterable<TarEntry>): number {
  let size = 2 * BLOCK;
  for (const entry of entries) size += BLOCK + sizeOf(entry) + padding(sizeOf(entry));
  return size;
}

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = split(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  block.write(name, 0);
  block.write(octal(entry.kind === 'link' ? 0o777 : entry.mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(sizeOf(entry), 11), 124);
  block.write(octal(0, 11), 136);
  block.write('        ', 148);
  block.write(TYPES[entry.kind], 156);
  if (entry.kind === 'link') block.write(entry.target, 157, 100);
  block.write('ustar\x0000', 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

/** A longer path than 100 bytes is told in two parts. */
function split(path: string): { readonly name: string; readonly prefix: string } {
  if (path.length <= 100) return { name: path, prefix: '' };
  const at = path.indexOf('/', path.length - 101);
  if (at < 0 || at > 155 || at === path.length - 1)
    throw new Error(`${path} is too long for a tar archive`);
  return { name: path.slice(at + 1), prefix: path.slice(0, at) };
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function sizeOf(entry: TarEntry): number {
  if (entry.kind !== 'file') return 0;
  return Buffer.isBuffer(entry.content) ? entry.content.length : entry.content.size;
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function bytes(content: Content): Buffer {
  if (Buffer.isBuffer(content)) return content;
  const read = readFileSync(content.file);
  if (read.length !== content.size) throw new Error(`${content.file} changed while it was read`);
  return read;
}
