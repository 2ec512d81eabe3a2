import { describe, expect, test } from 'vitest';
import { textMatch } from '../../src/planner/pattern.ts';

describe('a value', () => {
  test('is literal text without slashes around it', () => {
    expect(textMatch('web.1')?.('web.1')).toBe(true);
    expect(textMatch('web.1')?.('web-1')).toBe(false);
    expect(textMatch('/')?.('/')).toBe(true);
    expect(textMatch('//')?.('//')).toBe(true);
  });

  test.each([
    ['/^web-\\d+$/', 'web-12', true],
    ['/^web-\\d+$/', 'web-x', false],
    ['/^(?:eu|us)-west-[12]$/', 'us-west-2', true],
    ['/^\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$/', '10.81.0.1', true],
    ['/^web(-blue)?-1$/', 'web-1', true],
    ['/^(eu|us|ap|sa|af|me|ca|cn)-/', 'cn-north', true],
    ['/^a.*-b.*-c/', 'a1-b2-c3', true],
    ['/[*+(]/', 'a+b', true],
    ['/\\(x\\)+/', '(x))', true],
  ])('%s is a pattern for %s: %s', (value, text, found) => {
    expect(textMatch(value)?.(text)).toBe(found);
  });

  test.each([
    ['/(a+)+$/', 'repeats what repeats'],
    ['/(?:a|aa)+$/', 'repeats a choice'],
    ['/(a?)*$/', 'repeats what may be missing'],
    ['/((a+))+$/', 'hides the repetition in a group'],
    ['/(a|a){30}$/', 'repeats a choice by count'],
    ['/(.*)\\1/', 'refers back'],
    ['/(?=.*a)b/', 'looks around'],
    ['/(?<name>a)/', 'names a group'],
    ['/.*.*.*.*x/', 'repeats too often'],
    [`/${'a?'.repeat(40)}${'a'.repeat(40)}/`, 'has too many choices'],
    ['/(/', 'is wrong'],
    ['/[/', 'is wrong'],
    ['/a)/', 'is wrong'],
    [`/${'a'.repeat(201)}/`, 'is too long'],
  ])('%s is refused: it %s', (value) => {
    expect(textMatch(value)).toBeNull();
  });

  test('is compared with no more than a name can be long', () => {
    expect(textMatch('/a$/')?.(`${'b'.repeat(300)}a`)).toBe(false);
  });
});
