import { describe, expect, it } from 'vitest';
import { failureLine } from '../../src/master/failure-line.ts';
import { aFailure } from '../support/builders.ts';

describe('a failure on one line', () => {
  it.each([
    [['listening', 'Error: no database', '    at main.js:1'], 'Error: no database'],
    [['error: first', 'error: last', ''], 'error: last'],
    [['starting', 'bye', '  '], 'bye'],
  ])('has the line of the log that tells most: %j', (log, line) => {
    expect(failureLine(aFailure({ log }))).toBe(`exited with code 1: ${line}`);
  });

  it('has the exit code, once', () => {
    const failure = aFailure({ message: 'the container went', exitCode: 137, log: [] });
    expect(failureLine(failure)).toBe('the container went (exit code 137)');
    expect(failureLine(aFailure({ log: [] }))).toBe('exited with code 1');
  });

  it('is one line, whatever the container wrote', () => {
    const line = `error: ${'x'.repeat(1_000)}\n\u001b[2Jgone`;
    expect(failureLine(aFailure({ log: [line] }))).toMatch(/^exited with code 1: error: x{192}…$/);
  });
});
