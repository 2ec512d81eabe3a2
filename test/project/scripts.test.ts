import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const scripts = path.resolve(import.meta.dirname, '../../scripts');

interface FileReport {
  readonly status: 'passed' | 'failed';
  readonly assertionResults: readonly { readonly status: 'passed' | 'failed' }[];
}

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly FileReport[];
}

interface Outcome {
  readonly passed?: number;
  readonly failed: number;
  readonly skipped?: number;
}

describe('the outcome of a test run', async () => {
  const { outcome } = (await load('vitest-report.mjs')) as {
    outcome: (report: Report | null, code: number) => Outcome;
  };

  it('is what vitest counted', () => {
    expect(outcome(report({ numFailedTests: 2 }), 1)).toEqual({ passed: 3, failed: 2, skipped: 1 });
    expect(outcome(report({}), 0)).toEqual({ passed: 3, failed: 0, skipped: 1 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    const testResults = [{ status: 'failed', assertionResults: [] }] as const;

    expect(outcome(report({ testResults }), 1).failed).toBe(1);
  });

  it('counts a file once whose tests failed', () => {
    const testResults = [{ status: 'failed', assertionResults: [{ status: 'failed' }] }] as const;

    expect(outcome(report({ testResults, numFailedTests: 1 }), 1).failed).toBe(1);
  });

  it('is a failure when vitest crashed, ran nothing, or failed without saying where', () => {
    expect(outcome(null, 0).failed).toBe(1);
    expect(outcome(report({ numPassedTests: 0 }), 0).failed).toBe(1);
    expect(outcome(report({}), 1).failed).toBe(1);
  });
});

it('every project of tests is run, once', async () => {
  const { ROUNDS } = (await load('test-rounds.mjs')) as { readonly ROUNDS: string[][][] };
  const config = readFileSync(path.join(scripts, '../vitest.config.ts'), 'utf8');
  const names = [...config.matchAll(/^ +name: '(\w+)',$/gm)].map(([, name]) => name);

  expect(new Set(ROUNDS.flat(2))).toEqual(new Set(names));
  expect(ROUNDS.flat(2)).toHaveLength(names.length);
});

it('projects that go together have their temporary files in one place', async () => {
  const { ROUNDS, IN_MEMORY } = (await load('test-rounds.mjs')) as {
    readonly ROUNDS: string[][][];
    readonly IN_MEMORY: string[];
  };

  for (const projects of ROUNDS.flat())
    expect(new Set(projects.map((project) => IN_MEMORY.includes(project))).size).toBe(1);
});

describe('exclusive work', () => {
  let folder = '';
  let lock = '';

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'gridops-lock-'));
    lock = path.join(folder, 'lock');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is done by one process at a time', async () => {
    const log = path.join(folder, 'log');
    const work = `async () => {
      fs.appendFileSync(${JSON.stringify(log)}, '<');
      await new Promise((done) => setTimeout(done, 20));
      fs.appendFileSync(${JSON.stringify(log)}, '>');
    }`;

    await Promise.all([1, 2, 3].map(() => runExclusively(lock, work)));

    expect(readFileSync(log, 'utf8')).toBe('<><><>');
  });

  it('takes over the lock of a process that has died', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => dead.once('exit', resolve));
    writeFileSync(lock, String(dead.pid));

    await runExclusively(lock, 'async () => {}');

    expect(() => readFileSync(lock)).toThrow('ENOENT');
  });

  it('leaves no lock behind when it fails', async () => {
    await expect(runExclusively(lock, `async () => { throw new Error('no') }`)).rejects.toThrow(
      '1',
    );

    expect(() => readFileSync(lock)).toThrow('ENOENT');
  });
});

/** Runs `work` (source text) under the lock in a process of its own; rejects with its exit code. */
function runExclusively(lock: string, work: string): Promise<void> {
  const module = pathToFileURL(path.join(scripts, 'exclusive.mjs')).href;
  const source = `
    import fs from 'node:fs';
    const { exclusively } = await import(${JSON.stringify(module)});
    await exclusively(${JSON.stringify(lock)}, ${work});`;
  const args = ['--input-type=module', '-e', source];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(String(code)));
    });
  });
}

function report(changes: Partial<Report>): Report {
  return {
    numPassedTests: 3,
    numFailedTests: 0,
    numPendingTests: 1,
    numTodoTests: 0,
    testResults: [],
    ...changes,
  };
}

function load(script: string): Promise<unknown> {
  return import(pathToFileURL(path.join(scripts, script)).href);
}
