import { describe, expect, it } from 'vitest';
import { systemTools, ToolError } from '../../src/overlay/tools.ts';

async function failure(program: string, args: readonly string[]): Promise<ToolError> {
  const outcome = await systemTools.run(program, args).catch((error: unknown) => error);
  if (outcome instanceof ToolError) return outcome;
  throw new Error(`${program} did not fail: ${String(outcome)}`);
}

describe('tools of the system', () => {
  it('are given their input, and answer with their output', async () => {
    expect(await systemTools.run('cat', [], 'so\n')).toBe('so\n');
  });

  it('may end without reading their input', async () => {
    expect(await systemTools.run('true', [], 'x'.repeat(1_000_000))).toBe('');
  });

  it('say of a failure what was run, how it ended and what was said', async () => {
    const error = await failure('sh', ['-c', 'echo no; echo because >&2; exit 3']);

    expect(error.message).toContain('ended with 3: because');
    expect(error.message).toMatch(/^"sh -c/);
    expect(error).toMatchObject({ complaint: 'because', missing: false, retry: 'later' });
  });

  it('say when there is no such program', async () => {
    const error = await failure('gridops-no-such-program', []);

    expect(error.missing).toBe(true);
    expect(error.message).toContain('there is no such program');
  });

  it('need no shell', async () => {
    expect(await systemTools.run('echo', ['$HOME; true'])).toBe('$HOME; true\n');
  });

  it('read no setting that a kernel does not have', async () => {
    expect(await systemTools.setting('net/no/such/setting')).toBeNull();
  });
});
