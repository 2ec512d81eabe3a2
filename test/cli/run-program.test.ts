import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRunner, type ProgramRun } from '../../src/cli/run-program.ts';
import { untilPasses } from '../support/until-passes.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gridops-run-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function shell(command: string, more: Partial<ProgramRun> = {}): ProgramRun {
  return {
    program: '/bin/sh',
    args: ['-c', command],
    cwd: folder,
    env: { PATH: process.env['PATH'] },
    input: '',
    isQuiet: true,
    signal: new AbortController().signal,
    ...more,
  };
}

async function written(name: string): Promise<string> {
  return await readFile(join(folder, name), 'utf8');
}

describe.each([true, false])('a program, at a terminal: %s', (isTerminal) => {
  const run = createRunner({ isTerminal });

  it('runs in its folder, with its environment and input, and says how it ended', async () => {
    const command = 'cat > input; echo "$WHO" > who; exit 3';
    const env = { PATH: process.env['PATH'], WHO: 'me' };
    const end = await run(shell(command, { env, input: 'a\nb' }));
    expect(end).toEqual({ kind: 'exited', code: 3 });
    expect([await written('input'), await written('who')]).toEqual(['a\nb', 'me\n']);
  });

  it('need not read its input', async () => {
    const end = await run(shell('exec 0<&-; true', { input: 'a'.repeat(1_000_000) }));
    expect(end).toEqual({ kind: 'exited', code: 0 });
  });

  it('may not be there', async () => {
    const end = await run(shell('', { program: 'no-such-program' }));
    expect(end).toEqual({ kind: 'missing' });
  });

  it('is ended by the signal', async () => {
    const stopping = new AbortController();
    const ending = run(shell('echo > begun; exec sleep 600', { signal: stopping.signal }));
    await untilPasses(async () => await written('begun'));
    stopping.abort();
    expect(await ending).toEqual({ kind: 'killed', by: 'SIGTERM' });
    await expect(run(shell('true', { signal: stopping.signal }))).rejects.toThrow();
  });
});

it('ends what the program has started, where no terminal does', async () => {
  const stopping = new AbortController();
  const command = "(trap 'echo > ended; exit' TERM; echo > begun; sleep 600 & wait) & wait";
  const run = createRunner({ isTerminal: false });
  const ending = run(shell(command, { signal: stopping.signal }));
  await untilPasses(async () => await written('begun'));
  stopping.abort();
  expect(await ending).toEqual({ kind: 'killed', by: 'SIGTERM' });
  await untilPasses(async () => await written('ended'));
});
