import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRequestCommand } from '../../src/forge/request-command.ts';

describe('a comment on a pull request', () => {
  test.each([
    ['/gridops', { kind: 'help' }],
    ['  /gridops help \n', { kind: 'help' }],
    ['/gridops plan', { kind: 'plan' }],
    ['/gridops PLAN', { kind: 'plan' }],
    ['/gridops freeze production', { kind: 'freeze', grid: 'production', hours: null }],
    ['/gridops freeze production 12h', { kind: 'freeze', grid: 'production', hours: 12 }],
    ['/gridops unfreeze eu.west-1', { kind: 'unfreeze', grid: 'eu.west-1' }],
    ['/gridops approve 0123456789ab', { kind: 'approve', hash: '0123456789ab' }],
  ])('%j is a command', (comment, command) => {
    expect(parseRequestCommand(comment)).toEqual(command);
  });

  test.each([
    '/gridops deploy',
    '/gridops plan $(reboot)',
    '/gridops plan production',
    '/gridops freeze',
    '/gridops freeze a b c',
    '/gridops freeze production 0h',
    '/gridops freeze production forever',
    '/gridops approve 0123',
    '/gridops approve 0123456789AB',
    '/gridops unfreeze ;',
    '/gridops constructor',
    '/gridops __proto__',
  ])('%j is for us, and answered with help', (comment) => {
    expect(parseRequestCommand(comment)).toEqual({ kind: 'unknown' });
  });

  test.each([
    '',
    'gridops plan',
    'please /gridops plan',
    '/gridopsplan',
    '/gridops plan\n/gridops approve 0123456789ab',
    `/gridops plan${' '.repeat(300)}x`,
    '> /gridops plan',
  ])('%j is talk between people', (comment) => {
    expect(parseRequestCommand(comment)).toBeNull();
  });

  test('never gives more than names and numbers, whatever was written', () => {
    const words = fc.array(fc.oneof(fc.string(), fc.constantFrom('freeze', 'approve', 'plan')));
    fc.assert(
      fc.property(words, (parts) => {
        const command = parseRequestCommand(`/gridops ${parts.join(' ')}`);
        const texts = Object.values(command ?? {}).filter((value) => typeof value === 'string');
        for (const text of texts) expect(text).toMatch(/^[A-Za-z0-9_.-]+$/);
      }),
    );
  });
});
