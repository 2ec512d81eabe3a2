import { expect, it } from 'vitest';
import { sizeText } from '../../src/model/size-text.ts';

it.each([
  [0, '0 B'],
  [1_023, '1023 B'],
  [1_536, '1.5 KiB'],
  [3 * 1_024 ** 3, '3.0 GiB'],
  [5_000 * 1_024 ** 4, '5000.0 TiB'],
])('a size of %d bytes is said as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
