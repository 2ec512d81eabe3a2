import { describe, expect, it } from 'vitest';
import { isOlder } from '../../src/model/version-order.ts';

describe('a version', () => {
  it.each([
    ['0.1.0', '0.1.1'],
    ['0.9.0', '0.10.0'],
    ['1.9.9', '2.0.0'],
    ['1.0.0-rc.1', '1.0.0'],
    ['v0.1.0+deb', '0.2.0'],
  ])('%s is older than %s, and not the other way round', (one, other) => {
    expect(isOlder(one, other)).toBe(true);
    expect(isOlder(other, one)).toBe(false);
  });

  it('is not older than itself, nor than what is none', () => {
    expect(isOlder('1.0.0', '1.0.0')).toBe(false);
    expect(isOlder('1.0.0', 'main')).toBe(false);
    expect(isOlder('main', '1.0.0')).toBe(false);
  });
});
