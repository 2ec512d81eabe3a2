import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentOf, decodeFile } from '../../src/model/source.ts';

const file = (bytes: Uint8Array) => ({ path: 'a', blob: 'b', ...decodeFile(bytes) });

describe('a file of the repository', () => {
  it('is delivered byte for byte, whatever it holds', () => {
    const mark = fc.constantFrom([], [0xef, 0xbb, 0xbf], [0xef, 0xbb, 0xbf, 0xef, 0xbb, 0xbf]);
    const body = fc.oneof(
      fc.uint8Array().map((bytes) => [...bytes]),
      fc.string({ unit: 'grapheme' }).map((text) => [...new TextEncoder().encode(text)]),
    );
    fc.assert(
      fc.property(mark, body, (head, rest) => {
        const bytes = Uint8Array.from([...head, ...rest]);

        expect(contentOf(file(bytes))).toEqual(bytes);
      }),
    );
  });

  it('is text when it is UTF-8 without zeros', () => {
    expect(file(Buffer.from('grün'))).toMatchObject({ kind: 'text', text: 'grün' });
    expect(file(Buffer.from('a\0b'))).toMatchObject({ kind: 'binary' });
    expect(file(Uint8Array.of(0xfc))).toMatchObject({ kind: 'binary' });
  });

  it('does not hold on to the buffer that it was read into', () => {
    const pool = Buffer.alloc(1_000_000);
    const decoded = decodeFile(pool.subarray(10, 20));

    expect(decoded.kind === 'binary' && decoded.bytes.buffer.byteLength).toBe(10);
  });
});
