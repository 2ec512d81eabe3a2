import { describe, expect, it } from 'vitest';
import { createTyping } from '../../src/cli/typing.ts';

function typed(...keys: readonly string[]): readonly string[] {
  const typing = createTyping();
  const states = keys.map((key) => typing.take(key));
  return [states.at(-1) ?? '', typing.line()];
}

describe('a line that is not shown', () => {
  it.each([
    ['ends with Enter', ['a', 'b', '\r'], 'ab'],
    ['ends with Ctrl-D', ['ab', '\u0004'], 'ab'],
    ['may be pasted', ['a b €\n'], 'a b €'],
    ['may be pasted with a Windows line break', ['ab\r\n'], 'ab'],
    ['is corrected with Backspace', ['a', '€', '\u007f', '\b', 'b', '\r'], 'b'],
    ['is begun anew with Ctrl-U', ['abc', '\u0015', 'd', '\r'], 'd'],
    ['takes nothing from arrows', ['a', '\u001b[D', 'b', '\r'], 'ab'],
  ])('%s', (_, keys, line) => {
    expect(typed(...keys)).toEqual(['done', line]);
  });

  it('goes on until then', () => {
    expect(typed('a')).toEqual(['more', 'a']);
  });

  it('is given up with Ctrl-C', () => {
    expect(typed('a', '\u0003')[0]).toBe('interrupted');
  });

  it('is no place for several lines: all but the first would be lost', () => {
    expect(() => typed('a\rb\r')).toThrow('more than one line');
  });
});
